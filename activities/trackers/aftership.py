"""AfterShip asked, through its own package."""

from datetime import timedelta
from typing import Any

import httpx
from tracking.client import Client
from tracking.configuration import Configuration
from tracking.exceptions import (
    ApiException,
    BadRequestError,
    ErrorCodeEnum,
    ForbiddenError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
)

from activities.carriers.aftership import events_of
from activities.carriers.carrier import read_all
from activities.trackers.tracker import NotAllowed, NotTold, Parcel, UnknownParcel, understood
from models.goods.tracking import TrackingEvent

#: Its limit is counted by the second; it says nothing that is longer.
_PATIENCE = timedelta(seconds=60)


class AfterShip:
    """Its package retries by itself; that is switched off, because whoever asks decides when it is asked again."""

    name = "aftership"

    def __init__(self, key: str, timeout: float, url: str | None = None) -> None:
        self._client = Client(
            Configuration(api_key=key, max_retry=0, timeout=int(timeout * 1000), **({"domain": url} if url else {}))
        )

    def register(self, parcel: Parcel) -> None:
        wanted = {"tracking_number": parcel.waybill, **({"slug": parcel.code} if parcel.code else {})}
        try:
            self._call(self._client.tracking.create_tracking, wanted)
        except BadRequestError as refused:
            if refused.code != ErrorCodeEnum.TRACKING_ALREADY_EXIST:
                raise UnknownParcel("AfterShip does not take the number.") from None

    def ask(self, parcel: Parcel) -> tuple[TrackingEvent, ...]:
        named = {"slug": parcel.code} if parcel.code else {}
        try:
            told = self._call(self._client.tracking.get_trackings, tracking_numbers=parcel.waybill, **named)
        except BadRequestError:
            raise UnknownParcel("AfterShip does not take the number.") from None
        found = understood(lambda: [one.model_dump(mode="json") for one in told.data.trackings or ()])
        mine = [one for one in found if one.get("tracking_number") == parcel.waybill]
        if not mine:
            raise UnknownParcel("AfterShip was never told of it.")
        return understood(lambda: read_all("the answer", lambda: events_of(mine[0])))

    def _call(self, what: Any, *args: Any, **params: Any) -> Any:
        try:
            return what(*args, **params)
        except (UnauthorizedError, ForbiddenError):
            raise NotAllowed("AfterShip does not take the key.") from None
        except NotFoundError:
            raise UnknownParcel("AfterShip knows no such parcel.") from None
        except TooManyRequestsError:
            raise NotTold("AfterShip asks for patience.", _PATIENCE) from None
        except BadRequestError:
            raise
        except ApiException as trouble:
            raise NotTold(f"AfterShip does not answer ({trouble.status_code or type(trouble).__name__}).") from None
        except httpx.HTTPError as away:
            raise NotTold(f"AfterShip does not answer ({type(away).__name__}).") from None
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise NotTold(f"Its answer is not what it is documented to be ({type(wrong).__name__}).") from None
