"""How what came differs from what was declared: a matter for the agent, never for a refund by itself (G3)."""

from collections.abc import Iterable
from typing import Literal, Protocol

from models.value import Value

What = Literal["missing", "extra", "wrong_item", "empty"]


class Difference(Value):
    """One thing that differs: units that did not come, things that nobody declared, other goods, nothing at all."""

    what: What
    quantity: int = 1
    line_no: int | None = None
    words: str | None = None

    @property
    def told(self) -> str:
        """The difference as a sentence."""
        line = f" of line {self.line_no}" if self.line_no is not None else ""
        if self.what == "extra":
            return f"{self.quantity} × {self.words} came and was not declared"
        state = {"missing": "did not come", "wrong_item": "came as another item", "empty": "came as an empty box"}
        return f"{self.quantity}{line} {state[self.what]}"


class Judged(Protocol):
    """A line as the inspection found it."""

    @property
    def line_no(self) -> int: ...
    @property
    def quantity(self) -> int: ...
    @property
    def grade(self) -> str | None: ...
    @property
    def cause(self) -> str | None: ...


def in_grades(lines: Iterable[Judged]) -> tuple[Difference, ...]:
    """What the grades say: an empty box, and another item than was sold, unless we are the ones who sent it."""
    found: list[Difference] = []
    for line in lines:
        if line.grade == "empty":
            found.append(Difference(what="empty", quantity=line.quantity, line_no=line.line_no))
        elif line.grade == "wrong_item" and line.cause != "seller":
            found.append(Difference(what="wrong_item", quantity=line.quantity, line_no=line.line_no))
    return tuple(found)
