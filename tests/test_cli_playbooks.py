"""Playbooks on the command line: tried on past cases, put into force as a recorded act, and their history told."""

import json
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from sqlalchemy import make_url

from playbooks.loading.load import SHIPPED, load_playbooks
from settings import Settings
from store.engine import make_engine, reading
from store.procedure import playbooks as kept
from terminal.playbooks import span_of
from tests.builders import DAY, an_order
from tests.databases import with_schema
from tests.own_playbooks import KIND, OTHER, write_file, write_folder
from tests.store.desk import import_order
from tests.store.test_trial import an_open_case
from tests.test_cli import Ended, Terminal


class Shop(Terminal):
    """A terminal of a shop with a database and playbooks of its own."""

    @property
    def folder(self) -> Path:
        return self.data / "playbooks"

    @property
    def file(self) -> Path:
        return self.folder / f"{KIND}.yaml"

    def __call__(self, *arguments: str, **more: str) -> Ended:
        return super().__call__(*arguments, **{"AFTERCARE_PLAYBOOKS": str(self.folder), **more})

    def changed(self, **over: Any) -> Path:
        """A changed playbook, beside those in force."""
        return write_file(self.data, **over)

    def publish(self, path: Path, *more: str) -> Ended:
        return self("playbook", "publish", str(path), "--by", "wang.li", "--reason", "exchanges keep customers", *more)

    @property
    def version(self) -> str:
        """What is in force by the files."""
        return load_playbooks(self.folder).get(KIND).version


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that has two kinds, an order and a case about it."""
    found = Shop(tmp_path / "data")
    write_folder(found.folder)
    engine = make_engine(make_url(Settings(data=found.data).database))
    with_schema(engine)
    at = datetime.now(UTC) - DAY
    order = an_order(placed_at=at - 5 * DAY, paid_at=at - 5 * DAY, shipped_at=at - 4 * DAY, delivered_at=at - 3 * DAY)
    an_open_case(engine, load_playbooks(found.folder), import_order(engine, order), at)
    engine.dispose()
    return found


# ── publish and history ───────────────────────────────────────────────────────────────────────────


def test_publishing_shows_what_differs_puts_the_file_in_its_place_and_says_so(shop: Shop):
    path, before = shop.changed(remedies=["exchange", "refund"]), shop.version
    done = shop.publish(path)
    assert done.code == 0, done.err
    assert "remedies" in done.out
    assert f"{KIND} is in force in version {shop.version}" in done.out
    assert shop.version != before
    assert shop.file.read_bytes() == path.read_bytes()
    assert [name.name for name in shop.folder.iterdir() if name.name.startswith(".")] == []


def test_the_history_tells_the_versions_and_who_put_them_into_force_and_why(shop: Shop):
    before = shop.version
    shop.publish(shop.changed(remedies=["exchange", "refund"]))
    told = shop("playbook", "history", KIND, "--json").document
    assert [(act["before"], act["after"], act["by"], act["reason"]) for act in told["acts"]] == [
        (None, before, "(file)", "seen in the folder"),
        (before, shop.version, "wang.li", "exchanges keep customers"),
    ]
    assert [(one["version"], one["open_cases"], one["cases"]) for one in told["versions"]] == [
        (before, 1, 1),
        (shop.version, 0, 0),
    ]
    card = shop("playbook", "history", KIND)
    assert all(word in card.out for word in ("wang.li", "exchanges keep customers", before, shop.version))


def test_open_cases_keep_the_version_they_were_opened_with(shop: Shop):
    before = shop.version
    shop.publish(shop.changed(remedies=["exchange", "refund"]))
    engine = make_engine(make_url(Settings(data=shop.data).database))
    with reading(engine) as session:
        assert {one.version: one.open_cases for one in kept.used(session, KIND)}[before] == 1
    engine.dispose()


def test_a_file_that_was_changed_in_its_place_can_be_published_there(shop: Shop):
    shop.publish(shop.changed(remedies=["exchange", "refund"]))
    copyfile(shop.changed(remedies=["exchange", "refund"], reopen_days=60), shop.file)
    done = shop.publish(shop.file, "--json")
    assert done.code == 0, done.err
    assert done.document["after"] == shop.version
    assert done.document["changes"] == [{"field": "reopen_days", "before": 30, "after": 60}]


def test_what_is_in_force_already_is_not_published_again(shop: Shop):
    path = shop.changed(remedies=["exchange", "refund"])
    shop.publish(path)
    assert "in force already" in shop.publish(path).one_line


def test_a_broken_file_is_named_and_leaves_everything_as_it_was(shop: Shop):
    before = shop.file.read_bytes()
    refused = shop.publish(shop.changed(remedies=["revenge"]))
    assert f"{KIND}.yaml, line " in refused.one_line
    assert shop.file.read_bytes() == before
    assert "Nothing is known" in shop("playbook", "history", OTHER).one_line  # not even seen


def test_a_broken_set_is_mended_by_publishing(shop: Shop):
    good = shop.changed(reopen_days=60)
    shop.file.write_text("kind: [", encoding="utf-8")
    assert shop.publish(good).code == 0
    assert load_playbooks(shop.folder).get(KIND).procedure.reopen_days == 60


def test_nobody_publishes_into_the_shipped_playbooks(shop: Shop):
    path = shop.changed(reopen_days=60)
    asked = ("playbook", "publish", str(path), "--by", "wang.li", "--reason", "because")
    for where in ({"AFTERCARE_PLAYBOOKS": str(SHIPPED)}, {"AFTERCARE_PLAYBOOKS": f"{SHIPPED}/../playbooks"}):
        assert "shipped playbooks are in force" in Terminal.__call__(shop, *asked, **where).one_line
    assert not (SHIPPED / f"{KIND}.yaml").exists()


@pytest.mark.parametrize(("option", "text"), [("--by", " "), ("--reason", "")])
def test_an_act_without_a_name_or_a_reason_is_none(shop: Shop, option: str, text: str):
    given = {"--by": "wang.li", "--reason": "because", option: text}
    refused = shop("playbook", "publish", str(shop.changed()), *(word for pair in given.items() for word in pair))
    assert f"{option} is empty" in refused.one_line


def test_a_folder_that_cannot_be_written_leaves_no_record(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("playbooks.loading.placing.os.replace", full)
    assert "No space left" in shop.publish(shop.changed(reopen_days=60)).one_line
    monkeypatch.undo()
    told = shop("playbook", "history", KIND, "--json").document
    assert told["acts"] == []


def test_a_file_of_another_name_is_no_playbook(shop: Shop, tmp_path: Path):
    for name in (f"{KIND}.yml", "defaults.yaml"):
        path = tmp_path / name
        copyfile(shop.file, path)
        assert "is no playbook of a kind" in shop.publish(path).one_line


# ── try ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_trial_says_what_would_have_been_decided_and_where_it_differs(shop: Shop):
    done = shop("playbook", "try", str(shop.changed(remedies=["exchange", "refund"])), "--on", "30d")
    assert done.code == 0, done.err
    assert "refund → exchange" in done.out
    assert "1 case of the last 30d, 1 that would differ: remedy 1, money 1." in done.out
    assert "CNY: to customers -129.00" in done.out
    assert shop.version == load_playbooks(shop.folder).get(KIND).version


def test_a_trial_in_json_has_every_difference(shop: Shop):
    told = shop("playbook", "try", str(shop.changed(remedies=["exchange", "refund"])), "--json").document
    assert told["items"][0]["then"]["remedy"] == "refund"
    assert told["items"][0]["now"]["remedy"] == "exchange"
    assert json.dumps(told)


def test_a_trial_in_which_nothing_differs_says_that(shop: Shop):
    done = shop("playbook", "try", str(shop.file))
    assert done.code == 0
    assert done.out.startswith("1 case of the last 30d, 0 that would differ.\n")


def test_a_trial_of_a_broken_file_names_the_line(shop: Shop):
    assert f"{KIND}.yaml, line " in shop("playbook", "try", str(shop.changed(remedies=["revenge"]))).one_line


@pytest.mark.parametrize("span", ["", "30", "d", "0d", "-1d", "30m", "٣٠d", "99999d"])
def test_a_span_that_is_none(shop: Shop, span: str):
    done = shop("playbook", "try", str(shop.file), "--on", span)
    assert done.code == 2, "a wrong use, not a fault"
    assert "write a number with" in done.err


def test_spans_are_hours_days_and_weeks():
    assert [span_of(text).total_seconds() for text in ("12h", "30d", "4w")] == [43_200, 2_592_000, 2_419_200]
