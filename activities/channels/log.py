"""The channel that is always there: a line in the log of the process."""

import logging

from store.outbox import Letter

logger = logging.getLogger("aftercare.messages")

#: From this level of the escalation chain on it is a warning; below it is news.
ESCALATED = 1


class LogChannel:
    """Writes who is told what of which case. Nothing in it is personal: a recipient is a role or a staff id."""

    def tell(self, letter: Letter) -> None:
        """One line; never fails."""
        level = logging.WARNING if (letter.level or 0) >= ESCALATED else logging.INFO
        logger.log(level, "to %s: %s – %s", letter.recipient, letter.case_no or "several cases", letter.subject)
