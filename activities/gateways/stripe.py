"""Stripe: refunds of a PaymentIntent or a charge, each found again by our key in its metadata."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import stripe
from stripe.params import RefundCreateParams, RefundListParams

from activities.gateways.gateway import PayoutOrder, Received, done, processing, refused, unknown
from activities.gateways.remote import Remote
from models.accounting.notices import DisputeNotice, DisputeSaid
from models.accounting.payments import NO_SUCH_PAYOUT, Answer
from models.accounting.refusals import STRIPE as CODES
from models.money import exponent

#: Where Stripe counts in other units than ISO 4217.
_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0}
#: How often a payout may be refused, mended and sent again.
_ROUNDS = 20


#: How a dispute stands; those that begin with `warning` are inquiries, for which no money was taken.
DISPUTE: Mapping[str, DisputeSaid] = {
    "needs_response": "opened",
    "under_review": "answered",
    "won": "won",
    "lost": "lost",
    "prevented": "won",
    "warning_needs_response": "opened",
    "warning_under_review": "answered",
    "warning_closed": "won",
}


class Stripe(Remote):
    """Refunds through Stripe. Every one carries our key twice: as Idempotency-Key, and in its metadata.

    Stripe forgets idempotency keys after a day and metadata never, so we look for the metadata before we send. Its own
    retries are off, because whoever calls us decides what happens next.
    """

    name = "stripe"

    def __init__(self, key: str, timeout: float, url: str | None = None) -> None:
        super().__init__(timeout)
        stripe.enable_telemetry = False
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": url} if url else {},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=(timeout, timeout)),
        )

    def _not_payable(self, order: PayoutOrder) -> str | None:
        if order.destination is not None:
            return "destination_not_possible"
        if order.payment is None or not order.payment.reference:
            return "payment_unknown"
        return None if _amount(order) else "currency_not_taken"

    def _send(self, order: PayoutOrder) -> Answer:
        try:
            earlier = list(self._refunds(order))
        except stripe.StripeError as error:
            return _answer_to(error)
        standing = _standing(earlier)
        if standing is not None:
            return self._told(standing, order)
        over = {refund.id for refund in earlier}
        # Stripe repeats for a day what it answered to a key: to a refusal or a failure that is over, we take the next.
        for number in range(_ROUNDS):
            try:
                refund = self._create(order, number)
            except stripe.StripeError as error:
                if not _replayed(error):
                    return _answer_to(error)
                continue
            if refund.id not in over:
                return self._told(refund, order)
        return unknown("no_answer", f"refused {_ROUNDS} times")

    def _look(self, order: PayoutOrder) -> Answer:
        try:
            found = list(self._refunds(order))
        except stripe.InvalidRequestError as error:
            missing = error.code == "resource_missing"
            return refused(NO_SUCH_PAYOUT, error.user_message) if missing else _trouble(error)
        except stripe.StripeError as error:
            return _trouble(error)
        if not found:
            return refused(NO_SUCH_PAYOUT)
        return self._told(_standing(found) or found[0], order)  # the newest is the first

    def _received(self, reference: str) -> Received | None:
        try:
            intent = self._client.v1.payment_intents.retrieve(reference)
        except stripe.InvalidRequestError as error:
            if error.code == "resource_missing":
                return None
            raise
        currency = intent.currency.upper()
        paid = intent.status == "succeeded"
        return Received(from_stripe(intent.amount_received, currency), currency) if paid else None

    async def disputed(self, reference: str) -> DisputeNotice | None:
        """A dispute as Stripe has it now; None when it has none of this name. Raises NoAnswer."""
        return await self._looked_up(lambda: self._dispute(reference), reference)

    def _dispute(self, reference: str) -> DisputeNotice | None:
        try:
            return dispute_of(self._client.v1.disputes.retrieve(reference).to_dict())
        except stripe.InvalidRequestError as error:
            if error.code == "resource_missing":
                return None
            raise

    def _refunds(self, order: PayoutOrder) -> Iterator[stripe.Refund]:
        params: RefundListParams = {"limit": 100}
        _name_payment(params, order)
        for refund in self._client.v1.refunds.list(params).auto_paging_iter():
            if _metadata(refund).get("payout") == order.key:
                yield refund

    def _create(self, order: PayoutOrder, number: int) -> stripe.Refund:
        params: RefundCreateParams = {
            "amount": _amount(order) or 0,
            "reason": "requested_by_customer",
            "metadata": {"payout": order.key, "order_no": order.order_no},
        }
        _name_payment(params, order)
        key = order.key if number == 0 else f"{order.key}~{number + 1}"
        return self._client.v1.refunds.create(params, {"idempotency_key": key})

    def _told(self, refund: stripe.Refund, order: PayoutOrder) -> Answer:
        if _metadata(refund).get("payout") != order.key:
            return unknown("unreadable", "the answer is about another refund")
        if refund.amount != _amount(order) or refund.currency.upper() != order.currency:
            return unknown("amount_differs", f"{refund.id}: {refund.amount} {refund.currency}")
        if refund.status == "succeeded":
            return done(refund.id)
        if refund.status in ("failed", "canceled"):
            why = getattr(refund, "failure_reason", None) or ("canceled" if refund.status == "canceled" else "unknown")
            return refused(why, f"{refund.id} {refund.status}", CODES)
        return processing(refund.id)


def _standing(refunds: list[stripe.Refund]) -> stripe.Refund | None:
    """The one that pays, or will: what failed has given its money back."""
    return next((refund for refund in refunds if refund.status not in ("failed", "canceled")), None)


def _amount(order: PayoutOrder) -> int | None:
    """The amount in Stripe's units, or None where it has none for it; thousandths have to end in 0."""
    digits = exponent(order.currency)
    asked = _DIGITS.get(order.currency, digits)
    amount, rest = divmod(order.amount * 10**asked, 10**digits)
    return None if rest or order.amount <= 0 or (asked >= 3 and amount % 10 ** (asked - 2)) else amount


