"""A small identity provider on loopback: it signs real tokens, keeps to the rules, and can be told to break them."""

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from server import QuietServer

CLIENT, SECRET = "aftercare", "between us two"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def new_key(kid: str = "one") -> RSAKey:
    """A key to sign with."""
    return RSAKey.generate_key(2048, {"kid": kid, "alg": "RS256", "use": "sig"})


@dataclass
class Provider:
    """What the provider knows, and how it misbehaves."""

    url: str = ""
    key: RSAKey = field(default_factory=new_key)
    published: list[RSAKey] | None = None  # instead of the key that it signs with
    #: Who sits before the browser.
    person: dict[str, Any] = field(default_factory=dict)
    #: Claims of the token that are other than they should be; None takes one out.
    lies: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    without_token: bool = False
    away: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    app: FastAPI = field(default_factory=FastAPI)

    def __post_init__(self) -> None:
        for path, method, what in (
            ("/.well-known/openid-configuration", "GET", self._discovery),
            ("/authorize", "GET", self._authorize),
            ("/token", "POST", self._token),
            ("/keys", "GET", self._keys),
            ("/userinfo", "GET", self._userinfo),
        ):
            self.app.add_api_route(path, what, methods=[method], response_model=None)

    async def _discovery(self) -> Response:
        if self.away:
            return Response(status_code=502)
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        return JSONResponse({**found, **self.metadata})

    async def _authorize(self, request: Request) -> Response:
        """Whoever sits there is known already; the browser goes back with a code."""
        asked, code = dict(request.query_params), secrets.token_urlsafe(8)
        self.asked.append(asked)
        assert asked["code_challenge_method"] == "S256"
        self.codes[code] = asked
        told = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{told}", 302)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        shown = request.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(shown).decode() != f"{CLIENT}:{SECRET}":
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self.codes.pop(str(form["code"]), None)
        proof = _base64(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        if asked is None or proof != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        answer = {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "expires_in": 300}
        return JSONResponse(answer if self.without_token else {**answer, "id_token": self._signed(asked)})

    def _signed(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        told = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = {k: v for k, v in {**told, **self.person, **self.lies}.items() if v is not None}
        if self.algorithm == "none":
            head, body = (_base64(repr(one).replace("'", '"').encode()) for one in ({"alg": "none"}, claims))
            return f"{head}.{body}."
        if self.algorithm == "HS256":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET * 3), algorithms=["HS256"])
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key, algorithms=["RS256"])

    async def _keys(self) -> Response:
        keys = self.published if self.published is not None else [self.key]
        return JSONResponse({"keys": [key.as_dict(private=False) for key in keys]})

    async def _userinfo(self) -> Response:
        return JSONResponse({"sub": self.person["sub"], **self.userinfo})


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """A provider that listens on a free port."""
    import asyncio

    found = Provider()
    server = QuietServer(uvicorn.Config(found.app, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    await server.ready.wait()
    found.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.should_exit = True
        await serving
