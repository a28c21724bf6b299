"""Stripe's wire format, spoken by a server of ours."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from models.money import exponent
from tests.activities.gateways.ledger import AccountClosed, BalanceShort, Ledger, Overdrawn, Refund
from tests.activities.gateways.wire import STRIPE_KEY, Request, Response, another, as_json

#: Stripe's units of an amount where they are not those of ISO 4217: multiplied, divided.
_STRIPE_UNITS = {"ISK": (100, 1), "UGX": (100, 1), "MGA": (1, 100)}


MISSING = "resource_missing"


@dataclass
class StripeDialect:
    """`/v1/refunds`: a bearer key, form bodies, and idempotency keys that keep the first answer for a day."""

    ledger: Ledger
    kept: dict[str, tuple[bytes, Response]] = field(default_factory=dict)
    payouts: dict[str, str] = field(default_factory=dict)  # refund's id → metadata[payout]

    def sends(self, request: Request) -> bool:
        return request.method == "POST"

    def forget(self) -> None:
        self.kept.clear()

    def handle(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {STRIPE_KEY}":
            return _stripe_error(401, "invalid_request_error", "Invalid API Key provided")
        if request.path.startswith("/v1/payment_intents/"):
            return self._intent(request.path.rpartition("/")[2])
        if request.path.startswith("/v1/disputes/"):
            found = self.ledger.disputes.get(request.path.rpartition("/")[2])
            return as_json(200, found) if found else _stripe_error(404, "invalid_request_error", "?", code=MISSING)
        if request.path != "/v1/refunds":
            return _stripe_error(404, "invalid_request_error", "Unrecognized request URL")
        return self._create(request) if self.sends(request) else self._list(request)

    def _intent(self, reference: str) -> Response:
        payment = self.ledger.payment(reference)
        if payment is None:
            return _stripe_error(404, "invalid_request_error", "No such payment_intent", code=MISSING)
        amount = _to_stripe(payment.amount, payment.currency)
        shown = {"id": reference, "object": "payment_intent", "status": "succeeded", "amount_received": amount}
        return as_json(200, {**shown, "currency": payment.currency.lower()})

    def _create(self, request: Request) -> Response:
        key = request.headers["idempotency-key"]
        if key in self.kept:
            body, answer = self.kept[key]
            if body != request.body:
                return _stripe_error(400, "idempotency_error", "Keys can only be used with the same parameters")
            return replace(answer, headers={**answer.headers, "Idempotent-Replayed": "true"})
        answer = self._created(dict(parse_qsl(request.body.decode())))
        self.kept[key] = (request.body, answer)
        return answer

    def _created(self, form: dict[str, str]) -> Response:
        payment = self.ledger.payment(form.get("payment_intent") or form.get("charge"))
        if payment is None:
            return _stripe_error(404, "invalid_request_error", "No such payment_intent", code="resource_missing")
        amount = _from_stripe(int(form["amount"]), payment.currency)
        if amount is None:
            return _stripe_error(400, "invalid_request_error", "Invalid amount", param="amount")
        try:
            refund = self.ledger.refund(form["metadata[payout]"], payment, amount)
        except Overdrawn:
            message = "Refund amount is greater than unrefunded amount on charge"
            return _stripe_error(400, "invalid_request_error", message, param="amount")
        except BalanceShort:
            return _stripe_error(400, "invalid_request_error", "Insufficient funds", code="balance_insufficient")
        except AccountClosed:
            refund = self.ledger.failed(form["metadata[payout]"], payment, amount)
        return as_json(200, self._shown(refund))

    def _list(self, request: Request) -> Response:
        asked = dict(parse_qsl(request.query))
        payment = self.ledger.payment(asked.get("payment_intent") or asked.get("charge"))
        if payment is None:
            return _stripe_error(404, "invalid_request_error", "No such payment_intent", code="resource_missing")
        found = [self._shown(refund) for refund in reversed(self.ledger.refunds) if refund.payment is payment]
        after = (
            [refund["id"] for refund in found].index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        )
        page = found[after : after + 2]  # small pages, so that paging is tried
        more = len(found) > after + 2
        return as_json(200, {"object": "list", "url": "/v1/refunds", "has_more": more, "data": page})

    def _shown(self, refund: Refund) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": f"re_{refund.id}",
            "object": "refund",
            "amount": _to_stripe(refund.amount, refund.payment.currency),
            "currency": refund.payment.currency.lower(),
            "payment_intent": refund.payment.reference,
            "metadata": {"payout": refund.key},
            "status": {"paid": "succeeded", "pending": "pending", "failed": "failed"}[refund.status],
        }
        return shown | ({"failure_reason": "expired_or_canceled_card"} if refund.status == "failed" else {})

    def trouble(self) -> Response:
        return _stripe_error(500, "api_error", "Something went wrong on our end")

    def badly_signed(self, request: Request, response: Response) -> Response:
        raise AssertionError("Stripe signs no answers: TLS says whose they are")

    def of_another(self, request: Request) -> Response:
        return as_json(200, self._shown(another()))

    def forged_refusal(self, request: Request) -> Response:
        return _stripe_error(400, "invalid_request_error", "Already refunded", code="charge_already_refunded")


def _from_stripe(amount: int, currency: str) -> int | None:
    times, over = _STRIPE_UNITS.get(currency, (1, 1))
    if exponent(currency) == 3 and amount % 10:
        return None  # Stripe takes thousandths only in tens
    return amount * over // times


def _to_stripe(amount: int, currency: str) -> int:
    times, over = _STRIPE_UNITS.get(currency, (1, 1))
    return amount * times // over


def _stripe_error(status: int, kind: str, message: str, **more: str) -> Response:
    return as_json(status, {"error": {"type": kind, "message": message, **more}})
