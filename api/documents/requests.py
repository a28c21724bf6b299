"""What comes in over HTTP, as models with examples: the API's reference is made from them.

It is strict: an unknown field is refused, so that a misspelt one is not lost.
What goes out is in `api.documents.answers`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from models.accounting.settlement import SettledRemedy
from models.commands import (
    Amount,
    Channel,
    LineQuantity,
    Party,
    Percent,
    Printable,
    Remedy,
    Replacement,
    Score,
    Severity,
    Text,
    Word,
    Yes,
)
from models.lifecycle import Action, Role
from models.orders import CurrencyCode, OrderDocument
from models.oversight.breaches import REASONS

#: More text than any playbook needs.
MOST_TEXT = 200_000
#: More lines than any order has.
MOST_LINES = 5_000


Name = Annotated[str, Field(max_length=200), Printable]
#: A number that a path names; what cannot be one is simply not there.
Number = Annotated[str, Field(min_length=1, max_length=100), Printable]
#: What a scanner sends, without the blanks and line ends that some of them add.
Scanned = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Printable]


class Ask(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", frozen=True)


#: What `GET` adds to an order.
ADDED = frozenset({"cases", "holds", "refundable"})


def _order_alone(sent: object) -> object:
    return {name: value for name, value in sent.items() if name not in ADDED} if isinstance(sent, dict) else sent


#: An order as it is sent. What `GET` had added to it may come back with it, and is left aside.
OrderSent = Annotated[OrderDocument, BeforeValidator(_order_alone)]


class PreviewAsk(Ask):
    """What a refund, exchange or repair would come to; nothing moves (F20)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"lines": [{"line_no": 1, "quantity": 1}], "remedy": "refund", "party_liable": "seller"}]
        }
    )

    lines: tuple[LineQuantity, ...] = Field(default=(), max_length=MOST_LINES)
    remedy: SettledRemedy
    party_liable: Party = "seller"
    return_freight: Amount | None = Field(None, description="what the customer paid to send the goods back")
    replacement_freight: Amount | None = Field(None, description="what the way to the customer costs")
    replacement: Replacement | None = Field(None, description="what is sent instead; its price decides a difference")
    amount: Amount | None = Field(None, description="what a keep-it or an adjusted price pays")
    reduction_percent: Percent = Field(0, description="withheld of a refund, for use or damage by the customer (F16)")
    kind: Word | None = Field(None, description="the kind of case, whose playbook's limits and terms hold")
    subcategory: Word | None = Field(None, description="the kind's subcategory, where it changes them")
    case_no: Number | None = Field(
        None, description="a case of this order: its own facts hold, so that what is shown is what it carries out (F20)"
    )
    net_receivable: Yes = Field(False, description="with a case: what the customer owes for freight is taken off (F24)")
    in_advance: Yes = Field(False, description="with a case: the exchange leaves against a deposit (G5)")


class RebaseAsk(Ask):
    """Which open cases a rebase is about: those on these calendars (none named = on any), or those of one kind."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"calendars": ["shop_cn"]}, {"playbook": "wrong_item"}]})

    calendars: tuple[Word, ...] = Field(default=(), max_length=100, description="names of calendars in force")
    playbook: Word | None = Field(None, description="or a kind, whose open cases go under its version in force")


class RebaseConfirmation(RebaseAsk):
    """A rebase that was looked at, by the id of its preview."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"calendars": ["shop_cn"], "preview_id": "5e0f1d2c3b4a59687766", "reason": "the notice for 2027 is out"}
            ]
        }
    )

    preview_id: Number
    reason: Text


class TextAsk(Ask):
    """A changed file of playbooks or calendars, as it would be saved."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "kind: wrong_item\nlike: wrong_item\n"}]})

    text: str = Field(max_length=MOST_TEXT, pattern=r"^[^\x00]*$", description="YAML; at most 200,000 characters")


class TrialAsk(TextAsk):
    """A changed playbook, to be tried on the cases of its kind that were opened in the last days."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "kind: wrong_item\nlike: wrong_item\n", "days": 30}]}
    )

    days: int = Field(30, ge=1, le=3650, strict=True)


class PublishAsk(TextAsk):
    """A changed file to go into force, and the version that it was compared with (F20)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "kind: wrong_item\nlike: wrong_item\nreopen_days: 60\n",
                    "before": "1-adc81dbf61",
                    "reason": "customers come back later than we thought",
                }
            ]
        }
    )

    before: Number | None = Field(None, description="`before` of the check; null for what is new")
    reason: Text


class Contact(Ask):
    """Whom to ask about this case, where it is not the order's customer."""

    name: Name | None = None
    phone: Name | None = None
    email: Name | None = None


class ClaimedLine(LineQuantity):
    """Units of a line, with the serial numbers that the customer names, where the warranty goes by them."""

    serials: tuple[Word, ...] = Field(default=(), max_length=100)


class AboutAsk(Ask):
    """What a complaint is about (T15); `person` is the staff's id, who then never owns the case."""

    when: Text | None = None
    where: Text | None = None
    person: Word | None = None
    departments: tuple[Word, ...] = Field(default=(), max_length=10)


