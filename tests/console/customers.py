"""A customer at his phone: a browser without scripts that fills in forms as they stand on the page."""

import html
import re
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.console.browser import Browser
from up import Running


class Forms(HTMLParser):
    """The forms of a page: where they go, and what they carry as they stand."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append((given.get("action") or "", {}))
        ticked = given.get("type") not in ("radio", "checkbox", "file") or "checked" in given
        if tag == "input" and self.forms and given.get("name") and ticked:
            self.forms[-1][1][str(given["name"])] = given.get("value") or ""


class Phone(Browser):
    """A customer's browser."""

    def __init__(self, service: Running, language: str = "en") -> None:
        super().__init__(service, None, language)
        self.follow_redirects = True
        self.page = httpx.Response(200)

    async def open(self, path: str) -> httpx.Response:
        """Open a page."""
        self.page = await self.get(path)
        return self.page

    async def fill(self, action: str, files: Any = None, **fields: Any) -> httpx.Response:
        """Send the form whose address ends like this, with what it carries and these fields."""
        parser = Forms()
        parser.feed(self.page.text)
        (form,) = [form for form in parser.forms if form[0].endswith(action)][:1] or [("", {})]
        assert form[0], f"there is no form {action} in:\n{re.sub(r'<[^>]+>', ' ', html.unescape(self.page.text))}"
        self.page = await self.post(form[0], data={**form[1], **fields}, files=files)
        return self.page

    async def found(self, order_no: str, proof: str = "8000") -> httpx.Response:
        """Find an order."""
        await self.open("/r")
        return await self.fill("/r", order_no=order_no, proof=proof)

    async def requested(self, order_no: str, **over: Any) -> str:
        """Ask for a refund of a kettle that does not work, with all answers; answers the address of the case's page."""
        await self.found(order_no)
        await self.fill("/r/items", line="1")
        await self.fill("/r/why", kind="quality_fault")
        await self.fill("/r/which", subcategory="does_not_work", description=over.get("description", "按了没反应"))
        await self.fill("/r/photos", then="on")
        await self.fill("/r/wish", wanted="refund")
        await self.fill("/r/send")
        return self.link()

    def link(self) -> str:
        """The address of a case's page, from the page that is open."""
        found = re.search(r'href="(/c/[^"/?]+)"', self.page.text)
        assert found, self.page.text
        return found.group(1)
