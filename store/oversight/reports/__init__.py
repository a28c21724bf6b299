"""The reports of T13, from SQL alone: every number with the cell that names its cases.

`made` answers a report by its name, `of_cell` the cases behind a number, `monthly` the document of a month.
"""

from store.oversight.reports.listing import of_cell
from store.oversight.reports.made import REPORTS, Asked, made, monthly
from store.oversight.reports.sources import Entries

__all__ = ["REPORTS", "Asked", "Entries", "made", "monthly", "of_cell"]
