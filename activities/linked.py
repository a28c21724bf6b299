"""Starting the cases that another case split off."""

import asyncio

from sqlalchemy import Engine
from temporalio import activity
from temporalio.client import Client

from models.case import Case
from models.effects import START_LINKED, LinkedInput
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
        case = await asyncio.to_thread(self._load, linked.case_no)
        if case is not None and not case.is_final:
            await start_case(self.client, case)

    def _load(self, case_no: str) -> Case | None:
        with reading(self.engine) as session:
            return cases.load(session, case_no)
