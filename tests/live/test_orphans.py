"""Open cases that no workflow keeps are found by asking Temporal itself, and started again (T12 `no_timer`)."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities import orphans
from activities.orphans import Orphans
from models.oversight.orphans import OrphanInput, OrphanPage
from store.engine import reading
from store.oversight import stuck
from tests.world import World

LATER = timedelta(minutes=2)


async def looked(shop: World, limit: int = 200) -> list[OrphanPage]:
    """All pages, two minutes from now, when what was just written is missed."""
    pages: list[OrphanPage] = []
    after: str | None = ""
    while after is not None:
        asked = OrphanInput(now=shop.now + LATER, after=after, limit=limit)
        found: OrphanPage = await ActivityEnvironment().run(Orphans(shop.client, shop.engine).find_orphans, asked)
        pages.append(found)
        after = found.next_after
    return pages


async def test_a_case_whose_workflow_was_ended_from_outside_runs_again(shop: World) -> None:
    well, lost = await shop.opened(), await shop.opened()
    await shop.handle(lost).terminate("an operator's mistake")
    (found,) = await looked(shop)
    assert (found.looked_at, found.orphans, found.restarted, found.failed) == (2, (lost,), 1, ())
    assert (await shop.act(lost, "take"))["owner"] == "li"
    assert (await shop.act(well, "take"))["owner"] == "li"
    (again,) = await looked(shop)
    assert again.orphans == ()


async def test_a_case_of_which_temporal_knows_nothing_is_started(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restore of SQL alone."""

    async def not_started(*_: Any, **__: Any) -> dict[str, Any]:
        return {}

    with monkeypatch.context() as patched:
        patched.setattr("api.desk.start_and_update", not_started)
        case_no = await shop.opened()
    (found,) = await looked(shop)
    assert (found.suspects, found.orphans, found.restarted) == (1, (case_no,), 1)


async def test_nobody_is_accused_on_the_word_of_a_list_that_lags_behind(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is asked to show nothing at all: every case is then looked at by itself, and is well."""
    await shop.opened()
    monkeypatch.setattr(orphans, "WORKFLOW", "NoSuchType")
    (found,) = await looked(shop)
    assert (found.looked_at, found.suspects, found.orphans) == (1, 1, ())


async def test_a_case_that_was_written_a_moment_ago_is_not_missed_yet(shop: World) -> None:
    case_no = await shop.opened()
    await shop.handle(case_no).terminate("gone at once")
    asked = OrphanInput(now=shop.now)
    found = await ActivityEnvironment().run(Orphans(shop.client, shop.engine).find_orphans, asked)
    assert found.looked_at == 0


async def test_closed_cases_and_many_pages(shop: World) -> None:
    numbers = [await shop.opened(about_an_order=False, kind="complaint") for _ in range(5)]
    await shop.act(numbers[0], "close", "manager", reason="solved on the phone")
    await shop.handle(numbers[3]).terminate("lost")
    pages = await looked(shop, limit=2)
    assert [page.looked_at for page in pages] == [2, 2, 0]
    assert [page.orphans for page in pages] == [(), (numbers[3],), ()]


def listed(shop: World) -> dict[str, int]:
    with reading(shop.engine) as session:
        return stuck.rows(session, shop.now, only=("no_timer",)).by_reason


async def test_a_case_that_cannot_be_started_is_an_alarm_until_it_runs(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = await shop.opened()
    await shop.act(case_no, "take")
    await shop.handle(case_no).terminate("lost")

    async def refused(client: Client, opening: Any) -> None:
        raise RPCError("too large", RPCStatusCode.INVALID_ARGUMENT, b"")

    with monkeypatch.context() as patched:
        patched.setattr(orphans, "start_case", refused)
        (found,) = await looked(shop)
    assert (found.orphans, found.restarted, found.failed) == ((case_no,), 0, (case_no,))
    assert listed(shop) == {"no_timer": 1}
    await looked(shop)
    await looked(shop)
    assert listed(shop) == {}
