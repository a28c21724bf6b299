"""Boxes that came in, as they go in and out over HTTP (G1, G2)."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, model_validator

from api.documents.answers import CaseShown, Shown
from api.documents.requests import Ask, EnvelopeActor, Scanned
from models.case import Case
from models.commands import Printable, Text, Word, Yes
from models.goods.parcels import Proposal
from models.masking import masked
from store.goods.parcels import Parcel

ParcelNo = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Printable]
BoxNo = Annotated[int, Field(strict=True, ge=1, le=1000)]
Grams = Annotated[int, Field(strict=True, ge=1, le=10_000_000)]
CaseNos = Annotated[tuple[ParcelNo, ...], Field(min_length=1, max_length=20)]


class Scan(Ask):
    """What the scanner read, and what else can be read off the box (G1, G2)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": "SF1029384756"},
                {
                    "code": "AC-26-000042-DEMO",
                    "waybill": "SF1029384756",
                    "box": 1,
                    "of": 2,
                    "scan_id": "3-101502",
                },
                {"code": "SF1029384756", "case_nos": ["AC-26-000042", "AC-26-000043"]},
                {"note": "湿箱，面单看不清，尾号 8000", "product": "KETTLE-17", "grams": 2140},
            ]
        }
    )

    code: Scanned | None = Field(
        None, description="a slip's code, a waybill or an order number; left out when nothing can be read"
    )
    waybill: Scanned | None = Field(None, description="the waybill, where something else was scanned")
    case_nos: CaseNos | None = Field(None, description="the cases that are in the box, where the code fits several")
    box: BoxNo | None = Field(None, description="its number, where one delivery has several boxes")
    of: BoxNo | None = Field(None, description="how many boxes that delivery has")
    scan_id: Word | None = Field(None, description="the scanner's own id of this scan: the same again is the same")
    another: Yes = Field(
        False, description="it is another box, although its code was scanned a moment ago; goes with a `scan_id`"
    )
    grams: Grams | None = Field(None, description="its weight")
    note: Text | None = None
    sender_name: Word | None = Field(None, description="the sender on the label")
    sender_phone: Word | None = Field(None, description="his telephone; only its end is kept")
    product: Word | None = Field(None, description="what is in it: a SKU or a name")
    actor: EnvelopeActor | None = Field(
        None, description="who held the scanner, where a token that may act for others scans for several people"
    )
    invoice_enclosed: Yes | None = Field(None, description="whether the paper invoice came with it (G15)")

    @model_validator(mode="after")
    def _something(self) -> "Scan":
        if not (self.code or self.waybill or self.note or self.case_nos):
            raise ValueError("nothing tells this box from another: send a code, a waybill or a note")
        if self.another and self.scan_id is None:
            raise ValueError("another box needs a scan_id, by which the same call again is the same box")
        if self.box is not None and self.of is not None and self.box > self.of:
            raise ValueError("its number is greater than the number of boxes")
        return self


class DescribeAsk(Ask):
    """What more can be read off a box, or what was read wrongly; what is left out stays (G2)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"grams": 2140, "note": "湿箱，面单看不清", "sender_phone": "8000"}]}
    )

    waybill: Scanned | None = None
    grams: Grams | None = None
    note: Text | None = None
    sender_name: Word | None = None
    sender_phone: Word | None = Field(None, description="his telephone; only its end is kept")
    product: Word | None = Field(None, description="what is in it: a SKU or a name")

    @model_validator(mode="after")
    def _something(self) -> "DescribeAsk":
        if not self.model_fields_set:
            raise ValueError("say at least one thing about the box")
        return self


class MatchAsk(Ask):
    """Whose it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"case_nos": ["AC-26-000042"]}]})

    case_nos: CaseNos
    actor: EnvelopeActor | None = Field(None, description="who says so, as in a scan")


class DisposeAsk(Ask):
    """Why it is disposed of."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "90 天无人认领"}]})

    reason: Text


class SendBackAsk(Ask):
    """Why it goes back to its sender, and with which courier."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "不是我们的货", "carrier": "sf", "waybill": "SF1029384799"}]}
    )

    reason: Text
    carrier: Word | None = None
    waybill: Word | None = None


_PARCEL: dict[str, Any] = {
    "id": "1f0c6a52b7d8",
    "code": "SF1029384756",
    "waybill": None,
    "box": None,
    "of": None,
    "grams": 2140,
    "note": "湿箱，面单看不清，尾号 8000",
    "sender_name": "•明",
    "phone_tail": "8000",
    "product": "KETTLE-17",
    "invoice_enclosed": None,
    "state": "on_shelf",
    "at": "2026-11-23T02:05:01+00:00",
    "by": "zhao",
    "due_at": "2027-02-21T02:05:01+00:00",
    "ended_at": None,
    "ended_by": None,
    "ended_role": None,
    "reason": None,
    "sent_carrier": None,
    "sent_waybill": None,
    "case_nos": [],
    "untold": [],
    "photos": [],
}


