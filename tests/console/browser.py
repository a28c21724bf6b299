"""A browser as the tests need it: cookies, forms and the origin, and no scripts; and the staff that use one."""

import html
import re
from datetime import UTC, datetime
from typing import Any

import httpx
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from api.people.sign_in import PEOPLE, Doorkeeper
from console.visit import SESSION_COOKIE
from models.lifecycle import Role
from up import Running

#: Hashes that cost little, for tests that do not try the hashes.
QUICK = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
#: Who does what in the tests of the console: the id of the person of each role.
WHO = {
    "agent": "li",
    "supervisor": "sun",
    "manager": "chen",
    "director": "du",
    "warehouse": "zhao",
    "workshop": "wei",
    "technician": "tian",
    "expert": "xie",
    "finance": "qian",
}


class Staff:
    """Somebody of every role; `password` signs li in by the form."""

    def __init__(self, service: Running) -> None:
        self.door = Doorkeeper(service.engine, QUICK)
        self.password = ""
        for role in PEOPLE:
            _, password = self.door.add(WHO[role.value], [role], datetime.now(UTC))
            if role is Role.AGENT:
                self.password = "two kettles and a cup"
                self._choose(WHO["agent"], password, self.password)
            else:
                self._choose(WHO[role.value], password, f"{role.value} of the kettle shop")

    def _choose(self, id: str, given: str, own: str) -> None:
        user = next(one for one in self.door.users() if one.id == id)
        self.door.change_password(user, given, own, "none", datetime.now(UTC))

    def secret(self, role: str) -> str:
        """A new session of somebody of a role."""
        user = next(one for one in self.door.users() if one.id == WHO[role])
        return self.door.let_in(user, "127.0.0.1", "tests", datetime.now(UTC))


class Browser(httpx.AsyncClient):
    """One browser. Forms are sent as a page of ours would send them."""

    def __init__(self, service: Running, secret: str | None, language: str = "en") -> None:
        headers = {"Accept": "text/html", "Origin": service.url, "Accept-Language": language}
        super().__init__(base_url=service.url, headers=headers, timeout=30)
        if secret:
            self.cookies.set(SESSION_COOKIE, secret)

    async def csrf(self) -> str:
        """What forms of this session carry."""
        page = await self.get("/account")
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
        return found.group(1) if found else ""

    async def page_with(self, sought: str, path: str, **asked: Any) -> httpx.Response:
        """The page of a list that shows this: other tests' rows may fill those before it."""
        page = await self.get(path, params=asked or None)
        while sought not in page.text:
            following = re.search(r'href="([^"]+)" rel="next"', page.text)
            assert following, f"no page of {path} shows {sought}"
            page = await self.get(html.unescape(following[1]))
        return page

    async def submit(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form with its token."""
        return await self.post(path, data={"csrf": await self.csrf(), **fields})


def words(page: httpx.Response | str) -> str:
    """What a page says, without its markup."""
    text = page if isinstance(page, str) else page.text
    text = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", text)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text))).strip()
