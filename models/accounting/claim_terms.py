"""What couriers and suppliers are held to when something is asked back of them: data of a playbook (L5, G10)."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from models.commands import Word
from models.procedure.playbook_parts import Duration, Evidence, Part

DAY = 86_400

Against = Literal["courier", "supplier"]


class NamedTerms(Part):
    """What one courier or supplier has agreed to; what is left out is as for all of them."""

    file_within: Duration | None = Field(None, description="so long after it happened the claim has to be there")
    answer_within: Duration | None = Field(None, description="so long they have to answer")
    pay_within: Duration | None = Field(None, description="so long they have to pay what they accepted")
    appeal_within: Duration | None = Field(None, description="so long a refusal can be appealed")
    evidence: tuple[Evidence, ...] | None = Field(None, description="what a claim is proved with")


class ClaimTerms(Part):
    """How long a claim may take, step by step, and what it is proved with (L5, G10)."""

    file_within: Duration = Field(30 * DAY, description="so long after it happened the claim has to be there")
    answer_within: Duration = Field(15 * DAY, description="so long they have to answer")
    pay_within: Duration = Field(15 * DAY, description="so long they have to pay what they accepted")
    appeal_within: Duration = Field(
        7 * DAY, description="so long a refusal can be appealed, or is decided on by a manager"
    )
    evidence: tuple[Evidence, ...] = Field((), description="what a claim is proved with, in both languages")
    by_name: dict[Word, NamedTerms] = Field(
        default_factory=dict, description="by the name of a courier or supplier: what it has agreed to instead"
    )

    def of(self, name: str | None) -> "ClaimTerms":
        """The terms as they hold for one courier or supplier; names count without regard to case."""
        own = next((t for known, t in self.by_name.items() if known.casefold() == (name or "").casefold()), None)
        changed = own.model_dump(exclude_none=True, exclude={"evidence"}) if own else {}
        evidence = own.evidence if own is not None and own.evidence is not None else self.evidence
        return self.model_copy(update={**changed, "evidence": evidence, "by_name": {}})


def terms_for(terms: Mapping[Against, ClaimTerms], against: Against, name: str | None) -> ClaimTerms:
    """The terms of a claim against somebody, or the usual ones where the playbook says nothing."""
    return terms.get(against, ClaimTerms()).of(name)
