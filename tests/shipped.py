"""The playbooks that come with the program, read once for all tests of a process; nothing changes them."""

from functools import cache

from playbooks.loading.load import SHIPPED, Playbooks, load_playbooks


@cache
def shipped() -> Playbooks:
    """The shipped playbooks, calendars, rates and the shop."""
    return load_playbooks(SHIPPED)
