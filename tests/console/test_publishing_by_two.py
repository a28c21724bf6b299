"""Where it takes two to put a playbook into force: whoever wrote the draft last does not publish it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from api.people.sign_in import Doorkeeper
from api.procedure import drafting
from console.visit import SESSION_COOKIE
from models.errors import Forbidden
from models.lifecycle import Role
from playbooks.loading.load import load_playbooks
from playbooks.loading.shelf import Shelf
from server import make_app
from settings import Settings
from tests.console.browser import QUICK, words
from tests.databases import opened, sqlite_database
from tests.own_playbooks import KIND, write_folder

FILE = f"{KIND}.yaml"


class House:
    """A console of a shop with two managers, by itself."""

    def __init__(self, folder: Path, engine: object, by_two: bool) -> None:
        self.folder = write_folder(folder / "playbooks")
        settings = Settings(data=folder, playbooks=self.folder, publish_by_two=by_two)
        self.app = make_app(settings, None, engine, Shelf(self.folder, own=self.folder))  # type: ignore[arg-type]
        self.desk, self.door = self.app.state.desk, Doorkeeper(engine, QUICK)  # type: ignore[arg-type]
        for name in ("chen", "du"):
            user, password = self.door.add(name, [Role.MANAGER], datetime.now(UTC))
            own = "a password of their own"
            self.door.change_password(user, password, own, "none", datetime.now(UTC))

    def browser(self, name: str) -> httpx.AsyncClient:
        """A browser of one of them."""
        user = next(one for one in self.door.users() if one.id == name)
        secret = self.door.let_in(user, "::1", "", datetime.now(UTC))
        headers = {"Accept": "text/html", "Origin": "http://shop", "Accept-Language": "en"}
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(
            transport=transport, base_url="http://shop", headers=headers, cookies={SESSION_COOKIE: secret}
        )

    async def changed(self) -> drafting.Draft:
        """A draft that chen wrote."""
        text = (self.folder / FILE).read_text(encoding="utf-8") + "reopen_days: 60\n"
        return await drafting.begin(self.desk, FILE, "chen", text)


@pytest_asyncio.fixture
async def two(tmp_path: Path) -> AsyncIterator[House]:
    with sqlite_database() as url, opened(url) as engine:
        yield House(tmp_path, engine, by_two=True)


async def test_whoever_wrote_it_last_finds_no_button_and_the_other_does(two: House) -> None:
    draft = await two.changed()
    async with two.browser("chen") as chen, two.browser("du") as du:
        mine, theirs = [await one.get(f"/drafts/{draft.id}/publish") for one in (chen, du)]
    assert "here somebody else puts it into force" in words(mine)
    assert "Put it into force</button>" not in mine.text
    assert "Put it into force</button>" in theirs.text


async def test_a_second_person_puts_it_into_force(two: House) -> None:
    draft, before = await two.changed(), load_playbooks(two.folder).get(KIND).version
    with pytest.raises(Forbidden, match="somebody else puts it into force"):
        await drafting.publish_draft(two.desk, draft, before, "chen", "longer")
    with pytest.raises(Forbidden, match="it takes two"):
        await drafting.publish(two.desk, FILE, draft.text, before, "chen", "longer")
    assert load_playbooks(two.folder).get(KIND).version == before
    done = await drafting.publish_draft(two.desk, draft, before, "du", "longer")
    assert (done.by, load_playbooks(two.folder).get(KIND).procedure.reopen_days) == ("du", 60)


async def test_one_is_enough_unless_the_shop_wants_two(tmp_path: Path) -> None:
    with sqlite_database() as url, opened(url) as engine:
        house = House(tmp_path, engine, by_two=False)
        draft, before = await house.changed(), load_playbooks(house.folder).get(KIND).version
        assert (await drafting.publish_draft(house.desk, draft, before, "chen", "longer")).by == "chen"