class AnnouncedAsk(Ask):
    """A bank transfer that was announced, and is waited for (L12)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": "347.60", "currency": "CNY", "payer": "王小明"}]}
    )

    amount: Amount
    currency: CurrencyCode
    payer: Word | None = None


class OpenAsk(Ask):
    """A new case; the playbook says which kinds need no order or lines. Without a kind, likely ones are proposed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "order_no": "20260302-0017",
                    "kind": "quality_fault",
                    "lines": [{"line_no": 1, "quantity": 1}],
                    "wanted": "refund",
                    "description": "壶底漏水，通电后跳闸",
                    "contact": {"name": "王小明", "phone": "13800138000"},
                    "channel": "phone",
                }
            ]
        }
    )

    order_no: Number | None = None
    kind: Word | None = None
    subcategory: Word | None = None
    lines: tuple[ClaimedLine, ...] = Field(default=(), max_length=MOST_LINES)
    wanted: Remedy | None = None
    description: Text | None = None
    contact: Contact | None = None
    channel: Word | None = None
    severity: Severity | None = None
    owner: Word | None = None
    about: AboutAsk | None = None
    announced: AnnouncedAsk | None = None


class OpenCase(OpenAsk):
    """A new case of a kind that was named."""

    kind: Word


class ProposeAsk(Ask):
    """A customer's words, and the order they are about where it is known."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "杯子到了就是碎的，盒子也压扁了", "order_no": "20260302-0017"}]}
    )

    text: Text
    order_no: Number | None = None


class LinkAsk(Ask):
    """A link for the customer; `fresh` ends all that were made before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"fresh": False}]})

    fresh: Yes = False


class CommandEnvelope(BaseModel):
    """A command to a case: the data of each action is in `GET /lifecycle`.

    The actor comes from the token; only a token that may act for others, or has several roles, says it here.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"action": "authorise_return", "command_id": "5d1c…", "data": {}},
                {
                    "action": "ship_return",
                    "actor": {"id": "wang", "role": "customer"},
                    "data": {"carrier": "sf", "waybill": "SF1029384756", "freight": "12.00"},
                },
            ]
        }
    )

    action: Action
    actor: "EnvelopeActor | None" = None
    command_id: Word | None = Field(None, description="unique; the same one twice has one effect")
    data: dict[str, Any] = Field(default_factory=dict)


class EnvelopeActor(BaseModel):
    """Who acts, and as what."""

    id: Word | None = None
    role: Role | None = None


class Paid(Ask):
    """The payment as finance's bank or provider names it."""

    reference: Word


class Failed(Ask):
    """Why a payout came back; a code that begins with `account` asks the customer for another account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "account_unknown", "note": "户名不符"}]})

    code: Word
    note: Text | None = None


class Clearing(Ask):
    """Store credit that is taken off a balance by hand, and why; without an amount all of it (R2)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"currency": "CNY", "amount": "20.00", "reason": "在门店付了现金"}]}
    )

    currency: CurrencyCode
    amount: Amount | None = None
    reason: Text


class ReadAsk(Ask):
    """Which letters were read; left out = all that are there."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": ["AC-26-000001:message:3>li"]}]})

    ids: tuple[Annotated[str, Field(max_length=500), Printable], ...] | None = Field(None, max_length=1_000)


_TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class QuietAsk(Ask):
    """Two times of day; over midnight where the second is earlier."""

    from_: _TimeOfDay = Field(alias="from")
    until: _TimeOfDay


class MailboxAsk(Ask):
    """How somebody is reached; what is left out stays, null = as the shop's settings say."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"language": "zh", "quiet": {"from": "22:00", "until": "08:00"}, "addresses": ["feishu://…"]}]
        }
    )

    language: Literal["zh", "en"] | None = None
    timezone: Name | None = None
    quiet: QuietAsk | None = None
    addresses: tuple[Annotated[str, Field(max_length=1_000), Printable], ...] = Field((), max_length=10)

    def changes(self) -> dict[str, Any]:
        """What was sent, as the mailbox keeps it."""
        sent = {name: getattr(self, name) for name in self.model_fields_set - {"quiet"}}
        if "quiet" in self.model_fields_set:
            sent["quiet_from"] = self.quiet.from_ if self.quiet else None
            sent["quiet_until"] = self.quiet.until if self.quiet else None
        return sent


class CallbackMissed(Ask):
    """A try that reached nobody (T5)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "phone", "note": "响了没人接"}]})

    channel: Channel | None = None
    note: Text | None = None


class CallbackDone(Ask):
    """The survey: polite, promise kept, competent, solved; 1 to 5 each, and free words (T7)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"satisfied": True, "scores": {"polite": 5, "solved": 4}, "words": "很好", "channel": "phone"}]
        }
    )

    satisfied: Yes
    scores: dict[Literal["polite", "promise_kept", "competent", "solved"], Score] = Field(default_factory=dict)
    words: Text | None = None
    channel: Channel | None = None
    no_more_calls: Yes = Field(False, description="the customer asked not to be called again; of periodic callbacks")


class BreachSaid(Ask):
    """Why a clock was missed (T10, T13)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "workload", "note": "大促周末"}]})

    reason: Literal[REASONS]  # type: ignore[valid-type]
    note: Annotated[str, Field(min_length=1, max_length=2000), Printable] | None = None


class NoCalls(Ask):
    """Whether a customer wants no periodic calls (T6)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"no_calls": True, "note": "客户要求"}]})

    no_calls: Yes
    note: Text | None = None
