"""Templates: one environment a language, with what every page needs; every template is named by its file."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console.language import LANGUAGES, catalogue

HERE: Final = Path(__file__).parent
TEMPLATES: Final = HERE / "templates"
STATIC: Final = HERE / "static"


@cache
def environment(language: str) -> Environment:
    """Everything escapes what it shows, and a name that is not known is an error, not an empty place."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    words = catalogue(language)
    env.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals["languages"] = {name: told for name, (_, _, told) in LANGUAGES.items()}
    return env


def rendered(template: str, language: str, context: dict[str, Any]) -> str:
    """A template with its values."""
    return environment(language).get_template(template).render(context)


@cache
def fingerprint(path: str) -> str:
    """What tells one version of a static file from another, so that browsers may keep it for ever."""
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
