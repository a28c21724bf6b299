"""What comes in and goes out over HTTP about staff and duty, as models with examples."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints

from api.documents.answers import Shown
from api.documents.requests import Ask, Name
from models.commands import Instant, Printable, Text, Word
from models.errors import DataRefused
from models.lifecycle import Role
from models.people.addresses import address


def _a_day_of_ours(value: date) -> date:
    if not 2000 <= value.year < 2100:
        raise ValueError("a day must lie between the years 2000 and 2099")
    return value


Day = Annotated[date, AfterValidator(_a_day_of_ours)]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


def _an_address(value: str) -> str:
    try:
        return address(value)
    except DataRefused as refused:
        raise ValueError(refused.detail) from None


#: An address with its secret, as the channels read it; what a provider's own page shows is taken too.
Address = Annotated[str, Field(min_length=1, max_length=1_000), Printable, AfterValidator(_an_address)]
#: Who acts, for integrations that may act for others.
ByWhom = Annotated[
    dict[Literal["id", "role"], Word] | None,
    Field(description="who acts, for a token that may act for others", examples=[{"id": "li.na", "role": "agent"}]),
]


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


# ── what comes in ─────────────────────────────────────────────────────────────────────────────────


class StaffAsk(Ask):
    """Somebody on the staff list; whatever is left out stays as it was."""

    model_config = _example(name="李娜", roles=["agent"], language="zh", quiet_hours=["22:00", "08:00"])

    name: Name | None = None
    roles: tuple[Role, ...] | None = Field(None, min_length=1, max_length=13)
    since: Instant | None = Field(None, description="the roles hold from then on; now, if left out")
    until: Instant | None = Field(None, description="leaves then; null calls a planned leaving off")
    language: Literal["zh", "en"] | None = None
    timezone: Word | None = Field(None, description="of the quiet hours; the shop's, if never said")
    quiet_hours: tuple[TimeOfDay, TimeOfDay] | None = Field(None, description="no letters between these times")
    channels: tuple[Address, ...] | None = Field(
        None, max_length=10, description="addresses for letters, secrets and all; they are never shown again"
    )
    phone: Name | None = None
    email: Name | None = None
    actor: ByWhom = None


class RotaAsk(Ask):
    """A rota for somebody from a day on."""

    model_config = _example(person="li.na", rota="ten_days", first_day="2026-12-01", begin_at=1)

    person: Word
    rota: Word | Annotated[tuple[Word, ...], Field(min_length=1, max_length=366)] = Field(
        description="a rota of duty.yaml by its name, or the shifts of its days"
    )
    first_day: Day
    last_day: Day | None = None
    begin_at: int = Field(1, ge=1, le=366, description="which day of the rota the first day is")
    actor: ByWhom = None


class AbsenceAsk(Ask):
    """Out of office; the reason is shown to managers and to the person only."""

    model_config = _example(
        **{"person": "li.na", "from": "2026-12-01T00:00:00+08:00", "until": "2026-12-08T00:00:00+08:00"},
        stand_in="wu.di",
    )

    person: Word | None = Field(None, description="oneself, if left out")
    begins: Instant = Field(alias="from")
    until: Instant
    stand_in: Word | None = None
    reason: Text | None = None
    actor: ByWhom = None


class SwapAsk(Ask):
    """A swap of duty: my shift of `day` for the partner's of `partner_day`, or for nothing in return."""

    model_config = _example(partner="wu.di", day="2026-12-03", partner_day="2026-12-05")

    partner: Word
    day: Day
    partner_day: Day | None = None
    note: Text | None = None
    actor: ByWhom = None


class SwapAnswer(Ask):
    """The partner's answer."""

    model_config = _example(agree=True)

    agree: bool
    note: Text | None = None
    actor: ByWhom = None


class HandoverAsk(Ask):
    """A handover of all open cases; `outgoing` is oneself, unless a manager begins it for somebody."""

    model_config = _example(to="sun.bo", note="王女士 16:00 会再打来")

    to: Word
    outgoing: Word | None = None
    note: Text | None = None
    actor: ByWhom = None


class HandoverAccept(Ask):
    """What is accepted: all of it, or the cases named."""

    model_config = _example(case_nos=["AC-26-000001"], note="另一单明天再交")

    case_nos: tuple[Word, ...] | None = Field(None, max_length=5000)
    note: Text | None = None
    actor: ByWhom = None


class Said(Ask):
    """A word that goes with an act."""

    model_config = _example(note="我今晚也不在")

    note: Text | None = None
    actor: ByWhom = None


# ── what goes out ─────────────────────────────────────────────────────────────────────────────────

