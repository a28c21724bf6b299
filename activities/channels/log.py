"""The channel that is always there: a line in the log of the process."""

import logging

from activities.channels.channel import Mail
from store.people.outbox import Letter

logger = logging.getLogger("aftercare.messages")

#: From this level of the escalation chain on it is a warning; below it is news.
ESCALATED = 1


class LogChannel:
    """Writes who is told what. Nothing in it is personal: a recipient is a role or a staff id."""

    def send(self, url: str | None, mail: Mail) -> None:
        """One line; never fails."""
        logger.log(logging.WARNING if mail.urgent else logging.INFO, "to %s: %s (%s)", mail.holder, mail.title, mail.id)

    def tell(self, letter: Letter) -> None:
        """One line for what is told to people outside the house; the console shows it to them."""
        level = logging.WARNING if (letter.level or 0) >= ESCALATED else logging.INFO
        logger.log(level, "to %s: %s – %s", letter.recipient, letter.case_no or "several cases", letter.subject)
