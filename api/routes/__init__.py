"""The contract's calls, one file per part of the desk."""

from fastapi import APIRouter

from api.routes import (
    cases,
    duty,
    files,
    follow_up,
    goods,
    health,
    hooks,
    inbox,
    links,
    machine,
    money,
    orders,
    procedure,
    reference,
    reports,
    stock,
    stuck,
    warranty,
    webhooks,
)

#: Everything under `/api/v1`.
api = APIRouter(prefix="/api/v1")
for part in (
    orders.router,
    cases.router,
    duty.router,
    stuck.router,
    files.router,
    links.router,
    money.router,
    reports.router,
    goods.router,
    stock.router,
    warranty.router,
    hooks.hooks,
    hooks.router,
    webhooks.router,
    follow_up.router,
    inbox.router,
    machine.router,
    procedure.router,
):
    api.include_router(part)

#: What stands at the root.
root = APIRouter()
for part in (health.router, health.guarded, reference.router):
    root.include_router(part)
