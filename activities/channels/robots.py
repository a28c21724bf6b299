"""What the robots of chat groups answer. They answer 200 also when they refuse; only the document says which it was.

The package that speaks to them looks at the status alone, and would count a refused message (a keyword that is
missing, a wrong signature, too many a minute) as told. So the answer's document is read here, and one that refuses
gets the status that the package takes for a failure.
"""

import logging
import sys
from typing import Any

import requests

logger = logging.getLogger("aftercare.messages")

#: The plugins of apprise whose providers answer so.
MODULES = ("dingtalk", "feishu", "lark", "wecombot")
#: Where they say how it went: DingTalk and WeCom the first, Feishu and Lark the second, or the third in old answers.
_FIELDS = ("errcode", "code", "StatusCode")
REFUSED = 422


def refusal(document: object) -> str | None:
    """What a robot's answer refuses, in its own number; None when it took the message."""
    if not isinstance(document, dict):
        return "no document"
    said = [document[field] for field in _FIELDS if field in document]
    if not said:
        return "no answer"
    return None if all(str(code) == "0" for code in said) else f"code {said[0]}"[:40]


class Listening:
    """The library `requests`, as the plugins use it, with the answers of robots read."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def post(self, *args: Any, **more: Any) -> requests.Response:
        """The answer; one that refuses has another status."""
        answer = requests.post(*args, **more)
        if answer.status_code == requests.codes.ok:
            try:
                refused = refusal(answer.json())
            except ValueError:
                refused = "no document"
            if refused:
                logger.warning("a robot did not take a message: %s", refused)
                answer.status_code = REFUSED
        return answer


def listen() -> None:
    """Let the plugins of robots use it; they look the library up by its name in their module."""
    for name in MODULES:
        module = sys.modules.get(f"apprise.plugins.{name}")
        if module is not None and not isinstance(vars(module)["requests"], Listening):
            vars(module)["requests"] = Listening()
