"""Playbooks and calendars over HTTP: checked, tried on past cases, put into force; and a trial whose process died."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from api.documents import answers
from api.procedure.trying import NOTHING
from playbooks.loading.candidate import with_text
from playbooks.loading.folder import SHIPPED
from playbooks.loading.placing import source_of
from store.engine import reading, writing
from store.procedure import past, trials
from store.procedure.trials import TrialRun
from tests.api.client import Api, refused
from up import Running

LONGER = "kind: out_of_stock\nlike: out_of_stock\nreopen_days: 77\n"


async def _ended(api: Api, trial_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while (found := (await api.get(f"/trials/{trial_id}")).json())["state"] == "running":
            await asyncio.sleep(0.05)
    return dict(found)


async def test_a_playbook_is_checked_and_put_into_force_by_what_it_was_compared_with(
    api: Api, service: Running
) -> None:
    asked = (await api.post("/playbooks/out_of_stock/check", json={"text": LONGER})).json()
    found = answers.CheckShown.model_validate(asked)
    assert found.changes == ({"field": "reopen_days", "before": 30, "after": 77},)
    wrong = {"text": LONGER.replace("77", "soon")}
    problem = await refused(await api.post("/playbooks/out_of_stock/check", json=wrong), 422, "playbook-invalid")
    assert problem["errors"][0]["line"] == 3

    form = {"text": LONGER, "before": found.before, "reason": "they come back late"}
    await refused(
        await api.post("/playbooks/out_of_stock/publish", json={**form, "before": "1-older"}), 409, "preview-stale"
    )
    done = await api.post("/playbooks/out_of_stock/publish", json=form)
    assert answers.PublishedShown.model_validate(done.json()).after == found.after
    assert (await api.get("/playbooks/out_of_stock")).json()["version"] == found.after, "at once, and not in a second"
    told = answers.HistoryShown.model_validate((await api.get("/playbooks/out_of_stock/history")).json())
    assert told.acts[-1]["reason"] == "they come back late"
    again = await api.post("/playbooks/out_of_stock/publish", json={**form, "before": found.after})
    await refused(again, 409)
    own = service.playbooks.folder
    assert own is not None
    assert own != SHIPPED, "nobody publishes into the program's own folder"
    assert (own / "wrong_item.yaml").read_text(encoding="utf-8").endswith("like: wrong_item\n"), "the others follow it"


async def test_a_calendar_says_what_it_would_do_to_open_cases_before_it_is_in_force(api: Api) -> None:
    await api.opened()
    text = (source_of(SHIPPED, "calendars/shop_cn.yaml") or "") + "holidays:\n  - 2032-03-03\n"
    found = answers.CheckShown.model_validate((await api.post("/calendars/shop_cn/check", json={"text": text})).json())
    assert [(day["on"], day["before"], day["after"]) for day in found.days] == [("2032-03-03", "working", "holiday")]
    assert found.effect is not None
    assert found.effect["open"] > 0
    form = {"text": text, "before": found.before, "reason": "moving house"}
    assert (await api.post("/calendars/shop_cn/publish", json=form)).status_code == 200
    assert (await api.get("/calendars/shop_cn/history")).json()["acts"][-1]["reason"] == "moving house"
    await refused(await api.get("/calendars/nowhere/history"), 404)


async def test_names_that_are_none_are_refused(api: Api) -> None:
    for kind in ("defaults", "Wrong Item", "ü" * 90, ".hidden"):
        await refused(await api.post(f"/playbooks/{kind}/check", json={"text": "kind: x"}), 422)
    for name in ("Wrong Item", "ü" * 90, ".hidden", "all_hours"):
        await refused(await api.post(f"/calendars/{name}/check", json={"text": "timezone: UTC"}), 422)


async def test_a_trial_is_followed_by_its_number(api: Api) -> None:
    case = (await api.opened(kind="quality_fault"))["case_no"]
    text = "kind: quality_fault\nlike: quality_fault\nclocks: {requested: {target: 90m, calendar: all_hours}}\n"
    begun = await api.post("/playbooks/quality_fault/trials", json={"text": text, "days": 1})
    assert begun.status_code == 202, begun.text
    found = answers.TrialShown.model_validate(await _ended(api, begun.json()["id"]))
    assert (found.state, found.done) == ("done", found.total)
    assert found.differ > 0
    assert found.by_what["deadlines"] > 0
    following, seen = -1, set()
    while True:
        page = (await api.get(f"/trials/{found.id}", params={"after": following})).json()
        seen |= {one["case_no"] for one in page["items"]}
        if page["next_after"] is None:
            break
        following = page["next_after"]
    assert case in seen
    await refused(await api.get("/trials/T-nothing"), 404)


async def test_a_trial_whose_process_died_goes_on_from_the_case_it_had_come_to(api: Api, service: Running) -> None:
    numbers = [(await api.opened(kind="not_as_described"))["case_no"] for _ in range(3)]
    text, now = "kind: not_as_described\nlike: not_as_described\nreopen_days: 45\n", datetime.now(UTC)
    since = now - timedelta(days=1)
    folder = service.playbooks.folder or SHIPPED
    version = with_text(folder, "not_as_described.yaml", text.encode()).get("not_as_described").version
    with reading(service.engine) as session:
        cases = [one.case for one in past.opened_since(session, "not_as_described", since)]
    first = next(case for case in cases if case.case_no == numbers[0])
    done = cases.index(first) + 1
    left = TrialRun(
        id=trials.new_id(),
        kind="not_as_described",
        version=version,
        text=text,
        by="chen",
        since=since,
        started_at=now,
        state="running",
        total=len(cases),
        done=done,
        after_at=first.opened_at,
        after_no=first.case_no,
        tally=dict(NOTHING),
        runner="a process that died",
        touched_at=now - timedelta(minutes=5),
    )
    with writing(service.engine) as session:
        trials.begin(session, left)
    found = await _ended(api, left.id)
    assert (found["state"], found["done"]) == ("done", len(cases))


async def test_a_trial_that_other_files_made_another_one_of_says_so(api: Api, service: Running) -> None:
    now = datetime.now(UTC)
    run = TrialRun(
        id=trials.new_id(),
        kind="not_as_described",
        version="1-another",
        text="kind: not_as_described\nlike: not_as_described\n",
        by="chen",
        since=now - timedelta(days=1),
        started_at=now,
        state="running",
        total=1,
        done=0,
        tally=dict(NOTHING),
        runner="a process that died",
        touched_at=now - timedelta(minutes=5),
    )
    with writing(service.engine) as session:
        trials.begin(session, run)
    found = await _ended(api, run.id)
    assert found["state"] == "failed"
    assert "try it again" in found["told"]
    stopped = await api.post(f"/trials/{run.id}/stop")
    assert stopped.json()["state"] == "failed", "what has ended is not stopped any more"
