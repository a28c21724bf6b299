"""Where files lie: any store keeps each name once, whole, and says clearly when there is nothing."""

from pathlib import Path
from uuid import uuid4

import pytest

from files.shelf import FileShelf
from models.errors import NotFound, Unavailable

NAME = "ab" + "0" * 62


@pytest.fixture(params=["folder", "memory"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> FileShelf:
    return FileShelf(str(tmp_path / "files") if request.param == "folder" else f"memory://{uuid4().hex}")


def test_what_is_kept_comes_back(shelf: FileShelf) -> None:
    shelf.put(NAME, b"a leaking kettle")
    shelf.put(NAME, b"a leaking kettle")
    assert shelf.get(NAME) == b"a leaking kettle"


def test_what_is_let_go_is_gone_and_may_be_let_go_twice(shelf: FileShelf) -> None:
    shelf.put(NAME, b"x")
    shelf.drop(NAME)
    shelf.drop(NAME)
    with pytest.raises(NotFound):
        shelf.get(NAME)


def test_no_half_file_stays_behind(tmp_path: Path) -> None:
    FileShelf(str(tmp_path)).put(NAME, b"x" * 100_000)
    assert [found.name for found in tmp_path.rglob("*") if found.is_file()] == [NAME]


def test_a_store_that_refuses_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "ab").write_text("a file where a folder has to be")
    with pytest.raises(Unavailable, match="send it again"):
        FileShelf(str(tmp_path)).put(NAME, b"x")
