"""Photos that belong to nothing go at night, with their bytes; whoever sends one again at that very moment keeps it."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from activities.housekeeping import Housekeeping
from api.goods import filing
from api.goods.filing import Filing
from files.intake import small_name
from files.shelf import FileShelf
from models.commands import Actor
from models.lifecycle import Role
from models.oversight.sweeps import StepInput
from playbooks.loading.in_force import Fixed
from store.customers import visits
from store.engine import reading, writing
from store.goods import files, parcels
from tests.builders import DAY, NOW
from tests.files import pictures
from tests.shipped import shipped
from tests.store.desk import import_order, open_case

LATER = NOW + 91 * DAY
ZHAO = Actor(id="zhao", role=Role.WAREHOUSE)


class Shop:
    """A shop with a folder of files, and its night."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.shelf = FileShelf(str(folder))
        self.filing = Filing(engine, self.shelf)
        self.night = Housekeeping(engine, Fixed(shipped()), 200, str(folder))

    async def sent(self, content: bytes, days: int = 0) -> str:
        return (await self.filing.take(BytesIO(content), NOW + days * DAY)).id

    @property
    def page(self) -> StepInput:
        return StepInput(sweep="housekeeping", step="expired_rows", run_id="r", now=LATER, cursor="files")

    async def passes(self) -> int:
        """A night, 91 days later: how many files went."""
        done = await self.night.expired_rows(self.page)
        return done.tally.did

    def kept(self, file_id: str) -> tuple[bool, bool, bool]:
        """Whether there is a row, the bytes and the small sibling."""
        with reading(self.engine) as session:
            row = files.get(session, file_id) is not None
        return row, self.shelf.has(file_id), self.shelf.has(small_name(file_id))


@pytest.fixture
def shop(engine: Engine, tmp_path: Path) -> Shop:
    return Shop(engine, tmp_path / "files")


def photo(edge: int) -> bytes:
    """A photo like no other."""
    return pictures.photo(size=(edge, 30))


async def test_a_photo_that_belongs_to_nothing_goes_with_its_bytes_after_its_days(shop: Shop) -> None:
    old, younger = await shop.sent(photo(40)), await shop.sent(photo(41), days=2)
    assert await shop.passes() == 1
    assert shop.kept(old) == (False, False, False)
    assert shop.kept(younger) == (True, True, True)
    assert await shop.passes() == 0


async def test_what_a_case_a_box_or_an_unsent_request_shows_stays_however_old_it_is(shop: Shop) -> None:
    order = import_order(shop.engine)
    case_no = open_case(shop.engine, order).case_no
    of_case, of_box, of_request = [await shop.sent(photo(edge)) for edge in (50, 51, 52)]
    with writing(shop.engine) as session:
        files.link(session, case_no, of_case, None, "zhao", "warehouse", NOW)
        box = parcels.put(session, parcels.NewParcel(code="?"), NOW, "zhao", NOW + 90 * DAY)
        parcels.add_photo(session, box, of_box, NOW, ZHAO)
        visits.begin(
            session, order.order_no, {"photos": [{"id": of_request, "name": "", "media_type": "image/jpeg"}]}, NOW
        )
    assert await shop.passes() == 0
    assert {shop.kept(one) for one in (of_case, of_box, of_request)} == {(True, True, True)}


async def test_a_photo_that_is_sent_again_counts_from_then(shop: Shop) -> None:
    content = photo(60)
    first = await shop.sent(content)
    assert await shop.sent(content, days=50) == first
    assert await shop.passes() == 0
    assert shop.kept(first) == (True, True, True)


async def test_a_worker_that_does_not_know_where_files_lie_lets_their_rows_be(shop: Shop) -> None:
    kept = await shop.sent(photo(61))
    shop.night = Housekeeping(shop.engine, Fixed(shipped()), 200)
    assert await shop.passes() == 0
    assert shop.kept(kept) == (True, True, True)


@pytest.mark.parametrize("again", [b"", b"\0"], ids=["the same bytes", "other bytes of the same picture"])
async def test_a_photo_sent_again_at_the_moment_when_it_is_let_go_is_whole(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, again: bytes
) -> None:
    """The night comes between what its sender has seen or kept and what he writes down."""
    kept = await shop.sent(photo(70))
    gone: list[int] = []

    @contextmanager
    def after_the_night(engine: Engine) -> Iterator[Session]:
        if not gone:
            gone.append(shop.night._expired(shop.page).tally.did)
        with writing(engine) as session:
            yield session

    monkeypatch.setattr(filing, "writing", after_the_night)
    assert await shop.sent(photo(70) + again, days=91) == kept
    assert gone == [1]
    assert shop.kept(kept) == (True, True, True)
    assert await shop.passes() == 0
