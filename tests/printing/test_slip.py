"""The return slip as it comes out of a printer: rendered, looked at, and its codes read back."""

from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import Invalid
from playbooks.loading.load import SHIPPED as PLAYBOOKS
from playbooks.loading.load import load_playbooks
from printing.glyphs import MISSING, characters, missing, shown
from printing.slip import PAPERS, Goods, Paper, Slip, printed
from printing.words import WORDS

SLIP = Slip(
    code="AC-26-000042-DEMO",
    case_no="AC-26-000042",
    order_no="20261103-88417",
    name="欧阳喆",
    phone="138 0013 8000",
    goods=(Goods("烧水壶 1.7 升", "KET-17", 1), Goods("滤网", "KET-F", 2)),
    shop="示范店",
    address="示例省样板市演示区不存在路0号 示范店售后部 000000",
    instructions=("商品、配件、说明书一起装好。", "寄出后把快递单号填到售后单里。"),
    until="11月24日 18:00",
)
#: Millimetres in a point of PDF.
POINT = 25.4 / 72


def codes(pdf: bytes, scale: float = 3) -> dict[str, str]:
    """What a scanner reads on the first page."""
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=scale).to_pil()
    return {str(found.format): found.text for found in zxingcpp.read_barcodes(image)}


def text_of(pdf: bytes) -> str:
    return str(pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range())


@pytest.mark.parametrize("paper", PAPERS)
def test_a_scanner_reads_the_case_from_both_codes_of_the_printed_page(paper: Paper) -> None:
    read = codes(printed(SLIP, paper).pdf)
    assert read == {"QR Code": "AC-26-000042-DEMO", "Code 128": "AC-26-000042-DEMO"}


@pytest.mark.parametrize(("paper", "size"), [("a6", (105, 148)), ("a4", (210, 297))])
def test_it_is_one_page_of_its_paper(paper: Paper, size: tuple[int, int]) -> None:
    many = replace(SLIP, goods=tuple(Goods(f"杯子 {number}", f"CUP-{number}", 1) for number in range(60)))
    document = pypdfium2.PdfDocument(printed(many, paper).pdf)
    assert len(document) == 1
    assert tuple(round(side * POINT) for side in document[0].get_size()) == size


def test_everything_that_goods_in_and_the_customer_need_stands_on_it() -> None:
    told = text_of(printed(SLIP).pdf).replace("\r\n", "")
    for expected in ("示范店", "AC-26-000042", "20261103-88417", "欧阳喆", "138 0013 8000", "2 × 滤网", "不存在路0号"):
        assert expected in told
    assert "请在11月24日 18:00前寄出" in told
    assert "寄出后把快递单号填到售后单里" in told


def test_an_english_slip_speaks_english() -> None:
    english = replace(SLIP, language="en", instructions=("Pack all parts.",), until="24 November, 18:00")
    told = text_of(printed(english).pdf)
    assert "Return slip" in told
    assert "Please send it by 24 November, 18:00." in told


def test_goods_that_do_not_fit_are_counted() -> None:
    many = replace(SLIP, goods=tuple(Goods(f"杯子 {number}", f"CUP-{number}", 1) for number in range(9)))
    told = text_of(printed(many, "a6").pdf)
    assert "CUP-3" in told
    assert "CUP-4" not in told
    assert "另有5种商品" in told


@pytest.mark.parametrize(
    "name", ["喆堃玥", "珺翀昇", "祎旻犇", "Łukasz Đặng", "Ólafur Þórðarson", "Ελένη", "Алексей", "山田さくら"]
)
def test_names_print_with_every_glyph(name: str) -> None:
    made = printed(replace(SLIP, name=name))
    assert made.missing == ()
    assert MISSING not in text_of(made.pdf)


def test_a_character_that_the_font_has_not_got_is_marked_and_named() -> None:
    made = printed(replace(SLIP, name="王䶮"))
    assert made.missing == ("䶮",)
    assert f"王{MISSING}" in text_of(made.pdf)


def test_every_character_of_gbk_can_be_printed() -> None:
    pairs = (bytes((high, low)) for high in range(0x81, 0xFF) for low in range(0x40, 0xFF))
    gbk = {text for pair in pairs if len(text := pair.decode("gbk", "ignore")) == 1}
    han = [text for text in gbk if "\u4e00" <= text <= "\u9fa5"]
    assert len(han) == 20902
    assert missing(han) == ()


def test_all_that_the_shipped_shop_says_can_be_printed() -> None:
    shop = load_playbooks(PLAYBOOKS).shop
    words = [str(value) for language in WORDS.values() for value in vars_of(language)]
    said = [*shop.slip.zh, *shop.slip.en, shop.names.zh, shop.names.en, shop.return_address.zh, shop.return_address.en]
    assert missing([*words, *said]) == ()


def vars_of(words: object) -> list[str]:
    return [getattr(words, name) for name in type(words).__dataclass_fields__]  # type: ignore[attr-defined]


def test_a_font_that_is_none_is_refused_with_what_to_do(tmp_path: Path) -> None:
    wrong = tmp_path / "font.ttf"
    wrong.write_bytes(b"no font at all")
    with pytest.raises(Invalid, match="AFTERCARE_FONT"):
        printed(SLIP, font=wrong)
    with pytest.raises(Invalid, match="AFTERCARE_FONT"):
        characters(tmp_path / "nowhere.ttf")


@settings(max_examples=25, deadline=None)
@given(name=st.text(max_size=300), address=st.text(max_size=500), sku=st.text(max_size=100))
def test_whatever_is_written_the_codes_stay_readable(name: str, address: str, sku: str) -> None:
    odd = replace(SLIP, name=name or None, address=address, goods=(Goods(name, sku, 1),) * 3)
    assert codes(printed(odd, "a6").pdf)["QR Code"] == SLIP.code


@given(st.text(max_size=80))
def test_what_is_shown_is_one_line_that_the_font_has(text: str) -> None:
    line = shown(text)
    assert missing([line]) == ()
    assert "\n" not in line
