"""Signing in through an identity provider: OpenID Connect's code flow with PKCE, as Authlib carries it out.

A sign-in that leaves is remembered under its `state`, with the nonce that the token must repeat and with the browser
that left: only that browser can bring it back, once and within a quarter of an hour.
"""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OAuthError, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import BadSignatureError, JoseError
from requests import RequestException
from sqlalchemy import Engine

from models.errors import AftercareError, Invalid
from models.lifecycle import Role
from models.people.identity import Identity, check_issuer, identity_of
from store.engine import writing
from store.people import users
from store.people.users import Trip, hashed

log = logging.getLogger("aftercare.sign_in")
T = TypeVar("T")

#: Signatures that prove who signed; a key that both sides know proves nothing, and `none` is none.
SIGNATURES: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"}
)
#: What is read of a provider is read anew after so long.
READ_AGAIN: Final = timedelta(hours=1)
#: Seconds that the provider has for an answer, and that its clock may be off.
PATIENCE: Final = 10
CLOCKS_DIFFER: Final = 60

Why = Literal["lost", "declined", "refused", "untrusted", "away", "no_roles", "shut_out"]


class SignInFailed(AftercareError):
    """The sign-in through the identity provider came to nothing"""

    code = "sign-in-failed"
    status = 403

    def __init__(self, why: Why, detail: str, who: str = "") -> None:
        super().__init__(detail, why=why)
        self.why: Why = why
        self.who = who


@dataclass(frozen=True, slots=True)
class Terms:
    """Which provider, who we are to it, and what its word counts for here."""

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    label: str | None = None
    scopes: str = "openid profile email"
    roles_claim: str | None = None
    groups: Mapping[str, tuple[Role, ...]] = field(default_factory=dict)
    match_email: bool = False

    @property
    def name(self) -> str:
        """How people call it."""
        return self.label or urlsplit(self.issuer).hostname or self.issuer


class _Session(OAuth2Session):  # type: ignore[misc]  # Authlib has no types
    """Requests that end in time and go nowhere but where they were sent."""

    def request(self, method: str, url: str, *given: Any, **more: Any) -> Any:
        return super().request(method, url, *given, **{**more, "timeout": PATIENCE, "allow_redirects": False})


class _App(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]
    client_cls = _Session


