"""The return slip over HTTP: only for an approved return, and read back at goods-in (G1)."""

import pypdfium2
import pytest
import zxingcpp

from tests.api.client import Api, an_order


def scanned(pdf: bytes) -> set[str]:
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=3).to_pil()
    return {found.text for found in zxingcpp.read_barcodes(image)}


async def approved(api: Api, **over: object) -> str:
    order = await api.sold(**over)
    case_no = str((await api.opened(order_no=order["order_no"]))["case_no"])
    await api.act(case_no, "authorise_return", "agent")
    return case_no


async def test_what_the_printer_prints_the_scanner_at_goods_in_reads(api: Api) -> None:
    case_no = await approved(api)
    answer = await api.get(f"/cases/{case_no}/slip")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    (code,) = scanned(answer.content)
    assert code == f"{case_no}-DEMO"
    booked = (await api.post("/parcels/scan", json={"code": code})).json()
    assert (booked["case"]["case_no"], booked["case"]["state"]) == (case_no, "received")


async def test_nothing_unapproved_is_shipped_back_so_there_is_no_slip_for_it(api: Api) -> None:
    case_no = (await api.opened())["case_no"]
    answer = await api.get(f"/cases/{case_no}/slip")
    assert answer.status_code == 409
    assert "approved return" in answer.json()["detail"]
    assert (await api.get("/cases/AC-99-999999/slip")).status_code == 404


@pytest.mark.parametrize(
    ("customer", "asked", "title"),
    [
        ({"language": "zh-CN", "country": "GB"}, None, "退货随件单"),
        ({"language": "en"}, None, "Return slip"),
        ({"country": "GB"}, None, "Return slip"),
        ({}, None, "退货随件单"),
        ({"language": "zh-CN"}, "en", "Return slip"),
    ],
)
async def test_it_speaks_the_customers_language(
    api: Api, customer: dict[str, str], asked: str | None, title: str
) -> None:
    case_no = await approved(api, customer={**an_order()["customer"], **customer})
    answer = await api.get(f"/cases/{case_no}/slip", params={"paper": "a4", **({"language": asked} if asked else {})})
    page = pypdfium2.PdfDocument(answer.content)[0]
    assert title in page.get_textpage().get_text_range()


async def test_a_name_that_the_font_cannot_show_is_said(api: Api) -> None:
    case_no = await approved(api, customer={**an_order()["customer"], "name": "王䶮"})
    assert (await api.get(f"/cases/{case_no}/slip")).headers["Aftercare-Missing-Glyphs"] == "U+4DAE"


async def test_the_slip_of_another_shop_lies_on_the_shelf_and_moves_no_case_of_ours(api: Api) -> None:
    case_no = await approved(api)
    answer = (await api.post("/parcels/scan", json={"code": f"{case_no}-OTHER"})).json()
    assert answer["case"] is None
    assert "another shop (OTHER)" in answer["unmatched"]["note"]
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "awaiting_return"


@pytest.mark.parametrize(("asked", "status"), [({"paper": "a3"}, 422), ({"language": "fr"}, 422)])
async def test_what_is_not_printed_is_refused(api: Api, asked: dict[str, str], status: int) -> None:
    case_no = await approved(api)
    assert (await api.get(f"/cases/{case_no}/slip", params=asked)).status_code == status
