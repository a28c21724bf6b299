"""What comes of sending money: the answer of whoever pays, as workflows and activities tell each other.

A payout has one key for all its life, its id. An answer that is lost or cannot be read is `unknown`: it is asked for
under the same key and never sent again blindly.
"""

from typing import Literal

from pydantic import model_validator

from models.value import Value

PAY_OUT = "pay_out"
ASK_PAYOUT = "ask_payout"

#: The account kind that means the original payment, as if no account had been named.
ORIGINAL = "original"
#: A customer's own balance with us: as a method of payment, an account and a gateway (R2).
STORE_CREDIT = "store_credit"

AnswerState = Literal["done", "processing", "unknown", "refused"]
RefusedFor = Literal["account", "balance", "limit", "duplicate", "not_found", "other"]

#: The code of an answer that says: we have no payout under this key.
NO_SUCH_PAYOUT = "no_such_payout"


class Words(Value):
    """One sentence in both languages."""

    zh: str
    en: str

    def of(self, locale: str) -> str:
        """The sentence for a locale such as `zh-CN`."""
        return self.zh if locale.startswith("zh") else self.en


class Answer(Value):
    """What is known of a payout. `code` and `message` are the provider's own, `words` says it plainly."""

    state: AnswerState
    reference: str | None = None  # under which the provider, or finance, keeps it
    code: str | None = None
    message: str | None = None
    refused_for: RefusedFor | None = None
    words: Words | None = None

    @model_validator(mode="after")
    def _says_why(self) -> "Answer":
        if (self.state == "refused") != (self.refused_for is not None):
            raise ValueError("a refusal, and nothing else, has what it was refused for")
        if self.state == "refused" and not (self.code and self.words):
            raise ValueError("a refusal has a code and says in plain words what it means")
        if self.state == "done" and not self.reference:
            raise ValueError("money that was paid has a reference")
        return self

    @property
    def known(self) -> bool:
        """Whether it has ended: paid, or refused."""
        return self.state in ("done", "refused")

    @property
    def never_arrived(self) -> bool:
        """Whether the provider knows nothing of this key, so that it may be sent again – by the same way only.

        A first request may still be on the road. Under the same key with the same provider it cannot pay twice; by
        another way it could.
        """
        return self.code == NO_SUCH_PAYOUT

    @property
    def failure(self) -> str | None:
        """The refusal as a payout keeps it, `account_…` where the customer has to name another account."""
        return f"{self.refused_for}_{self.code}" if self.state == "refused" else None


class PayoutInput(Value):
    """The payout to send or to ask about, and the gateway that it was given to before, if it was.

    None chooses by the payment and the account. A payout stays with its gateway until it is known to be refused: which
    one would be chosen may change with the settings, and another one knows nothing of it.
    """

    payout_id: str
    gateway: str | None = None


class PayoutResult(Value):
    """What the activity answers: who was asked, whether anything was sent this time, and what came of it."""

    payout_id: str
    gateway: str
    sent: bool
    answer: Answer
