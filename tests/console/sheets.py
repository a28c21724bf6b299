"""The forms of a page as a browser reads them: where they go, what stands in them, and where somebody can write."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

#: Sorts of input that take words; whatever else a page offers is chosen, ticked or carried.
WRITABLE: Final = frozenset(
    {"text", "search", "tel", "email", "password", "number", "date", "datetime-local", "month", "time"}
)
WORDS: Final = frozenset({"text", "search", "textarea"})


@dataclass
class Sheet:
    """One form: what it carries as it stands, and the sort of every field in which somebody can write."""

    action: str
    method: str
    carried: dict[str, list[str]] = field(default_factory=dict)
    writable: dict[str, str] = field(default_factory=dict)

    @property
    def takes_words(self) -> bool:
        """Whether there is anything to write in it."""
        return not WORDS.isdisjoint(self.writable.values())

    def written(self, text: str) -> dict[str, list[str]]:
        """The form with this text in every field that takes words."""
        return {**self.carried, **{name: [text] for name, sort in self.writable.items() if sort in WORDS}}


class Sheets(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Sheet] = []
        self._area: str | None = None
        self._select: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Sheet(given.get("action", ""), given.get("method", "get").lower()))
        elif self.found and tag in ("input", "textarea", "select", "option"):
            getattr(self, f"_{tag}_tag")(self.found[-1], given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area and self.found:
            self.found[-1].carried[self._area] = [data]

    def _input_tag(self, sheet: Sheet, given: dict[str, str]) -> None:
        name, sort = given.get("name", ""), given.get("type", "text")
        if not name or sort in ("file", "submit", "button"):
            return
        if sort not in ("radio", "checkbox") or "checked" in given:
            sheet.carried.setdefault(name, []).append(given.get("value", ""))
        if sort in WRITABLE:
            sheet.writable[name] = sort

    def _textarea_tag(self, sheet: Sheet, given: dict[str, str]) -> None:
        self._area = given.get("name", "")
        sheet.writable[self._area] = "textarea"
        sheet.carried[self._area] = [""]

    def _select_tag(self, sheet: Sheet, given: dict[str, str]) -> None:
        self._select = given.get("name", "")

    def _option_tag(self, sheet: Sheet, given: dict[str, str]) -> None:
        chosen = self._select and ("selected" in given or self._select not in sheet.carried)
        if chosen and self._select and "disabled" not in given:
            sheet.carried[self._select] = [given.get("value", "")]
