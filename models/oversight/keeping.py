"""How long what nobody needs for ever is kept; the ledger, timelines, cases and what follows from them stay."""

from typing import Annotated, Final

from pydantic import Field

from models.procedure.playbook_parts import Part

#: A month at least: what is younger may still be asked for, sent, or counted.
Kept = Annotated[int, Field(ge=30, le=36_500)]


class Keep(Part):
    """Days that rows are kept which are no record of a case: `keep` of `shop.yaml`. Older ones go at night."""

    letters: Kept = Field(400, description="letters that went out, what they were sent as, and messages of ended cases")
    talks: Kept = Field(60, description="when customers wrote to whom, by which a shift lasts longer (T18)")
    sweep_runs: Kept = Field(400, description="runs of sweeps; the last ones of each stay")
    hooks: Kept = Field(90, description="calls from outside as they came, once they were read")
    survey_words: Kept = Field(730, description="customers' words and notes of callbacks; the scores stay")
    files: Kept = Field(90, description="photos and files of no case, no parcel and no request that is being written")
    duty_words: Kept = Field(400, description="reasons of absences, notes of swaps, handovers and missed clocks")


#: Every kind of row that is not kept for ever, in the order in which they are gone through.
KINDS: Final = tuple(Keep.model_fields)
