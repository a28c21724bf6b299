"""Rebases over HTTP: shown before they are done, and refused when they are not any more what was shown (T10)."""

from api.documents import answers as documents
from tests.api.client import Api
from up import Running


async def test_after_a_rebase_there_is_nothing_left_to_rebase(api: Api, service: Running) -> None:
    await api.opened()
    calendar = {"calendars": ["shop_cn"]}
    shown = documents.RebasePreview.model_validate((await api.post("/rebase/preview", json=calendar)).json())
    ask = {**calendar, "preview_id": shown.preview_id, "reason": "whatever was put into force before"}
    assert (await api.post("/rebase", json=ask)).status_code == 202
    await service.client.get_workflow_handle(f"rebase/{shown.preview_id}").result()
    left = documents.RebasePreview.model_validate((await api.post("/rebase/preview", json=calendar)).json())
    assert (left.open, left.overdue_at_once) == (0, 0)
    assert set(left.versions) == {"shop_cn"}


async def test_a_confirmation_of_something_else_is_refused_with_what_it_would_be(api: Api) -> None:
    wrong = {"preview_id": "0123456789", "reason": "the notice is out"}
    answer = await api.post("/rebase", json=wrong)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:aftercare:problem:preview-stale")
    documents.RebasePreview.model_validate(answer.json()["preview"])


async def test_a_rebase_names_who_confirmed_it_and_ends(api: Api, service: Running) -> None:
    preview = (await api.post("/rebase/preview", json={"playbook": "quality_fault"})).json()
    ask = {"playbook": "quality_fault", "preview_id": preview["preview_id"], "reason": "to see that nothing is left"}
    answer = await api.post("/rebase", json=ask)
    assert answer.status_code == 202
    begun = documents.RebaseShown.model_validate(answer.json())
    assert (begun.id, begun.reason, begun.total) == (preview["preview_id"], ask["reason"], preview["open"])
    await service.client.get_workflow_handle(f"rebase/{begun.id}").result()
    ended = documents.RebaseShown.model_validate((await api.get(f"/rebase/{begun.id}")).json())
    assert (ended.state, ended.refused) == ("done", 0)
    assert (await api.post(f"/rebase/{begun.id}/stop")).json()["state"] == "done"


async def test_what_is_not_there_is_named(api: Api) -> None:
    assert (await api.get("/rebase/nothing")).status_code == 404
    assert (await api.post("/rebase/nothing/stop")).status_code == 404
    for ask in ({"calendars": ["moon"]}, {"playbook": "moon"}, {"calendars": ["uk"], "playbook": "wrong_item"}):
        answer = await api.post("/rebase/preview", json=ask)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] in ("calendars", "playbook", "kind")
