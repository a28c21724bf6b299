"""Stripe's webhooks: refunds, payments and disputes, signed by the endpoint's secret."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import stripe

from activities.gateways.stripe import dispute_of, from_stripe
from activities.notices.notice import Reply, mind_age, reading
from models.accounting.notices import Notice, PaymentNotice, RefundNotice, RefundSaid
from models.errors import Forged, Malformed

_REFUND: Mapping[str, RefundSaid] = {"succeeded": "paid", "failed": "refused", "canceled": "refused"}


class StripeNotices:
    """A call that failed is sent again for three days, under its id, and signed anew each time."""

    name = "stripe"
    answer: Mapping[str, Any] = {}
    reply: Reply | None = None

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The event's id, of a call whose signature holds and is fresh."""
        signature = headers.get("stripe-signature", "")
        try:
            # The age is looked at by our own clock; the package only knows that of the machine.
            event = stripe.Webhook.construct_event(body, signature, self._secret, tolerance=0)
            event_id = event.id
        except stripe.SignatureVerificationError:
            raise Forged("The signature does not fit: the endpoint's secret must be the one set here.") from None
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as wrong:
            if isinstance(wrong, TypeError) and not signature.isascii():
                raise Forged("The signature is none.") from None
            raise Malformed("The call is signed, and is no event of Stripe's.") from None
        signed_at = next(part[2:] for part in signature.split(",") if part.startswith("t="))
        mind_age(_instant(signed_at), now)
        if not isinstance(event_id, str) or not 1 <= len(event_id) <= 200:
            raise Malformed("The call is signed, and names no event.")
        return event_id

    def read(self, body: bytes) -> Notice | None:
        return reading("The event", lambda: _notice(json.loads(body)))

    def travels_as(self, key: str) -> str:
        return key


def _instant(seconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise Forged("The call was signed at no time that there is.") from None


def _notice(event: Mapping[str, Any]) -> Notice | None:
    kind, told = str(event["type"]), event["data"]["object"]
    if kind.startswith(("refund.", "charge.refund.")):
        return _refund(told)
    if kind.startswith("charge.dispute."):
        return dispute_of(told)
    return _payment(told) if kind == "payment_intent.succeeded" else None


def _refund(refund: Mapping[str, Any]) -> RefundNotice | None:
    key = (refund.get("metadata") or {}).get("payout")
    if not key:
        return None  # made in Stripe's dashboard, or by another program
    return RefundNotice(key=str(key), said=_REFUND.get(str(refund["status"]), "working"))


def _payment(intent: Mapping[str, Any]) -> PaymentNotice:
    metadata, currency = intent.get("metadata") or {}, str(intent["currency"]).upper()
    names = (metadata.get("case_no"), intent.get("description"))
    return PaymentNotice(
        reference=str(intent["id"]),
        amount=from_stripe(int(intent["amount_received"]), currency),
        currency=currency,
        names=tuple(str(name)[:300] for name in names if name),
    )
