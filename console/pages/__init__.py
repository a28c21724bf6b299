"""The pages, a file for each part of the work. A page is a function with a route; its rights: `console.access`."""

from fastapi import APIRouter

from console.customer import asking, following
from console.pages import (
    account,
    approvals,
    calendars,
    callbacks,
    cases,
    cases_list,
    duty,
    home,
    inspection,
    live,
    opening,
    payouts,
    playbooks,
    reports,
    shelf,
    sign_in,
    staff,
    stuck,
    sweeps,
    users,
    warehouse,
    work,
)

#: All pages of the console.
PAGES: tuple[APIRouter, ...] = (
    home.router,
    sign_in.router,
    account.router,
    work.router,
    opening.router,  # before the cases: `new` is no number
    cases.router,
    live.router,
    asking.router,
    following.router,
    cases_list.router,
    stuck.router,
    reports.router,
    playbooks.router,
    calendars.router,
    sweeps.router,
    warehouse.router,
    payouts.router,
    approvals.router,
    callbacks.router,
    shelf.router,
    inspection.router,
    duty.router,
    staff.router,
    users.router,
)
