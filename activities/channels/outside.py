"""Channels that leave the house, through the package apprise: chat groups' robots, mail, webhooks."""

import logging
import threading
import warnings
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from activities.channels import robots
from activities.channels.channel import Mail, NotTaken
from models.people.addresses import kind_of, shown

#: Seconds until a connection, and until each part of an answer.
CONNECT, READ = 4, 8
#: Kinds that carry fields of our own: the stable id, so that the receiver can tell a repeat.
_FIELDS = {"json", "jsons", "form", "forms", "xml", "xmls"}
_first = threading.Lock()


class Outside:
    """One address at a time; apprise is loaded when the first one is used."""

    def send(self, url: str | None, mail: Mail) -> None:
        """Hand it over. Raises NotTaken naming the address without its secrets."""
        assert url is not None
        with _first:
            apprise = loaded()
            _silence()
        asset = apprise.AppriseAsset(
            app_id="Aftercare", app_desc="Aftercare", app_url="", async_mode=False, secure_logging=True
        )
        plugin = apprise.Apprise.instantiate(_address(url, mail), asset=asset, suppress_exceptions=True)
        if plugin is None:
            raise NotTaken(f"{shown(url)} cannot be used: enter it anew.")
        plugin.request_rate_per_sec = 0  # who is told how often is decided before, and a wait here would hold up others
        kind = apprise.NotifyType.WARNING if mail.urgent else apprise.NotifyType.INFO
        try:
            taken = plugin.notify(body=mail.body, title=mail.title, notify_type=kind)
        except Exception as fault:
            # Whatever a plugin raises is news of this address; its words may hold the address with its secrets.
            raise NotTaken(f"{shown(url)} failed ({type(fault).__name__}).") from None
        if not taken:
            raise NotTaken(f"{shown(url)} did not take it.")


def _address(url: str, mail: Mail) -> str:
    """The address with our own limits of time; they win over what it says."""
    more = {"cto": str(CONNECT), "rto": str(READ), "overflow": "truncate"}
    if kind_of(url) in _FIELDS:
        more[":id"] = mail.id
    return f"{url}{'&' if '?' in url else '?'}{urlencode(more, safe=':', quote_via=quote)}"


@cache
def loaded() -> Any:
    """The package with its plugins."""
    with warnings.catch_warnings():
        # One of its plugins imports a module that Python is about to lose, and gets on without it.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        apprise.Apprise.instantiate("json://localhost")  # loads all of them
    robots.listen()
    return apprise


def _silence() -> None:
    """Its own log names tokens. Said before every sending: whoever sets up logging meanwhile lets it speak again."""
    log = logging.getLogger("apprise")
    log.propagate, log.disabled = False, True
