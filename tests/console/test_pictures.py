"""The pages of the documentation for each role: their pictures are there, small and real, their buttons exist."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from PIL import Image

from tests.console import pictures
from tests.console.test_in_chromium import FOUND

DOCS = Path(__file__).resolve().parents[2] / "docs"
LOCALES = DOCS.parent / "locales"
ROLES = ("agent", "warehouse", "finance", "manager", "customer")
TAKEN = {f"{shot.name}.{language}.png" for shot in pictures.SHOTS for language in pictures.LANGUAGES}


def said(language: str) -> set[str]:
    """Everything that the console says in a language, by its English words."""
    files = (LOCALES / language).glob("*.po")
    found = [one.id for file in files for one in read_po(BytesIO(file.read_bytes())) if one.id]
    return {words for one in found for words in ([one] if isinstance(one, str) else one)}


@pytest.mark.parametrize("role", ROLES)
def test_every_button_and_page_that_a_roles_day_names_is_called_so_in_the_console(role: str):
    text = (DOCS / f"{role}.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\*\*([^*]+)\*\*", text))
    assert named
    assert named - said("en") == set()


def test_pictures_are_those_that_are_taken_each_shown_somewhere_and_small():
    there = {file.name: file.stat().st_size for file in pictures.FOLDER.glob("*")}
    assert set(there) == TAKEN, "renew them: python -m tests.console.pictures"
    assert max(there.values()) <= pictures.MOST_BYTES
    shown = {name for role in ROLES for name in re.findall(r"pictures/([\w.-]+)", (DOCS / f"{role}.md").read_text())}
    assert shown == TAKEN


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(FOUND is None, reason="no Chromium: install it, or name it in the variable CHROMIUM")
async def test_pictures_are_taken_from_the_real_service_in_both_languages(tmp_path: Path):
    files = await pictures.take(tmp_path)
    assert {file.name for file in files} == TAKEN
    for file in files:
        assert file.stat().st_size <= pictures.MOST_BYTES
        assert len(Image.open(file).convert("L").getcolors() or ()) > 10, f"{file.name}: there is nothing on it"