STAFF: dict[str, Any] = {
    "id": "li.na",
    "name": "李娜",
    "roles": ["agent"],
    "with_us": True,
    "on_duty": True,
    "has_rota": True,
    "language": "zh",
    "timezone": None,
    "quiet_hours": ["22:00", "08:00"],
    "channels": ["dingtalk"],
    "phone": "•••••••8000",
    "email": None,
    "standings": [{"roles": ["agent"], "since": "2026-03-01T00:00:00+00:00", "by": "chen", "number": 1}],
    "rotas": [],
    "open_cases": 12,
}
ABSENCE: dict[str, Any] = {
    "id": "abs_3f2a91c07b1e",
    "person": "li.na",
    "from": "2026-11-30T16:00:00+00:00",
    "until": "2026-12-07T16:00:00+00:00",
    "stand_in": "wu.di",
    "recorded_at": "2026-11-22T06:00:00+00:00",
    "by": "li.na",
    "ended_at": None,
}
SWAP: dict[str, Any] = {
    "id": "swap_09ab44e1f0c2",
    "proposer": "li.na",
    "partner": "wu.di",
    "proposer_day": "2026-12-03",
    "partner_day": "2026-12-05",
    "state": "agreed",
    "note": None,
    "answer": None,
    "proposed_at": "2026-11-22T06:00:00+00:00",
    "answered_at": "2026-11-22T07:00:00+00:00",
}
HANDED: dict[str, Any] = {
    "case_no": "AC-26-000001",
    "shown": {
        "state": "requested",
        "due_at": "2026-11-23T10:00:00+00:00",
        "next_step": {
            "zh": "了解情况，给出最省钱又公平的方案",
            "en": "Understand it and offer the cheapest fair remedy",
        },
        "clocks": [{"clock": "triage", "due_at": "2026-11-23T10:00:00+00:00", "left": 28800}],
    },
    "accepted": True,
    "outcome": "moved",
}
HANDOVER: dict[str, Any] = {
    "id": "ho_77c1d20e9a44",
    "outgoing": "li.na",
    "incoming": "sun.bo",
    "state": "accepted",
    "note": "王女士 16:00 会再打来",
    "answer": None,
    "began_at": "2026-11-22T08:15:00+00:00",
    "begun_by": "li.na",
    "ended_at": "2026-11-22T08:27:00+00:00",
    "items": [HANDED],
}
SOMEBODY: dict[str, Any] = {
    "person": "li.na",
    "name": "李娜",
    "roles": ["agent"],
    "activity": "cases",
    "until": "2026-11-22T08:30:00+00:00",
}
AWAY: dict[str, Any] = {
    "person": "sun.bo",
    "name": "孙博",
    "roles": ["agent"],
    "until": "2026-11-22T07:30:00+00:00",
    "absent": False,
    "stand_in": None,
}
DAY: dict[str, Any] = {
    "day": "2026-12-03",
    "person": "wu.di",
    "shifts": ["day"],
    "hours": [["2026-12-03T01:00:00+00:00", "2026-12-03T04:00:00+00:00"]],
    "swapped": True,
    "absent": False,
}


class StaffShown(Shown):
    """Somebody on the staff list; telephone, mail and channels are hidden from those who need not see them."""

    model_config = ConfigDict(json_schema_extra={"examples": [STAFF]})

    id: str
    name: str
    roles: tuple[Role, ...]
    with_us: bool
    language: str
    channels: tuple[str, ...] = Field(description="by which channels letters come; never the addresses")
    phone: str | None
    email: str | None


class StaffList(Shown):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [STAFF], "next_cursor": None}]})

    items: tuple[StaffShown, ...]
    next_cursor: str | None


class OnDuty(Shown):
    """Who is on duty at an instant, and who is not."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"at": "2026-11-22T06:00:00+00:00", "on_duty": [SOMEBODY], "away": [AWAY]}]}
    )

    at: AwareDatetime
    on_duty: tuple[dict[str, Any], ...]
    away: tuple[dict[str, Any], ...]


class DutyDays(Shown):
    """The shifts of some days, and swapped shifts that nobody is there for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [DAY], "gaps": [], "next_cursor": None}]})

    items: tuple[dict[str, Any], ...]
    gaps: tuple[dict[str, Any], ...]
    next_cursor: str | None


class RotaShown(Shown):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"person": "li.na", "number": 1, "first_day": "2026-12-01", "last_day": None, "pattern": ["day", "off"]}
            ]
        }
    )

    person: str
    number: int
    first_day: date
    last_day: date | None
    pattern: tuple[str, ...]


class AbsenceShown(Shown):
    model_config = ConfigDict(json_schema_extra={"examples": [ABSENCE]})

    id: str
    person: str
    until: AwareDatetime
    stand_in: str | None


class AbsenceList(Shown):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [ABSENCE], "next_cursor": None}]})

    items: tuple[AbsenceShown, ...]
    next_cursor: str | None


class SwapShown(Shown):
    model_config = ConfigDict(json_schema_extra={"examples": [SWAP]})

    id: str
    proposer: str
    partner: str
    state: str


class SwapList(Shown):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [SWAP], "next_cursor": None}]})

    items: tuple[SwapShown, ...]
    next_cursor: str | None


class HandoverShown(Shown):
    """A handover with the cases that were listed, and what became of each."""

    model_config = ConfigDict(json_schema_extra={"examples": [HANDOVER]})

    id: str
    outgoing: str
    incoming: str
    state: str
    items: tuple[dict[str, Any], ...]


class HandoverList(Shown):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [HANDOVER], "next_cursor": None}]})

    items: tuple[HandoverShown, ...]
    next_cursor: str | None
