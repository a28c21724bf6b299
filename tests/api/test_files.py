"""Photos and files over HTTP: sent once, recorded in the case, fetched only through their own case."""

import httpx
import pytest

from files.shelf import FileShelf
from tests.api.client import Api, refused, token_of
from tests.files import pictures
from up import Running


async def send(api: Api, case_no: str, content: bytes, name: str = "kettle.jpg", **params: str) -> httpx.Response:
    return await api.post(f"/cases/{case_no}/files", files={"file": (name, content)}, params=params)


async def test_a_photo_is_kept_without_what_the_camera_wrote_and_stands_in_the_timeline(api: Api) -> None:
    case_no = (await api.opened())["case_no"]
    sent = await send(api, case_no, pictures.from_a_telephone())
    assert sent.status_code == 200, sent.text
    fetched = await api.get(api.root(sent.json()["url"]))
    assert (fetched.headers["content-type"], fetched.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
    assert b"Wang Xiaoming" not in fetched.content
    small = await api.get(api.root(sent.json()["url"]), params={"size": "small"})
    assert small.headers["content-type"] == "image/jpeg"
    entries = (await api.get(f"/cases/{case_no}/timeline")).json()["items"]
    assert [entry["data"]["sha256"] for entry in entries if entry["action"] == "attach"] == [sent.json()["id"]]


async def test_the_same_photo_twice_is_one_file_and_one_entry(api: Api) -> None:
    case_no = (await api.opened())["case_no"]
    first, again = [(await send(api, case_no, pictures.heic())).json() for _ in range(2)]
    assert first["id"] == again["id"]
    listed = (await api.get(f"/cases/{case_no}/files")).json()["items"]
    assert [(row["id"], row["name"]) for row in listed] == [(first["id"], "kettle.jpg")]
    entries = (await api.get(f"/cases/{case_no}/timeline")).json()["items"]
    assert sum(entry["action"] == "attach" for entry in entries) == 1


async def test_a_photo_whose_bytes_were_lost_is_whole_again_when_it_is_sent_again(api: Api, service: Running) -> None:
    case_no = (await api.opened())["case_no"]
    photo = pictures.photo(size=(48, 36))
    sent = (await send(api, case_no, photo)).json()
    shelf = FileShelf(service.files)
    shelf.drop(sent["id"])
    await refused(await api.get(api.root(sent["url"])), 404)
    assert (await send(api, case_no, photo)).json()["id"] == sent["id"]
    assert (await api.get(api.root(sent["url"]))).content == shelf.get(sent["id"])


async def test_what_a_customer_sends_is_evidence(api: Api, service: Running) -> None:
    case_no = (await api.opened())["case_no"]
    await api.act(case_no, "request_evidence", "agent", what=["漏水照片"])
    async with Api(service, token_of(service, "wang", ["customer"], case_no=case_no)) as customer:
        ours = (await send(api, case_no, pictures.photo("PNG"))).json()
        his = (await send(customer, case_no, pictures.photo())).json()
        listed = (await customer.get(f"/cases/{case_no}/files")).json()["items"]
        assert [file["id"] for file in listed] == [his["id"]]
        assert (await customer.get(customer.root(his["url"]))).status_code == 200
        await refused(await customer.get(customer.root(ours["url"])), 404)
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "requested"


async def test_a_file_is_found_only_in_its_own_case(api: Api) -> None:
    mine, other = [(await api.opened())["case_no"] for _ in range(2)]
    sent = (await send(api, mine, pictures.PDF, "invoice.jpg")).json()
    assert sent["media_type"] == "application/pdf"
    saved = await api.get(api.root(sent["url"]))
    assert saved.headers["content-disposition"] == f'attachment; filename="{sent["id"][:12]}.pdf"'
    await refused(await api.get(f"/cases/{other}/files/{sent['id']}"), 404)
    await refused(await api.get(f"/cases/{mine}/files/{'0' * 64}"), 404)
    await refused(await api.get(f"/cases/{mine}/files/..%2F..%2Fetc"), 404)
    await refused(await api.get(f"/cases/{mine}/files/passwd"), 404)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (pictures.bomb(), "file-refused"),
        (b"<script>alert(1)</script>", "file-refused"),
        (pictures.photo()[:150], "file-refused"),
        (b"", "invalid"),
    ],
)
async def test_what_is_not_kept_is_refused_in_one_sentence_and_leaves_nothing(
    api: Api, content: bytes, code: str
) -> None:
    case_no = (await api.opened())["case_no"]
    await refused(await send(api, case_no, content), 422, code)
    assert (await api.get(f"/cases/{case_no}/files")).json()["items"] == []


async def test_a_file_for_a_case_that_is_not_there_is_not_kept(api: Api) -> None:
    await refused(await send(api, "AC-99-999999", pictures.photo()), 404)


async def test_a_photo_may_be_the_body_itself(api: Api) -> None:
    case_no = (await api.opened())["case_no"]
    headings = {"Content-Type": "image/png"}
    sent = await api.post(f"/cases/{case_no}/files", content=pictures.photo("PNG"), headers=headings)
    assert sent.json()["media_type"] == "image/png"
    await refused(await api.post(f"/cases/{case_no}/files", json={"file": "x"}), 415)
