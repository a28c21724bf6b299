"""What a customer's forms say, as the data of actions; what is missing or wrong is said at its field."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

from console.language import N_, Tongue
from console.visit import Form
from models.lifecycle import Action

Data = dict[str, Any]
Wrong = dict[str, str]
MOST: Final = 2_000
_WAYBILL: Final = re.compile(r"(?=.*[0-9])[0-9A-Za-z][0-9A-Za-z./_-]{4,59}", re.ASCII)
_AMOUNT: Final = re.compile(r"[0-9]{1,9}([.,][0-9]{1,2})?", re.ASCII)
NEEDED: Final = N_("Please fill this in.")
NO_AMOUNT: Final = N_("Enter an amount such as 12.00.")
NO_WAYBILL: Final = N_("A tracking number has letters and digits only, such as SF1029384756.")
TOO_LONG: Final = N_("This is too long. Write less.")
CHOOSE: Final = N_("Please choose one.")
ACCOUNTS: Final = ("alipay", "wechat", "bank")
SCORES: Final = ("polite", "promise_kept", "competent", "solved")


class Reader:
    """Reads one form, and collects what is wrong with it."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.data: Data = {}
        self.wrong: dict[str, str] = {}

    def text(self, name: str, needed: bool = True, most: int = MOST, into: str | None = None) -> None:
        """Words; what cannot be printed is left out."""
        typed = "".join(
            c for c in self.form.text(name).replace("\r\n", "\n") if c in "\n\t" or c.isprintable() or ord(c) > 159
        )
        typed = typed.encode("utf-8", "ignore").decode()
        if not typed and needed:
            self.wrong[name] = NEEDED
        elif len(typed) > most:
            self.wrong[name] = TOO_LONG
        elif typed:
            self.data[into or name] = typed

    def amount(self, name: str) -> None:
        """Money as people write it; may be left out."""
        typed = self.form.text(name).removeprefix("¥").removesuffix("元").strip()
        if typed and not _AMOUNT.fullmatch(typed):
            self.wrong[name] = NO_AMOUNT
        elif typed:
            self.data[name] = typed.replace(",", ".")

    def waybill(self, name: str) -> None:
        """A tracking number as scanners read it: without spaces, in plain letters and digits."""
        self.text(name, most=60)
        plain = "".join(unicodedata.normalize("NFKC", self.data.get(name, "")).split())
        if name in self.data and not _WAYBILL.fullmatch(plain):
            self.wrong[name] = NO_WAYBILL
        elif name in self.data:
            self.data[name] = plain

    def choice(self, name: str, of: tuple[str, ...]) -> str:
        """One of some."""
        given = self.form.text(name)
        if given not in of:
            self.wrong[name] = CHOOSE
        return given


def _option(form: Reader) -> None:
    given = form.choice("option", tuple("12345678"))
    form.data["option"] = int(given) if given.isdigit() else 1


def _decline(form: Reader) -> None:
    form.amount("counter")
    form.text("note", needed=False)


def _note(form: Reader) -> None:
    form.text("note", needed=False)


def _nothing(form: Reader) -> None:
    pass


def _evidence(form: Reader) -> None:
    form.text("text", needed=not form.form.files("photo"))


def _shipped(form: Reader) -> None:
    form.text("carrier", most=60)
    form.waybill("waybill")
    form.amount("freight")


def _paid(form: Reader) -> None:
    for name in ("date", "method", "bank"):
        form.text(name, needed=False, most=100)
    form.amount("amount")


def _account(form: Reader) -> None:
    form.data["kind"] = form.choice("kind", ACCOUNTS)
    form.text("account", most=100)
    form.text("real_name", most=100)
    form.data["customer_agrees"] = True


def _survey(form: Reader) -> None:
    form.data["satisfied"] = form.choice("satisfied", ("yes", "no")) == "yes"
    given = {name: form.form.text(name) for name in SCORES}
    form.data["scores"] = {name: int(value) for name, value in given.items() if value in tuple("12345")}
    form.text("words", needed=False)
    form.data["channel"] = "message"


def _text(form: Reader) -> None:
    form.text("text")


def _issue(form: Reader) -> None:
    form.text("issue")


def _reason(form: Reader) -> None:
    form.text("reason", most=500)


#: What each action's form says.
ANSWERS: Final[Mapping[str, Callable[[Reader], None]]] = {
    Action.ACCEPT_OFFER.value: _option,
    Action.DECLINE_OFFER.value: _decline,
    Action.ACCEPT_QUOTE.value: _nothing,
    Action.DECLINE_QUOTE.value: _note,
    Action.SUBMIT_EVIDENCE.value: _evidence,
    Action.SHIP_RETURN.value: _shipped,
    Action.NOTIFY_PAYMENT.value: _paid,
    Action.PROVIDE_ACCOUNT.value: _account,
    Action.COMPLETE_CALLBACK.value: _survey,
    Action.CUSTOMER_MESSAGE.value: _text,
    Action.ADD_ISSUE.value: _issue,
    Action.REOPEN.value: _reason,
    Action.WITHDRAW.value: _reason,
}


def read(tongue: Tongue, action: str, form: Form) -> tuple[Data, Wrong]:
    """The data of an action, and what is wrong with the form by its field."""
    reader = Reader(form)
    ANSWERS[action](reader)
    return reader.data, {name: tongue.say(told) for name, told in reader.wrong.items()}
