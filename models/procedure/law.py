"""What the law gives the customer now: the choices that are his, and not ours (section 13).

The numbers are the playbook's; a shop checks them for itself. Time in repair moves every limit back by as much.
"""

from datetime import date

from models.commands import Remedy
from models.procedure.playbook_parts import Law

DAY = 86_400


def legal_choices(
    law: Law,
    received: date | None,
    today: date,
    failed_repairs: int = 0,
    repair_seconds: int = 0,
    out_of_stock: bool = False,
) -> tuple[Remedy, ...]:
    """The remedies that the customer can insist on, most first; none where the law is silent or over.

    To day 7 refund, exchange or repair, to day 15 exchange or repair, then repair (in mainland China). Two failed
    repairs or 30 days in repair give a right to exchange; what is to be exchanged and not in stock, to a refund.
    """
    if received is None or not law.ladder:
        return ()
    day = (today - received).days - repair_seconds // DAY
    if law.ladder_days is not None and day > law.ladder_days:
        return ()
    choices = next((step.choices for step in law.ladder if step.until_day is None or day <= step.until_day), ())
    if repairs_are_enough(law, failed_repairs, repair_seconds) and "exchange" not in choices:
        choices = ("exchange", *choices)
    if out_of_stock and "exchange" in choices and "refund" not in choices:
        choices = ("refund", *choices)
    return choices


def repairs_are_enough(law: Law, failed_repairs: int, repair_seconds: int) -> bool:
    """Whether repairs have failed so often, or lasted so long, that the law gives a right to an exchange."""
    failed = law.failed_repairs is not None and failed_repairs >= law.failed_repairs
    return failed or (law.repair_days is not None and repair_seconds > law.repair_days * DAY)


def seller_proves(law: Law, received: date | None, today: date, category: str | None) -> bool:
    """Whether the seller has to show that there was no defect: durable goods in their first months."""
    if law.seller_proves_months is None or received is None or category not in law.durable_categories:
        return False
    months = (today.year - received.year) * 12 + today.month - received.month - (today.day < received.day)
    return months < law.seller_proves_months
