"""A return slip on its page: what is drawn where."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import WrapMode

from printing.codes import QUIET_AROUND_QR, QUIET_BESIDE_BARS, bars, qr
from printing.glyphs import SHIPPED, missing, shown
from printing.slip import Goods, Paper, Printed, Slip
from printing.words import WORDS, Language

_FAMILY = "slip"


@dataclass(frozen=True, slots=True)
class _Form:
    """The measures of a paper, in millimetres and points."""

    width: float
    height: float
    margin: float
    text: float
    most_goods: int

    @property
    def inner(self) -> float:
        return self.width - 2 * self.margin


_FORMS: dict[Paper, _Form] = {
    "a6": _Form(width=105, height=148, margin=6, text=9.5, most_goods=5),
    "a4": _Form(width=210, height=297, margin=18, text=15, most_goods=16),
}


def drawn(slip: Slip, paper: Paper, font: Path | None) -> Printed:
    """The slip on one page; `printing.slip.printed` is its door."""
    used = font or SHIPPED
    lacking = missing(slip.texts, used)
    sheet = _Sheet(_FORMS[paper], used, slip.language)
    sheet.head(slip)
    sheet.bar_code(slip.code)
    sheet.who(slip)
    sheet.address(slip.address)
    sheet.goods(slip.goods)
    sheet.instructions(slip.instructions, slip.until)
    return Printed(bytes(sheet.output()), lacking)


class _Sheet(FPDF):
    """A page that is filled from top to bottom."""

    def __init__(self, form: _Form, font: Path, language: Language) -> None:
        super().__init__(unit="mm", format=(form.width, form.height))
        self.form, self.file, self.words = form, font, WORDS[language]
        self.set_auto_page_break(False)
        self.set_margin(form.margin)
        self.c_margin = 0
        self.add_font(_FAMILY, fname=font)
        self.set_title(self.words.title)
        self.add_page()

    def write_at(self, size: float, text: str, width: float, lines: int = 1) -> None:
        """So many lines of text at most, broken between any two Chinese characters; what is longer ends in dots."""
        self.set_font(_FAMILY, size=size)
        height = size * 0.46
        told = shown(text, self.file)
        wrapped = self.multi_cell(width, height, told, align="L", wrapmode=WrapMode.CHAR, dry_run=True, output="LINES")
        parts: list[str] = wrapped if isinstance(wrapped, list) else []
        if len(parts) > lines:
            parts = [*parts[: lines - 1], f"{parts[lines - 1][:-2]}…"]
        for part in parts:
            self.cell(width, height, part, new_x="LEFT", new_y="NEXT")

    def head(self, slip: Slip) -> None:
        """Whose slip it is, its number in large type, and the QR code in the corner."""
        form, side = self.form, self.form.inner * 0.3
        top = self.get_y()
        self.square_code(slip.code, form.width - form.margin - side, top, side)
        left = form.inner - side - 2
        self.write_at(form.text, slip.shop, left)
        self.write_at(form.text * 1.8, self.words.title, left)
        self.write_at(form.text * 1.5, slip.case_no, left)
        if slip.order_no:
            self.write_at(form.text, f"{self.words.order} {slip.order_no}", left, lines=2)
        self.set_y(max(self.get_y(), top + side) + 2)

    def square_code(self, code: str, x: float, y: float, side: float) -> None:
        """A QR code with the light border that readers need inside its square."""
        rows = qr(code)
        module = side / (len(rows) + 2 * QUIET_AROUND_QR)
        for down, row in enumerate(rows, QUIET_AROUND_QR):
            self._dark(row, x + QUIET_AROUND_QR * module, y + down * module, module, module)

    def bar_code(self, code: str) -> None:
        """A Code 128 across the page, with its text below for whoever has no scanner."""
        modules, height = bars(code), self.form.inner * 0.13
        module = self.form.inner / (len(modules) + 2 * QUIET_BESIDE_BARS)
        self._dark(modules, self.form.margin + QUIET_BESIDE_BARS * module, self.get_y(), module, height)
        self.set_y(self.get_y() + height + 0.5)
        self.set_font(_FAMILY, size=self.form.text)
        self.cell(self.form.inner, self.form.text * 0.5, code, align="C", new_x="LMARGIN", new_y="NEXT")
        self.set_y(self.get_y() + 1)

    def _dark(self, modules: Iterable[bool], x: float, y: float, width: float, height: float) -> None:
        """Dark modules beside each other as one rectangle: seams between them would show in print."""
        begins: float | None = None
        for number, dark in enumerate((*modules, False)):
            if dark and begins is None:
                begins = x + number * width
            elif not dark and begins is not None:
                self.rect(begins, y, x + number * width - begins, height, style="F")
                begins = None

    def who(self, slip: Slip) -> None:
        """Whose goods they are."""
        named = [slip.name, slip.phone]
        told = "  ".join(text for text in named if text)
        if told:
            self.write_at(self.form.text, f"{self.words.sender} {told}", self.form.inner, lines=2)

    def address(self, address: str) -> None:
        """Where the parcel goes, in a frame."""
        top = self.get_y() + 1
        self.set_xy(self.form.margin + 2, top + 1.5)
        self.write_at(self.form.text, self.words.to, self.form.inner - 4)
        self.write_at(self.form.text * 1.25, address, self.form.inner - 4, lines=4)
        self.rect(self.form.margin, top, self.form.inner, self.get_y() - top + 1.5)
        self.set_xy(self.form.margin, self.get_y() + 3)

    def goods(self, goods: tuple[Goods, ...]) -> None:
        """What should be inside; goods-in compares (G3)."""
        most = self.form.most_goods
        kept = goods if len(goods) <= most else goods[: most - 1]
        for one in kept:
            self.write_at(self.form.text, f"{one.quantity} × {one.name}  {one.sku}", self.form.inner, lines=2)
        if len(goods) > len(kept):
            self.write_at(self.form.text, self.words.more.format(len(goods) - len(kept)), self.form.inner)
        self.set_y(self.get_y() + 1.5)

    def instructions(self, lines: tuple[str, ...], until: str | None) -> None:
        """What the customer does, in his own language, as far as the page reaches."""
        told = (*((self.words.until.format(until),) if until else ()), *lines)
        for number, line in enumerate(told, 1):
            if self.get_y() < self.form.height - self.form.margin - self.form.text:
                self.write_at(self.form.text, f"{number}. {line}", self.form.inner, lines=2)
