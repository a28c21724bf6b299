"""What a playbook changes of the rules of section 4; without one, the handbook's defaults."""

from dataclasses import dataclass
from typing import Literal

from models.freight import RATE_FACTOR
from models.playbook import Procedure


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The settings that a settlement reads, the same for a preview and for the case that carries it out (F20)."""

    freight_factor: int = RATE_FACTOR
    refund_postage: Literal["rule", "always", "never"] = "rule"
    both_ways: bool = False
    claws_back: bool = False


def terms_of(procedure: Procedure | None) -> Terms:
    """The terms of a kind of case; None gives the defaults. Both ways are the customer's on a change of mind (F22)."""
    if procedure is None:
        return Terms()
    return Terms(
        freight_factor=procedure.return_freight_factor,
        refund_postage=procedure.refund_postage,
        claws_back=procedure.promotion == "claw_back",
        both_ways=procedure.customer_pays_both_ways and not procedure.asks_fault,
    )
