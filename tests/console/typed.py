"""What nobody should be able to do harm with: texts for every field, and what an answer to them may look like."""

from typing import Any, Final

import httpx

from console.cases import forms

MARKUP: Final = '<script>alert(1)</script><img src=x onerror="alert(2)">{{ 7 * 7 }}%s%(x)s</textarea>'
#: A bell and a nought, letters that turn the line around, none at all, more than one: and six thousand of them.
ENDLESS: Final = "a\0b\x07\u202egnp.exe\u200b\ufeff\U0001f9ff\u0301 " + "长" * 6000


def safe(answer: httpx.Response, told: str) -> None:
    """No markup of somebody's in it, and nothing of our inside."""
    assert answer.status_code < 500, f"{told}: {answer.status_code}"
    for wrong in ("<script>alert", "<img src=x", 'onerror="', "Traceback", "sqlalchemy", "pydantic"):
        assert wrong not in answer.text, f"{told}: {wrong}"


def filled(fields: tuple[forms.Field, ...], text: str) -> dict[str, Any]:
    """A form as somebody fills it in: what is chosen is a choice that there is, and this text wherever words go."""
    found: dict[str, Any] = {}
    for one in fields:
        if one.fields or one.rows:
            for group in (one.fields, *(row for _, row in one.rows[:1])):
                found.update(filled(group, text))
        else:
            found[one.name] = _value(one, text)
    return found


def _value(one: forms.Field, text: str) -> str:
    if one.choices:
        return one.choices[0][0]
    told = {"amount": "1.00", "number": "1", "moment": "2027-03-09T16:00", "yes": "true"}
    return one.value or told.get(one.sort, text)
