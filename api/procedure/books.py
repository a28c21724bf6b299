"""The playbook that a case follows: the version it was opened with, whatever is in force by now."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from models.case import Case
from models.playbook import Playbook
from playbooks.loading.load import Playbooks
from store.procedure import playbooks as kept


class Books:
    """Versions of playbooks: kept in SQL when their set is met for the first time, and read again for their cases."""

    def __init__(self) -> None:
        self.seen = ""  # the set that was kept last
        self._read: dict[tuple[str, str], Playbook] = {}

    def of(self, session: Session, case: Case, in_force: Playbooks) -> Playbook | None:
        """The playbook of a case in its own version, with what its subcategory and variants change.

        Where that version was not kept, the one in force stands in for its words; what decides the case carries.
        """
        now = in_force.kinds.get(case.kind)
        version = case.procedure.version
        own = now if now and now.version == version else self._version(session, case.kind, version)
        book = own or now or next(iter(in_force.kinds.values()), None)
        return book.with_changes(case.procedure.subcategory, case.procedure.variants) if book else None

    def _version(self, session: Session, kind: str, version: str) -> Playbook | None:
        if (kind, version) not in self._read:
            document = kept.get(session, kind, version)
            book = _read(document) if document else None
            if book is None:
                return None
            self._read[kind, version] = book
        return self._read[kind, version]


def _read(document: dict[str, Any]) -> Playbook | None:
    """A kept document as a playbook; None where an older release kept it in another form."""
    try:
        return Playbook.model_validate(document)
    except ValidationError:
        return None
