"""Claims on screen: by deadline, with their evidence, settled once, and given up by managers alone (L5, G10)."""

import re
from collections.abc import Callable

from tests.api.client import Api
from tests.console.browser import Browser, words

Browse = Callable[..., Browser]


async def claimed(api: Api) -> str:
    """A case whose courier is asked for 139.00."""
    case: str = (await api.opened())["case_no"]
    assert (await api.act(case, "open_claim", against="courier", amount="139.00", name="SF")).status_code == 200
    return case


async def state_of(api: Api, case: str) -> dict[str, object]:
    claim = (await api.get(f"/cases/{case}")).json()["claims"][0]
    return {name: claim[name] for name in ("state", "evidence", "reference", "reason")} | {
        "paid": claim["paid"]["amount"]
    }


async def test_a_claim_is_found_by_what_it_waits_for_and_shows_the_evidence_that_is_missing(api: Api, browse: Browse):
    case = await claimed(api)
    qian = browse("finance")
    row = words(await qian.get("/claims", params={"which": "filing", "case_no": case}))
    assert all(told in row for told in (case, "SF", "¥139.00", "Send it with its evidence", "4 pieces of evidence"))
    assert case not in words(await qian.get("/claims", params={"which": "answer", "case_no": case}))
    assert "No such claim here" in words(await qian.get("/claims", params={"which": "over", "case_no": case}))
    file = await qian.get("/claims.csv", params={"which": "filing", "case_no": case})
    assert file.text.splitlines()[1].startswith(f"{case},1,")
    assert (await browse("warehouse").get("/claims")).status_code == 403


async def test_a_claim_goes_its_way_from_sent_to_refused_appealed_and_paid(api: Api, browse: Browse):
    case = await claimed(api)
    qian = browse("finance")
    settle = f"/claims/{case}/1/settle"
    sent = {"result": "filed", "evidence": ["value", "tracking"], "reference": "SF-CLAIM-9", "command_id": f"{case}-f"}
    for _ in range(2):  # pressed twice, or found by going back
        assert (await qian.submit(settle, **sent)).status_code == 303
    assert (await state_of(api, case))["evidence"] == ["value", "tracking"]
    page = words(await qian.get(f"/claims/{case}/1"))
    assert "SF-CLAIM-9" in page
    assert page.count(" missing") == 2
    assert (await qian.submit(settle, result="refused", reason="the box was signed for")).status_code == 303
    silent = await qian.submit(settle, result="appealed", reason="")
    assert (silent.status_code, "Say what the appeal says" in words(silent)) == (422, True)
    assert (await qian.submit(settle, result="appealed", reason="the photo shows another door")).status_code == 303
    assert (await qian.submit(settle, result="paid", amount="￥1,00.00", more_to_come="on")).status_code == 303
    assert (await qian.submit(settle, result="paid")).status_code == 303
    assert await state_of(api, case) | {"evidence": None} == {
        "state": "paid",
        "evidence": None,
        "reference": "SF-CLAIM-9",
        "reason": "the photo shows another door",
        "paid": "139.00",  # 100.00 first, then the 39.00 that were left
    }
    assert "The claim is over" in words(await qian.get(f"/claims/{case}/1"))


async def test_what_was_typed_stays_where_it_was_wrong(api: Api, browse: Browse):
    case = await claimed(api)
    wrong = await browse("finance").submit(f"/claims/{case}/1/settle", result="accepted", amount="999.00")
    assert wrong.status_code == 422
    assert re.search(r'id="accepted-amount"[^>]*value="999.00"', wrong.text)
    assert 'href="#accepted-amount"' in wrong.text
    assert (await browse("finance").submit(f"/claims/{case}/1/settle", result="lost")).status_code == 422
    assert (await browse("finance").get(f"/claims/{case}/7")).status_code == 404


async def test_only_a_manager_gives_a_claim_up_and_says_why(api: Api, browse: Browse):
    case = await claimed(api)
    away = f"/claims/{case}/1/write-off"
    assert (await browse("finance").submit(away, reason="too little to fight for")).status_code == 403
    assert "Give it up" not in words(await browse("finance").get(f"/claims/{case}/1"))
    chen = browse("manager")
    assert "Give it up" in words(await chen.get(f"/claims/{case}/1"))
    assert (await chen.submit(away, reason="")).status_code == 422
    assert (await chen.submit(away, reason="too little to fight for")).status_code == 303
    assert (await state_of(api, case))["state"] == "written_off"
