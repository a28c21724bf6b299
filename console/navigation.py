"""The rail at the side: the pages that somebody may open, in the order of a day's work."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from console.language import N_

if TYPE_CHECKING:
    from console.visit import Visit


@dataclass(frozen=True)
class Entry:
    """A page in the rail: its route, its words, its icon in `parts/icons.html`, the key behind `g`."""

    page: str
    words: str
    icon: str
    key: str = ""


#: A page that is not in `access.MAY` for somebody is not shown to him.
ENTRIES: Final[tuple[Entry, ...]] = (
    # The first that somebody may open is where he begins; only the warehouse opens its station.
    Entry("warehouse", N_("Goods in"), "box", "w"),
    Entry("work", N_("My work"), "work", "m"),
    Entry("new_case", N_("Open a case"), "plus", "n"),
    Entry("cases", N_("Cases"), "list", "c"),
    Entry("inspection", N_("Inspection"), "search", "i"),
    Entry("parcels", N_("Shelf"), "box"),
    Entry("payouts", N_("Payouts"), "wallet", "p"),
    Entry("approvals", N_("Approvals"), "check", "a"),
    Entry("stuck", N_("Stuck"), "alert", "s"),
    Entry("reports", N_("Reports"), "chart", "r"),
    Entry("duty", N_("Duty"), "moon", "d"),
    Entry("staff", N_("Staff"), "people"),
    Entry("users", N_("Who signs in"), "person"),
    Entry("sweeps", N_("Sweeps"), "clock"),
    Entry("playbooks", N_("Playbooks"), "note"),
    Entry("calendars", N_("Calendars"), "clock"),
)


@dataclass(frozen=True)
class Shown:
    """An entry as one person sees it."""

    entry: Entry
    address: str
    words: str
    current: bool


def menu(here: "Visit") -> list[Shown]:
    """The entries that this person may open."""
    route = here.request.scope.get("route")
    now_at = getattr(route, "name", "")
    return [
        Shown(entry, here.url(entry.page), here.tongue.say(entry.words), entry.page == now_at)
        for entry in ENTRIES
        if here.may(entry.page)
    ]
