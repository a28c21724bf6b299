"""The reference of the API: the OpenAPI document, and one plain page made from it that loads nothing from anywhere.

Both are open on loopback; from elsewhere they need a token, whatever its roles.
"""

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final, Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.documents.answers import Problem
from api.documents.requests import CommandEnvelope

router = APIRouter(include_in_schema=False)

#: Models that only hand-written parts of the document point at.
_REFERRED: Final[Sequence[tuple[type[BaseModel], Literal["validation", "serialization"]]]] = (
    (CommandEnvelope, "validation"),
    (Problem, "serialization"),
)
_METHODS = ("get", "put", "post", "delete", "patch")
_CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'"


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the app, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
        )
        _, shared = models_json_schema(_REFERRED, ref_template="#/components/schemas/{model}")
        components = document.setdefault("components", {})
        components["schemas"] = {**components.get("schemas", {}), **shared["$defs"]}
        app.openapi_schema = document
    return app.openapi_schema


@router.get("/openapi.json")
async def openapi_document(request: Request) -> Response:
    """The reference for programs."""
    await _let_in(request)
    return JSONResponse(openapi_of(request.app))


@router.get("/docs")
async def docs_page(request: Request) -> Response:
    """The reference for people."""
    await _let_in(request)
    headings = {"Content-Security-Policy": _CONTENT_POLICY}
    return HTMLResponse("".join(_page(openapi_of(request.app))), headers=headings)


async def _let_in(request: Request) -> None:
    if not is_loopback(request.client.host if request.client else None):
        await request.app.state.gate.authenticate(request)


def is_loopback(host: str | None) -> bool:
    """Whether an address is this machine itself; a name is not an address."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


# ── the page ──────────────────────────────────────────────────────────────────────────────────────

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin:2rem 0 .5rem;border-bottom:1px solid #8886;text-transform:capitalize}
summary{cursor:pointer;padding:.35rem 0}
details{border-bottom:1px solid #8883}
details>div{padding:0 0 1rem 1rem}
code,pre{font:13px/1.45 ui-monospace,monospace}
pre{background:#8882;padding:.75rem;overflow:auto;border-radius:4px;max-height:24rem}
.m{display:inline-block;min-width:3.5em;font-weight:700}
table{border-collapse:collapse}td{padding:.15rem 1rem .15rem 0;vertical-align:top}
"""


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><h1>{title}</h1>'
    yield f"<p>{escape(document['info'].get('description', ''))}</p>"
    yield '<p>The same for programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>'
    for tag, operations in _by_tag(document["paths"]).items():
        yield f"<h2>{escape(tag)}</h2>"
        for method, path, operation in operations:
            yield from _operation(method, path, operation, document)


def _by_tag(paths: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Any]]]:
    found: dict[str, list[tuple[str, str, Any]]] = {}
    for path, item in paths.items():
        for method in _METHODS:
            if method in item:
                found.setdefault(item[method].get("tags", ["other"])[0], []).append((method, path, item[method]))
    return found


def _operation(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    name = f'<span class="m">{method.upper()}</span> <code>{escape(path)}</code>'
    yield f"<details><summary>{name} {escape(operation.get('summary', ''))}</summary><div>"
    yield f"<p>{escape(operation.get('description', ''))}</p>"
    yield from _table("Parameters", (_parameter(one) for one in operation.get("parameters", [])))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body, <code>{escape(kind)}</code></p>{_example(content.get('schema', {}), document)}"
    yield from _table("Answers", ((code, one["description"]) for code, one in operation["responses"].items()))
    yield "</div></details>"


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str]:
    needed = " (needed)" if parameter.get("required") else ""
    return f"{parameter['name']}{needed}", f"{parameter['in']}. {parameter.get('description', '')}"


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    cells = [f"<tr><td><code>{escape(left)}</code><td>{escape(right)}" for left, right in rows]
    if cells:
        yield f"<p>{title}</p><table>{''.join(cells)}</table>"


def _example(schema: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    found = document["components"]["schemas"].get(name, schema)
    shown = found.get("examples", [found])[0]
    return f"<pre>{escape(json.dumps(shown, ensure_ascii=False, indent=2))}</pre>"