class ParcelShown(Shown):
    """A box. `state`: on_shelf, booked (its case was known), matched (found later), disposed, sent_back.

    `untold` are cases that do not know of it yet: scan it again, or wait a quarter of an hour.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_PARCEL]})

    id: str
    code: str
    waybill: str | None
    box: int | None
    of: int | None
    grams: int | None
    note: str | None
    product: str | None
    state: str
    at: AwareDatetime
    by: str
    due_at: AwareDatetime | None
    case_nos: tuple[str, ...]
    untold: tuple[str, ...]
    photos: tuple[dict[str, Any], ...]


class ProposalShown(Shown):
    """A case that the box may belong to, with what speaks for it; the higher the score, the likelier."""

    case_no: str
    order_no: str | None
    state: str
    score: int
    reasons: tuple[dict[str, Any], ...]


_PROPOSAL: dict[str, Any] = {
    "case_no": "AC-26-000042",
    "order_no": "KETTLE-0001",
    "state": "return_in_transit",
    "score": 70,
    "reasons": [{"why": "phone", "what": "8000", "zh": "电话尾号 8000", "en": "the telephone ends in 8000"}],
}


class ParcelWhole(ParcelShown):
    """With the cases that it may belong to, best first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_PARCEL, "proposals": [_PROPOSAL]}]})

    proposals: tuple[ProposalShown, ...]


class ParcelPage(Shown):
    """The longest here first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_PARCEL], "next_cursor": None}]})

    items: tuple[ParcelShown, ...]
    next_cursor: str | None


class ScannedShown(Shown):
    """The case that the parcel belongs to (`also`: further ones), or the parcel as it lies unmatched on the shelf.

    `repeated`: this box was scanned before, and nothing was done twice. `refused`: why a case did not take it.
    """

    case: CaseShown | None
    also: tuple[str, ...]
    unmatched: ParcelShown | None
    parcel: ParcelShown
    repeated: bool
    refused: str | None


class PhotoShown(Shown):
    """A photo of a box, and where it is fetched."""

    id: str
    media_type: str
    size: int
    url: str


# ── making them ───────────────────────────────────────────────────────────────────────────────────


def photo_address(parcel_id: str, file_id: str) -> str:
    """Where a photo of a box is fetched."""
    return f"/api/v1/parcels/{parcel_id}/files/{file_id}"


def parcel_document(parcel: Parcel) -> dict[str, Any]:
    """A box as the API shows it; its sender's name is masked."""
    shown = parcel.model_dump(mode="json", exclude={"photos", "scan_id"})
    photos = [{"id": photo, "url": photo_address(parcel.id, photo)} for photo in parcel.photos]
    name = masked(parcel.sender_name) if parcel.sender_name else None
    return {**shown, "sender_name": name, "photos": photos}


def choice_document(case: Case) -> dict[str, Any]:
    """A case among several that a code fits, with what tells it from the others."""
    lines = [{"line_no": line.line_no, "quantity": line.quantity, "name": line.name} for line in case.lines]
    order_no = case.order.order_no if case.order else None
    return {"case_no": case.case_no, "order_no": order_no, "state": case.state.value, "lines": lines}


_WORDS: dict[str, dict[Literal["zh", "en"], str]] = {
    "same_waybill": {"zh": "单号就是 {what}", "en": "its waybill is {what}"},
    "named": {"zh": "备注里写了 {what}", "en": "the note names {what}"},
    "near_waybill": {"zh": "单号像 {what}，只差一位", "en": "its waybill is nearly {what}"},
    "phone": {"zh": "电话尾号 {what}", "en": "the telephone ends in {what}"},
    "name": {"zh": "寄件人像 {what}", "en": "the sender may be {what}"},
    "product": {"zh": "商品是 {what}", "en": "the product is {what}"},
    "expected": {"zh": "正在等退货到仓", "en": "a parcel is expected about now"},
}


def proposal_document(one: Proposal) -> dict[str, Any]:
    """A proposal with its reasons in words; names are masked."""
    return {**one.model_dump(exclude={"reasons"}), "reasons": [_reason(r.why, r.what) for r in one.reasons]}


def _reason(why: str, what: str) -> dict[str, str]:
    shown = masked(what) if why == "name" else what
    return {"why": why, "what": shown, **{lang: text.format(what=shown) for lang, text in _WORDS[why].items()}}
