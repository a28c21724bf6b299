"""The rail at the side: the pages that somebody may open, by chapter, with how much waits behind each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from console import access
from console.language import N_
from models.lifecycle import Role

if TYPE_CHECKING:
    from console.visit import Visit

#: The chapters in their order; the first has no heading. Those in `FOLDED` are closed until one of their pages is open.
DESK, GOODS, MONEY, LEADING, SETTINGS = "desk", "goods", "money", "leading", "settings"
CHAPTERS: Final[Mapping[str, str]] = {
    DESK: "",
    GOODS: N_("Goods"),
    MONEY: N_("Money"),
    LEADING: N_("Management"),
    SETTINGS: N_("Settings"),
}
FOLDED: Final = frozenset({SETTINGS})
#: With so few entries a rail needs no chapters.
FEW: Final = 8


@dataclass(frozen=True)
class Entry:
    """A page in the rail: its route, its words, its icon in `parts/ui.html`, the key behind `g`, its chapter.

    `within` are routes of pages behind it, on which the entry is marked too. `counted`: `store.oversight.waiting` has
    under the page's name how much waits there.
    """

    page: str
    words: str
    icon: str
    key: str = ""
    chapter: str = DESK
    within: tuple[str, ...] = ()
    counted: bool = False


#: Changing a file begins at what is in force; what a change does to open cases is asked of calendars most of all.
_CHANGING: Final = ("playbook", "playbook_road", "playbook_history", "drafts", "draft", "publish_draft", "trial")
_COUNTING: Final = ("calendar", "calendar_history", "rebases", "rebase_preview", "rebase")
#: A page that is not in `access.MAY` for somebody is not shown to him. Within a chapter the order is this one.
ENTRIES: Final[tuple[Entry, ...]] = (
    # The first that somebody may open is where he begins; only the warehouse opens its station.
    Entry("warehouse", N_("Goods in"), "box", "w", GOODS),
    Entry("work", N_("My work"), "work", "m", within=("work_skip_form",), counted=True),
    Entry("new_case", N_("Open a case"), "plus", "n"),
    Entry("cases", N_("Cases"), "list", "c", within=("case", "case_form")),
    Entry("callbacks", N_("Callbacks"), "phone", "b", within=("callback",), counted=True),
    Entry("inspection", N_("Inspection"), "search", "i", GOODS, within=("inspect",), counted=True),
    Entry("parcels", N_("Shelf"), "box", "", GOODS, within=("parcel",), counted=True),
    Entry("holds", N_("Held orders"), "hand", "h", GOODS, counted=True),
    Entry("loaners", N_("Loaners"), "wrench", "", GOODS),
    Entry("payouts", N_("Payouts"), "wallet", "p", MONEY, within=("check_batch",), counted=True),
    Entry("remittances", N_("Transfers in"), "arrow", "", MONEY, counted=True),
    Entry("receivables", N_("Owed to us"), "hand", "", MONEY, counted=True),
    Entry("claims", N_("Claims"), "truck", "", MONEY, within=("claim",), counted=True),
    Entry("registers", N_("Registers"), "list", "", MONEY, within=("register",)),
    Entry("books", N_("Books"), "note", "", MONEY),
    Entry("approvals", N_("Approvals"), "check", "a", LEADING, counted=True),
    Entry("stuck", N_("Stuck"), "alert", "s", LEADING, within=("check_bulk", "bulks", "bulk"), counted=True),
    Entry("service_levels", N_("Service levels"), "clock", "l", LEADING, within=("breaches",)),
    Entry("reports", N_("Reports"), "chart", "r", LEADING, within=("report", "report_cases")),
    Entry("duty", N_("Duty"), "moon", "d", within=("handovers", "handover"), counted=True),
    Entry("staff", N_("Staff"), "people", "", SETTINGS, within=("staff_person",)),
    Entry("users", N_("Who signs in"), "person", "", SETTINGS, within=("user",)),
    Entry("tokens", N_("API tokens"), "gear", "", SETTINGS),
    Entry("webhooks", N_("Webhooks out"), "link", "", SETTINGS, within=("webhook", "delivery")),
    Entry("calls_in", N_("Calls from outside"), "arrow", "", SETTINGS, within=("call_in",)),
    Entry("sweeps", N_("Sweeps"), "clock", "", SETTINGS),
    Entry("playbooks", N_("Playbooks"), "note", "", SETTINGS, within=_CHANGING),
    Entry("calendars", N_("Calendars"), "clock", "", SETTINGS, within=_COUNTING),
)


@dataclass(frozen=True)
class Shown:
    """An entry as one person sees it; `count` is how much waits there, 0 for nothing or where nobody counts."""

    entry: Entry
    address: str
    words: str
    current: bool
    count: int = 0


@dataclass(frozen=True)
class Chapter:
    """Entries under a heading; without words it has none. What folds is open while one of its pages is."""

    name: str
    words: str
    entries: tuple[Shown, ...]
    folds: bool = False

    @property
    def folded(self) -> bool:
        return self.folds and not any(one.current for one in self.entries)

    @property
    def count(self) -> int:
        """How much waits behind all of them."""
        return sum(one.count for one in self.entries)


def counted(roles: frozenset[Role]) -> tuple[str, ...]:
    """The pages whose number somebody of these roles sees."""
    return tuple(one.page for one in ENTRIES if one.counted and access.may_open(roles, one.page))


def menu(here: "Visit", at: str | None = None) -> list[Shown]:
    """The entries that this person may open, in the order of `ENTRIES`; `at` is the page where he is."""
    route = here.request.scope.get("route")
    now_at = at if at is not None else getattr(route, "name", "")
    return [
        Shown(entry, here.url(entry.page), here.tongue.say(entry.words), _is_at(entry, now_at), _count(here, entry))
        for entry in ENTRIES
        if here.may(entry.page)
    ]


def _is_at(entry: Entry, page: str) -> bool:
    return page == entry.page or page in entry.within


def _count(here: "Visit", entry: Entry) -> int:
    return here.waiting.get(entry.page, 0) if entry.counted else 0


def chapters(here: "Visit", shown: Iterable[Shown]) -> list[Chapter]:
    """The entries by chapter; a few stand together without headings."""
    every = list(shown)
    if len(every) <= FEW:
        return [Chapter(DESK, "", tuple(every))]
    return [found for name, words in CHAPTERS.items() if (found := _chapter(here, name, words, every)).entries]


def _chapter(here: "Visit", name: str, words: str, every: Iterable[Shown]) -> Chapter:
    mine = tuple(one for one in every if one.entry.chapter == name)
    return Chapter(name, here.tongue.say(words) if words else "", mine, name in FOLDED)