def from_stripe(amount: int, currency: str) -> int:
    """An amount in Stripe's units as minor units by ISO 4217."""
    digits = exponent(currency)
    times, over = 10**digits, 10 ** _DIGITS.get(currency, digits)
    return int(amount * times // over)


def dispute_of(dispute: Mapping[str, Any]) -> DisputeNotice:
    """A dispute, as webhooks and answers show it."""
    status, currency = str(dispute["status"]), str(dispute["currency"]).upper()
    due = (dispute.get("evidence_details") or {}).get("due_by")
    return DisputeNotice(
        reference=str(dispute["id"]),
        payments=tuple(str(dispute[name]) for name in ("payment_intent", "charge") if dispute.get(name)),
        amount=from_stripe(int(dispute["amount"]), currency),
        currency=currency,
        said=DISPUTE.get(status, "opened"),
        inquiry=status.startswith("warning"),
        reason=str(dispute["reason"])[:100] if dispute.get("reason") else None,
        respond_by=datetime.fromtimestamp(due, UTC) if due else None,
    )


def _name_payment(params: Any, order: PayoutOrder) -> None:
    reference = str(order.payment.reference) if order.payment else ""
    params["charge" if reference.startswith(("ch_", "py_")) else "payment_intent"] = reference


def _metadata(refund: stripe.Refund) -> dict[str, Any]:
    return refund.metadata.to_dict() if refund.metadata else {}


def _replayed(error: stripe.StripeError) -> bool:
    """Whether Stripe only repeated the refusal that this key got before."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return _speaks_of_the_refund(error) and headers.get("idempotent-replayed") == "true"


def _speaks_of_the_refund(error: stripe.StripeError) -> bool:
    return isinstance(error, stripe.InvalidRequestError | stripe.CardError | stripe.IdempotencyError)


def _answer_to(error: stripe.StripeError) -> Answer:
    if not _speaks_of_the_refund(error):
        return _trouble(error)
    if isinstance(error, stripe.IdempotencyError):
        return refused("idempotency_error", error.user_message, CODES)
    param = getattr(error, "param", None)
    code = error.code or (f"invalid_{param}" if param else "invalid_request")
    return refused(code, error.user_message, CODES)


def _trouble(error: stripe.StripeError) -> Answer:
    """Nothing that says what became of the refund: our key, too many calls, or Stripe's own trouble."""
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return unknown("authentication", error.user_message, CODES)
    return unknown("no_answer", f"{type(error).__name__} {error.http_status or ''}".strip())