class IdentityProvider:
    """One identity provider, on one database. Everything here blocks: call it from a thread."""

    def __init__(self, engine: Engine, terms: Terms) -> None:
        self._engine, self.terms = engine, terms
        self._known: tuple[datetime, Any] | None = None

    # ── there and back ──────────────────────────────────────────────────────

    def set_out(self, back: str, onward: str, browser: str, now: datetime) -> str:
        """Where a browser goes to sign in; it comes back to `back`. Raises SignInFailed when the provider is away."""
        state, trip = secrets.token_urlsafe(32), _trip(onward, browser)
        made = _heard(
            lambda: self._app(now).create_authorization_url(
                back, state=state, nonce=trip.nonce, code_verifier=trip.verifier
            )
        )
        with writing(self._engine) as session:
            users.set_out(session, state, trip, now)
        return str(made["url"])

    def come_back(self, back: str, told: Mapping[str, str], browser: str, now: datetime) -> tuple[Identity, str]:
        """Whom the provider means, and where he wanted to go. Raises SignInFailed, whatever is wrong with it."""
        trip = self._trip_of(told.get("state", ""), browser, now)
        if "error" in told:
            raise _declined(told)
        if told.get("iss", self.terms.issuer).rstrip("/") != self.terms.issuer.rstrip("/"):
            raise SignInFailed("untrusted", "The answer comes from another provider than the one that was asked.")
        claims = _heard(lambda: self._claims(back, told.get("code", ""), trip, now))
        return _heard(lambda: identity_of(claims, self.terms.roles_claim, self.terms.groups)), trip.onward

    def _trip_of(self, state: str, browser: str, now: datetime) -> Trip:
        with writing(self._engine) as session:
            trip = users.come_back(session, state, now)
        if trip is None or not browser or not secrets.compare_digest(trip.bound_to, hashed(browser)):
            raise SignInFailed("lost", "No sign-in of this browser waits for this answer: begin again.")
        return trip

    # ── what the provider says ──────────────────────────────────────────────

    def _claims(self, back: str, code: str, trip: Trip, now: datetime) -> dict[str, Any]:
        app = self._app(now)
        token = app.fetch_access_token(back, code=code, code_verifier=trip.verifier, grant_type="authorization_code")
        claims = self._verified(app, token, trip.nonce)
        if self._is_complete(claims) or not app.server_metadata.get("userinfo_endpoint"):
            return claims
        more = app.userinfo(token=token)
        if more.get("sub") != claims["sub"]:
            raise SignInFailed("untrusted", "What the provider says of the user is about somebody else.")
        return {**more, **claims}

    def _verified(self, app: Any, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of the token after Authlib has checked signature, issuer, audience, times and nonce."""
        if not isinstance(token.get("id_token"), str) or not token.get("access_token"):
            raise SignInFailed("untrusted", "The provider answered without a token of who it is.")
        wanted = {
            "iss": {"essential": True, "value": app.server_metadata["issuer"]},
            "aud": {"essential": True, "value": self.terms.client_id},
        }
        how = {"claims_options": wanted, "leeway": CLOCKS_DIFFER}
        try:
            return dict(app.parse_id_token(token, nonce, **how))
        except BadSignatureError:
            app.fetch_jwk_set(force=True)  # the key may have been changed under the same name
            return dict(app.parse_id_token(token, nonce, **how))

    def _is_complete(self, claims: Mapping[str, Any]) -> bool:
        """Whether the token itself says all that is asked; some providers say it only when they are asked again."""
        wanted = ["name", *(["email"] if self.terms.match_email else []), self.terms.roles_claim]
        return all(name is None or name in claims or name.partition(".")[0] in claims for name in wanted)

    # ── the provider itself ─────────────────────────────────────────────────

    def _app(self, now: datetime) -> Any:
        if self._known is None or now - self._known[0] > READ_AGAIN:
            self._known = now, self._discovered()
        return self._known[1]

    def _discovered(self) -> Any:
        terms = self.terms
        app = _App(
            None,
            client_id=terms.client_id,
            client_secret=terms.client_secret,
            server_metadata_url=get_well_known_url(terms.issuer, external=True),
            client_kwargs={"scope": terms.scopes, "code_challenge_method": "S256"},
        )
        found = app.load_server_metadata()
        if str(found.get("issuer", "")).rstrip("/") != terms.issuer.rstrip("/"):
            raise SignInFailed("untrusted", f"{terms.issuer} calls itself {str(found.get('issuer'))[:200]!a}.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            check_issuer(str(found[name]).partition("?")[0])
        named = found.get("id_token_signing_alg_values_supported") or []
        found["id_token_signing_alg_values_supported"] = sorted(SIGNATURES.intersection(named)) or ["RS256"]
        app.client_kwargs["token_endpoint_auth_method"] = _shown_by(terms, found)
        return app


def _shown_by(terms: Terms, found: Mapping[str, Any]) -> str:
    """How we show the provider who we are: in the heading, unless it only reads the body."""
    if terms.client_secret is None:
        return "none"
    known = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_post" if "client_secret_basic" not in known else "client_secret_basic"


def _trip(onward: str, browser: str) -> Trip:
    return Trip(
        nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48), bound_to=hashed(browser), onward=onward
    )


def _declined(told: Mapping[str, str]) -> SignInFailed:
    """What the provider answered instead of a code; its own words go to the log, as anybody can write them."""
    error = told["error"][:100]
    log.warning("the identity provider answered %a: %a", error, told.get("error_description", "")[:300])
    if error in ("access_denied", "login_required", "interaction_required", "consent_required"):
        return SignInFailed("declined", f"The identity provider let nobody in ({error!a}).")
    return SignInFailed("refused", f"The identity provider refused to be asked ({error!a}).")


def _heard(ask: Callable[[], T]) -> T:
    """What the provider answers. Raises SignInFailed for everything that is no good answer; why goes to the log."""
    try:
        return ask()
    except SignInFailed:
        raise
    except OAuthError as refused:
        log.warning("the identity provider refused: %s", refused)
        raise SignInFailed("refused", f"The identity provider refused ({refused.error!s:.60}).") from None
    except JoseError as wrong:
        log.warning("the identity provider's token does not hold: %s", wrong)
        raise SignInFailed("untrusted", f"The provider's token does not hold ({wrong.error}).") from None
    except (Invalid, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as unread:
        log.warning("the identity provider's answer cannot be read: %s: %s", type(unread).__name__, unread)
        raise SignInFailed("untrusted", "What the identity provider answered cannot be read.") from None
    except RequestException as away:
        log.warning("the identity provider is away: %s", type(away).__name__)
        raise SignInFailed("away", "The identity provider does not answer.") from None
