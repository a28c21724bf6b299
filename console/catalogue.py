"""Renews `locales/*/*.po` from the code and the templates: `python -m console.catalogue`.

Every part of the console has a file of words of its own, so that two people who add pages do not meet in one; words
that several parts use are in `shared.po`. A word that is not used any more goes, a new one waits with an empty
translation, which the tests find. English words stand for themselves.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from console.language import LANGUAGES, LOCALES
from console.refusals import findings, mistakes
from console.refusals.sources import sentences

HERE: Final = Path(__file__).parent
SHARED: Final = "shared"
#: The sentences with which things are refused, from the code that refuses them.
REFUSALS: Final = "refusals"
#: The sentences in which playbooks and calendars are told to be wrong.
MISTAKES: Final = "mistakes"
#: What audits of the books and sweeps have found.
FINDINGS: Final = "findings"
#: What marks words: N_ in tables, `say` of a language in code, `_` in templates.
KEYWORDS: Final[Mapping[str, Any]] = {
    "_": None,
    "N_": None,
    "say": None,
    "gettext": None,
    "ngettext": (1, 2),
    "say_many": (1, 2),
}
Words = str | tuple[str, ...]


def used() -> dict[Words, str]:
    """Every message that code and templates use → the part whose words it belongs to."""
    parts: dict[Words, set[str]] = defaultdict(set)
    for part, words in _found():
        parts[words].add(part)
    for sentence in sentences():
        parts[sentence].add(REFUSALS)
    for sentence in mistakes.sentences():
        parts[sentence].add(MISTAKES)
    for sentence in findings.sentences():
        parts[sentence].add(FINDINGS)
    return {words: _home(of) for words, of in parts.items()}


def _home(parts: set[str]) -> str:
    for told in (REFUSALS, MISTAKES, FINDINGS):
        if told in parts:
            return told
    return next(iter(parts)) if len(parts) == 1 else SHARED


def _found() -> Iterator[tuple[str, Words]]:
    ways = [("**.py", "python"), ("templates/**.html", "jinja2")]
    options = {"templates/**.html": {"silent": "false", "trimmed": "true"}}
    for file, _, words, _, _ in extract_from_dir(HERE, ways, options, KEYWORDS):
        yield part_of(Path(file)), tuple(words) if isinstance(words, (list, tuple)) else words


def part_of(file: Path) -> str:
    """The part that a file belongs to: `templates/cases/…`, `pages/cases.py` and `cases/…` are `cases`."""
    inside = file.parts[1:] if file.parts[0] in ("templates", "pages") else file.parts
    name = Path(inside[0]).stem if inside else SHARED
    return SHARED if name in ("parts", "base", "error", "__init__") or len(file.parts) == 1 else name


def kept(language: str) -> dict[Words, Words]:
    """The translations that there are."""
    found: dict[Words, Words] = {}
    for file in sorted((LOCALES / LANGUAGES[language][0]).glob("*.po")):
        for message in read_po(BytesIO(file.read_bytes()), locale=LANGUAGES[language][1]):
            if message.id and _is_told(message.string):
                found[_plain(message.id)] = _plain(message.string)
    return found


def _is_told(string: Any) -> bool:
    return bool(string) if isinstance(string, str) else any(string)


def _plain(words: Any) -> Words:
    return words if isinstance(words, str) else tuple(words)


def renewed(language: str) -> dict[str, bytes]:
    """The files of a language as they should be: name → content."""
    locale = LANGUAGES[language][1]
    known = kept(language)
    parts: dict[str, Catalog] = defaultdict(lambda: Catalog(locale=locale, fuzzy=False))
    for words, part in sorted(used().items(), key=lambda item: str(item[0])):
        parts[part].add(words, known.get(words, _default(language, words)))
    return {f"{part}.po": _written(catalogue, language) for part, catalogue in parts.items()}


def _default(language: str, words: Words) -> Words:
    if language == "en":
        return words
    return "" if isinstance(words, str) else ("",)


def _written(catalogue: Catalog, language: str) -> bytes:
    out = BytesIO()
    write_po(out, catalogue, width=0, no_location=True, omit_header=True, sort_output=True)
    head = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: {language}\\n"\n'
    return (head + f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n' + out.getvalue().decode().lstrip()).encode()


def missing(language: str) -> list[Words]:
    """What is used and not translated."""
    known = kept(language)
    return [words for words in used() if words not in known]


def renew() -> int:
    """Write all files anew, and say what is still to be translated."""
    for language, (folder, _, _) in LANGUAGES.items():
        files = renewed(language)
        there = LOCALES / folder
        for old in there.glob("*.po"):
            if old.name not in files:
                old.unlink()
        for name, content in files.items():
            (there / name).write_bytes(content)
    open_words = missing("zh-CN")
    for words in open_words:
        sys.stdout.write(f"zh-CN: {words}\n")
    return 1 if open_words else 0


if __name__ == "__main__":
    sys.exit(renew())
