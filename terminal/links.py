"""Links by which a customer opens one case; they speak HTTP to the API that runs."""

from typing import Annotated

import typer

from models.errors import Invalid
from terminal.cases import AsJson, CaseNo, quoted


def link(
    case_no: CaseNo,
    fresh: Annotated[bool, typer.Option("--fresh", help="End every link that was made before.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Only end them; make no new one.")] = False,
    json: AsJson = False,
) -> None:
    """Make a link by which the customer opens this one case, or end those that were made."""
    from terminal import remote, shown

    if fresh and revoke:
        raise Invalid("Say --fresh or --revoke: a fresh link ends the others too.")
    path = f"/cases/{quoted(case_no)}/link"
    with remote.remote() as api:
        answer = api.delete(path) if revoke else api.post(path, {"fresh": fresh})
    if json:
        shown.as_json(answer)
    elif revoke:
        shown.say(f"Every link to {case_no} is over.")
    else:
        shown.say(f"{answer['url']}\nuntil {shown.when(answer['expires_at'])}")
