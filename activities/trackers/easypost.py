"""EasyPost asked, through its own package. A tracker that is made again is the one that was made before."""

from datetime import timedelta
from typing import Any

from easypost.easypost_client import EasyPostClient
from easypost.errors.api.api_error import ApiError
from easypost.errors.api.bad_request_error import BadRequestError
from easypost.errors.api.forbidden_error import ForbiddenError
from easypost.errors.api.invalid_request_error import InvalidRequestError
from easypost.errors.api.not_found_error import NotFoundError
from easypost.errors.api.payment_error import PaymentError
from easypost.errors.api.rate_limit_error import RateLimitError
from easypost.errors.api.unauthorized_error import UnauthorizedError
from easypost.errors.general.easypost_error import EasyPostError

from activities.carriers.carrier import read_all
from activities.carriers.easypost import events_of
from activities.trackers.tracker import NotAllowed, NotTold, Parcel, UnknownParcel, understood
from models.goods.tracking import TrackingEvent

_PATIENCE = timedelta(seconds=60)


class EasyPost:
    """Making a tracker is both: it is called about from then on, and its answer says what is known."""

    name = "easypost"

    def __init__(self, key: str, timeout: float, url: str | None = None) -> None:
        self._client = EasyPostClient(key, timeout=max(1, round(timeout)), **({"api_base": url} if url else {}))

    def register(self, parcel: Parcel) -> None:
        self._tracker(parcel)

    def ask(self, parcel: Parcel) -> tuple[TrackingEvent, ...]:
        told = self._tracker(parcel)
        return understood(lambda: read_all("the answer", lambda: events_of(told)))

    def _tracker(self, parcel: Parcel) -> dict[str, Any]:
        named = {"carrier": parcel.code} if parcel.code else {}
        try:
            found = self._client.tracker.create(tracking_code=parcel.waybill, **named)
            told: dict[str, Any] = found.to_dict()
        except (UnauthorizedError, ForbiddenError, PaymentError):
            raise NotAllowed("EasyPost does not take the key, or the account may not do this.") from None
        except (BadRequestError, InvalidRequestError, NotFoundError):
            raise UnknownParcel("EasyPost does not take the number.") from None
        except RateLimitError:
            raise NotTold("EasyPost asks for patience.", _PATIENCE) from None
        except ApiError as trouble:
            status = getattr(trouble, "http_status", None)
            raise NotTold(f"EasyPost does not answer ({status or type(trouble).__name__}).") from None
        except (EasyPostError, ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise NotTold(f"EasyPost does not answer ({type(wrong).__name__}).") from None
        if told.get("tracking_code") != parcel.waybill:
            raise NotTold("EasyPost answered about another parcel.")
        return told
