"""The set in force follows the files; a broken one never comes into force."""

import os
import threading
from pathlib import Path

import pytest

from models.errors import PlaybookInvalid
from playbooks.loading.load import SHIPPED
from playbooks.loading.shelf import PAUSE, Shelf
from tests.playbooks.shops import KETTLE, shop


class Watch:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pause(self) -> None:
        self.now += PAUSE


def shelf_of(folder: Path) -> tuple[Shelf, Watch]:
    watch = Watch()
    return Shelf(shop(folder, leaking_kettle=KETTLE), watch), watch


def test_a_changed_file_comes_into_force_at_the_next_look(tmp_path: Path) -> None:
    shelf, watch = shelf_of(tmp_path)
    before = shelf.current()
    shop(tmp_path, leaking_kettle=KETTLE.replace("36h", "48h"))
    assert shelf.current() is before  # within the second nobody looks
    watch.pause()
    assert shelf.current().get("leaking_kettle").version != before.get("leaking_kettle").version
    assert shelf.current().loaded != before.loaded


def test_nothing_is_loaded_while_nothing_changes(tmp_path: Path) -> None:
    shelf, watch = shelf_of(tmp_path)
    before = shelf.current()
    for _ in range(3):
        watch.pause()
        assert shelf.current() is before


def test_a_remark_in_a_file_changes_nothing_that_is_in_force(tmp_path: Path) -> None:
    shelf, watch = shelf_of(tmp_path)
    before = shelf.current()
    shop(tmp_path, leaking_kettle="# Monday's remark\n" + KETTLE)
    watch.pause()
    assert shelf.current() is before


def test_a_broken_file_leaves_the_last_good_set_in_force_and_says_why(tmp_path: Path) -> None:
    shelf, watch = shelf_of(tmp_path)
    before = shelf.current()
    shop(tmp_path, leaking_kettle=KETTLE.replace("36h", "soon"))
    watch.pause()
    assert shelf.current() is before
    assert [(p.file, p.line, p.field) for p in shelf.problems] == [
        ("leaking_kettle.yaml", 13, "clocks.delivering.target")
    ]
    shop(tmp_path, leaking_kettle=KETTLE.replace("36h", "12h"))
    watch.pause()
    assert shelf.current().get("leaking_kettle").procedure.clocks["delivering"].target == 12 * 3600  # type: ignore[index]
    assert shelf.problems == ()


def test_a_file_mended_as_it_was_is_no_new_set(tmp_path: Path) -> None:
    shelf, watch = shelf_of(tmp_path)
    before = shelf.current()
    shop(tmp_path, leaking_kettle="kind: [")
    watch.pause()
    shelf.current()
    shop(tmp_path, leaking_kettle=KETTLE)
    watch.pause()
    assert shelf.current() is before
    assert shelf.problems == ()


@pytest.mark.parametrize("added", ["calendars__uk", "freight", "shop", "defaults", "dripping_teapot"])
def test_every_file_of_a_set_is_looked_at(tmp_path: Path, added: str) -> None:
    texts = {
        "calendars__uk": (SHIPPED / "calendars" / "shop_cn.yaml").read_text(encoding="utf-8"),
        "freight": 'rates: {CNY: {default: "6.50"}}\n',
        "shop": (SHIPPED / "shop.yaml").read_text(encoding="utf-8").replace("示范店", "壶店"),
        "defaults": (SHIPPED / "defaults.yaml")
        .read_text(encoding="utf-8")
        .replace("reopen_days: 30", "reopen_days: 9"),
        "dripping_teapot": "kind: dripping_teapot\nlike: leaking_kettle\n",
    }
    every = (SHIPPED / "calendars").glob("*.yaml")
    shop(tmp_path, **{f"calendars__{path.stem}": path.read_text(encoding="utf-8") for path in every})
    shelf, watch = shelf_of(tmp_path)
    before = shelf.current()
    shop(tmp_path, **{added: texts[added]})
    watch.pause()
    assert shelf.current().loaded != before.loaded
    assert shelf.problems == ()


def test_a_file_that_is_taken_away_takes_its_kind_along(tmp_path: Path) -> None:
    shop(tmp_path, dripping_teapot="kind: dripping_teapot\nlike: leaking_kettle\n")
    shelf, watch = shelf_of(tmp_path)
    assert set(shelf.current().kinds) == {"dripping_teapot", "leaking_kettle"}
    (tmp_path / "dripping_teapot.yaml").unlink()
    watch.pause()
    assert set(shelf.current().kinds) == {"leaking_kettle"}


def test_a_file_of_the_same_length_and_time_is_seen_when_it_was_put_in_place_of_the_old_one(tmp_path: Path) -> None:
    shelf, watch = shelf_of(tmp_path)
    before, path = shelf.current(), tmp_path / "leaking_kettle.yaml"
    found, other = path.stat(), tmp_path / "new.draft"
    other.write_text(KETTLE.replace("36h", "63h"), encoding="utf-8")
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(path)
    watch.pause()
    assert shelf.current().loaded != before.loaded


def test_a_set_that_is_broken_at_the_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlaybookInvalid, match=r"leaking_kettle\.yaml, line 13"):
        Shelf(shop(tmp_path, leaking_kettle=KETTLE.replace("36h", "soon")))


def test_many_threads_get_whole_sets_while_files_change(tmp_path: Path) -> None:
    """Every thread sees only sets that were written, and at the end all see the last one."""
    shelf, watch = shelf_of(tmp_path)
    lengths = [12, 24, 36, 48, 60]
    seen: set[int] = set()
    broken: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                seen.add(delivering(shelf))
        except BaseException as error:
            broken.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for hours in lengths:
        shop(tmp_path, leaking_kettle=KETTLE.replace("36h", f"{hours}h"))
        watch.pause()
        while delivering(shelf) != hours * 3600:
            watch.pause()
    done.set()
    for thread in threads:
        thread.join()
    assert not broken
    assert seen <= {hours * 3600 for hours in lengths}
    assert delivering(shelf) == lengths[-1] * 3600


def delivering(shelf: Shelf) -> int:
    rule = shelf.current().get("leaking_kettle").procedure.clocks
    return next(clock.target for state, clock in rule.items() if state == "delivering")
