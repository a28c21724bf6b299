"""Starting the cases that another case split off."""

import asyncio

from sqlalchemy import Engine
from temporalio import activity
from temporalio.client import Client

from models.effects import START_LINKED, CaseInput, LinkedInput
from store import cases
from store.engine import reading
from workflows.starting import start_case


class Linked:
    """Starts a case from its row; starting one that runs is harmless, so a repeat is too."""

    def __init__(self, engine: Engine, client: Client) -> None:
        self.engine = engine
        self.client = client

    @activity.defn(name=START_LINKED)
    async def start_linked(self, linked: LinkedInput) -> None:
        """Start the workflow of a case that the commit has written."""
        opening = await asyncio.to_thread(self._to_start, linked.case_no)
        if opening is not None:
            await start_case(self.client, opening)

    def _to_start(self, case_no: str) -> CaseInput | None:
        with reading(self.engine) as session:
            case = cases.load(session, case_no)
            return None if case is None or case.is_final else cases.to_start(session, case)
