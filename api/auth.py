"""Who calls, what that token may do, and as whom a command is signed.

Which role may do what to a case is the machine's table (`models.lifecycle.ROLES`); which token may call which
endpoint is the table `MAY` below, and nothing else decides it.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from fastapi import Request
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api.callers import Caller as Caller
from api.callers import tie_of
from api.limits import Attempts
from models.commands import Actor
from models.errors import Forbidden, Malformed, Unauthenticated
from models.lifecycle import Action, Role, acts_as, may
from store.engine import reading, writing
from store.people import tokens

#: How long a token that was found good is not looked up again; so long a revoked one may still pass.
TRUSTED_SECONDS: Final = 5.0
#: How long a token that was good is let in from its address whatever wrong ones come from there.
KNOWN_SECONDS: Final = 3600.0
MOST_KNOWN: Final = 10_000
TOUCHED_AGAIN_AFTER: Final = timedelta(hours=1)

BOOTSTRAP_NAME: Final = "bootstrap"

#: Whom a token with several roles acts as when nothing else is said: the first of these that may do it.
STRONGEST: Final = (
    Role.DIRECTOR,
    Role.MANAGER,
    Role.SUPERVISOR,
    Role.AGENT,
    Role.FINANCE,
    Role.WAREHOUSE,
    Role.WORKSHOP,
    Role.TECHNICIAN,
    Role.EXPERT,
    Role.COURIER,
    Role.PLATFORM,
    Role.SYSTEM,
    Role.CUSTOMER,
)

_LEADERS = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR})
_AGENTS = _LEADERS | {Role.AGENT}
_MACHINES = frozenset({Role.PLATFORM, Role.SYSTEM})
_STAFF = _AGENTS | {Role.WAREHOUSE, Role.WORKSHOP, Role.TECHNICIAN, Role.EXPERT, Role.FINANCE}
_MANAGERS = frozenset({Role.MANAGER, Role.DIRECTOR})
_EVERYBODY = frozenset(Role)
_READS_EVERY_REPORT = _LEADERS | {Role.FINANCE, Role.SYSTEM}

#: Endpoint → the roles of which a token needs one. What a command does to a case is checked by its action besides.
MAY: Final[Mapping[str, frozenset[Role]]] = {
    "import_orders": _MANAGERS | _MACHINES,
    "put_order": _MANAGERS | _MACHINES,
    "get_order": _STAFF | _MACHINES,
    "preview_refund": _AGENTS | _MACHINES | {Role.FINANCE},
    "open_case": _STAFF | _MACHINES | {Role.CUSTOMER},
    "check_case": _STAFF | _MACHINES,
    **dict.fromkeys(("make_link", "revoke_links"), _AGENTS | _MACHINES),
    "propose_kinds": _STAFF | _MACHINES,
    "list_cases": _STAFF | _MACHINES,
    "get_case": _STAFF | _MACHINES | {Role.CUSTOMER},
    "get_timeline": _STAFF | _MACHINES,
    "add_case_file": _EVERYBODY,
    "list_case_files": _STAFF | _MACHINES | {Role.CUSTOMER},
    "get_case_file": _STAFF | _MACHINES | {Role.CUSTOMER},
    "get_slip": _STAFF | _MACHINES | {Role.CUSTOMER},
    "command_case": _EVERYBODY,
    "list_stuck": _LEADERS | {Role.SYSTEM},
    "start_bulk": _LEADERS,
    "list_bulks": _LEADERS | {Role.SYSTEM},
    "get_bulk": _LEADERS | {Role.SYSTEM},
    "stop_bulk": _LEADERS,
    "list_callbacks": _AGENTS | _MACHINES,
    "callback_done": _AGENTS,
    "callback_missed": _AGENTS | {Role.SYSTEM},
    "put_preferences": _AGENTS,
    "list_schedules": _LEADERS | {Role.SYSTEM},
    "list_payouts": _MANAGERS | {Role.FINANCE, Role.SYSTEM},
    "list_claims": _AGENTS | {Role.FINANCE, Role.SYSTEM},
    **dict.fromkeys(("list_remittances", "list_received", "list_receivables"), _AGENTS | {Role.FINANCE, Role.SYSTEM}),
    **dict.fromkeys(("get_books", "begin_audit"), _MANAGERS | {Role.FINANCE, Role.SYSTEM}),
    "get_payout_account": frozenset({Role.FINANCE}),
    "payout_paid": frozenset({Role.FINANCE, Role.SYSTEM}),
    "payout_failed": frozenset({Role.FINANCE, Role.SYSTEM}),
    "ask_payout": frozenset({Role.FINANCE, Role.SYSTEM}),
    "get_balance": _AGENTS | _MACHINES | {Role.FINANCE},
    "clear_balance": frozenset({Role.FINANCE, Role.SYSTEM}),
    "scan_parcel": frozenset({Role.WAREHOUSE, Role.SYSTEM}),
    **dict.fromkeys(("list_stock", "get_stock", "find_warranty"), _STAFF | _MACHINES),
    "issue_warranty": _AGENTS | {Role.WAREHOUSE, Role.WORKSHOP, Role.SYSTEM},
    **dict.fromkeys(("put_stock", "import_stock", "move_stock"), _MANAGERS | {Role.WAREHOUSE, Role.SYSTEM}),
    **dict.fromkeys(("list_parcels", "get_parcel", "get_parcel_file"), _STAFF | _MACHINES),
    **dict.fromkeys(("match_parcel", "describe_parcel", "add_parcel_file"), _AGENTS | {Role.WAREHOUSE, Role.SYSTEM}),
    # Before a parcel's time on the shelf is over, only whom `shop.yaml` names (G2).
    **dict.fromkeys(("dispose_parcel", "send_parcel_back"), _LEADERS | {Role.WAREHOUSE, Role.SYSTEM}),
    **dict.fromkeys(("list_hooks", "get_hook", "replay_hook"), _MANAGERS | {Role.SYSTEM}),
    **dict.fromkeys(("add_webhook", "list_webhooks", "get_webhook", "put_webhook"), _MANAGERS | {Role.SYSTEM}),
    **dict.fromkeys(("remove_webhook", "enable_webhook", "rotate_webhook"), _MANAGERS | {Role.SYSTEM}),
    **dict.fromkeys(("ping_webhook", "list_deliveries", "get_delivery"), _MANAGERS | {Role.SYSTEM}),
    **dict.fromkeys(("replay_webhook", "replay_delivery"), _MANAGERS | {Role.SYSTEM}),
    "get_waybill": _STAFF | _MACHINES | {Role.COURIER},
    "add_events": _STAFF | {Role.COURIER, Role.SYSTEM},
    "get_register": _LEADERS | {Role.FINANCE, Role.SYSTEM},
    # Who is none of those in `_READS_EVERY_REPORT` sees the own score sheet, and nothing else.
    **dict.fromkeys(("get_report", "list_report_cases"), _STAFF | {Role.SYSTEM}),
    "list_breaches": _LEADERS | {Role.SYSTEM},
    "put_breach": _LEADERS,
    "list_staff": _STAFF | {Role.SYSTEM},
    "get_staff": _STAFF | {Role.SYSTEM},
    "put_staff": _MANAGERS | {Role.SYSTEM},
    "get_duty": _STAFF | {Role.SYSTEM},
    "list_duty_days": _STAFF | {Role.SYSTEM},
    "put_rota": _MANAGERS | {Role.SYSTEM},
    **dict.fromkeys(("list_absences", "add_absence", "end_absence"), _STAFF | {Role.SYSTEM}),
    **dict.fromkeys(("list_swaps", "propose_swap", "answer_swap", "withdraw_swap"), _STAFF | {Role.SYSTEM}),
    **dict.fromkeys(("list_handovers", "get_handover", "begin_handover"), _STAFF | {Role.SYSTEM}),
    **dict.fromkeys(("accept_handover", "refuse_handover", "cancel_handover"), _STAFF | {Role.SYSTEM}),
    "get_lifecycle": _EVERYBODY,
    "list_playbooks": _STAFF | _MACHINES,
    "list_calendars": _STAFF | _MACHINES,
    "get_playbook": _STAFF | _MACHINES,
    "list_inbox": _STAFF | {Role.SYSTEM},
    "read_inbox": _STAFF | {Role.SYSTEM},
    "list_mailboxes": _MANAGERS | {Role.SYSTEM},
    "get_mailbox": _STAFF | {Role.SYSTEM},
    "put_mailbox": _STAFF | {Role.SYSTEM},
    "try_mailbox": _STAFF | {Role.SYSTEM},
    **dict.fromkeys(("check_playbook", "publish_playbook", "begin_trial", "stop_trial"), _MANAGERS),
    **dict.fromkeys(("check_calendar", "publish_calendar"), _MANAGERS),
    **dict.fromkeys(("get_playbook_history", "get_calendar_history"), _STAFF | {Role.SYSTEM}),
    "get_trial": _MANAGERS | {Role.SYSTEM},
    "preview_rebase": _MANAGERS,
    "confirm_rebase": _MANAGERS,
    "get_rebase": _MANAGERS | {Role.SYSTEM},
    "stop_rebase": _MANAGERS,
    "get_metrics": _LEADERS | {Role.SYSTEM},
}


#: The token of the settings: every role, for first set-up and automation.
BOOTSTRAP: Final = Caller(id=BOOTSTRAP_NAME, name=BOOTSTRAP_NAME, roles=_EVERYBODY, may_act_for_others=True)


class Gate:
    """Knows a caller by the token of the request; remembers good ones for a few seconds."""

    def __init__(
        self,
        engine: Engine,
        bootstrap_token: str | None = None,
        attempts: Attempts | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._bootstrap = bootstrap_token.encode() if bootstrap_token else None
        self._attempts = attempts or Attempts(ticks)
        self._ticks = ticks
        self._good: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()

    async def authenticate(self, request: Request) -> Caller:
        """The caller. Raises Unauthenticated, or TooManyAttempts after too many wrong tokens from one address."""
        token = _bearer(request)
        address = request.client.host if request.client else "?"
        digest = sha256(address.encode() + b"\0" + token.encode("latin-1")).digest()
        known, seen = self._good.get(digest, (None, float("-inf")))
        age = self._ticks() - seen
        if known is not None and age <= TRUSTED_SECONDS:
            return known
        if age > KNOWN_SECONDS and not token.startswith(f"{tokens.PREFIX}_"):
            # The token of the settings was thought up by somebody and can be guessed. Ours cannot, so nobody who
            # has one is shut out for what others at the same address try.
            self._attempts.check(address)
        found = await self._verified(token)
        if found is None:
            self._good.pop(digest, None)
            self._attempts.check(address)
            self._attempts.failed(address)
            raise Unauthenticated("The token is unknown or was revoked: 'aftercare token create' makes another.")
        self._remember(digest, found)
        return found

    def _remember(self, digest: bytes, caller: Caller) -> None:
        self._good[digest] = (caller, self._ticks())
        self._good.move_to_end(digest)
        while len(self._good) > MOST_KNOWN:
            self._good.popitem(last=False)

    async def _verified(self, token: str) -> Caller | None:
        # A heading is read as Latin-1, so this is what was sent, in whatever alphabet.
        if self._bootstrap is not None and secrets.compare_digest(token.encode("latin-1"), self._bootstrap):
            return BOOTSTRAP
        info = await asyncio.to_thread(self._look_up, token)
        if info is None:
            return None
        return Caller(info.id, info.name, frozenset(info.roles), info.may_act_for_others, tie_of(info))

    def _look_up(self, token: str) -> tokens.TokenInfo | None:
        with reading(self._engine) as session:
            info = tokens.verify(session, token)
        if info is not None:
            self._note_use(info)
        return info

    def _note_use(self, info: tokens.TokenInfo) -> None:
        now = datetime.now(UTC)
        if info.last_used_at is not None and now - info.last_used_at < TOUCHED_AGAIN_AFTER:
            return
        try:
            with writing(self._engine) as session:
                tokens.touch(session, info.id, now)
        except SQLAlchemyError:
            pass  # When a token was last used is good to know, and no reason to turn its holder away.


def _bearer(request: Request) -> str:
    scheme, _, rest = request.headers.get("authorization", "").strip(" \t").partition(" ")
    token = rest.strip(" \t")  # nothing else, since the bytes of other alphabets may read as spaces
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send a token: 'Authorization: Bearer …'.")
    return token


def permit(caller: Caller, endpoint: str) -> None:
    """Raises Forbidden unless one of the token's roles may call the endpoint."""
    needed = MAY[endpoint]
    if caller.roles.isdisjoint(needed):
        listed = ", ".join(sorted(role.value for role in needed))
        raise Forbidden(f"This token has none of the roles that may do this: {listed}.")


def reads_every_report(caller: Caller) -> bool:
    """Whether a caller reads all reports (T13); everybody else of the staff sees the own score sheet only."""
    return not caller.roles.isdisjoint(_READS_EVERY_REPORT)


def actor_of(caller: Caller, envelope_actor: object = None, action: Action | None = None) -> Actor:
    """Who signs: the token's holder in a role of the token's, or whom the envelope names if it may act for others.

    With several roles and none named, the strongest that may do `action` is taken. Raises Malformed for an actor
    that cannot be read or a role that does not exist, Forbidden for a role that the token has not.
    """
    named_id, named_role = _named(envelope_actor)
    if caller.may_act_for_others:
        return Actor(id=named_id or caller.name, role=named_role or _default_role(caller, action))
    if named_role is not None and not any(acts_as(role, named_role) for role in caller.roles):
        mine = ", ".join(sorted(role.value for role in caller.roles)) or "none"
        raise Forbidden(f"This token cannot act as '{named_role}'; its roles: {mine}.")
    return Actor(id=caller.name, role=named_role or _default_role(caller, action))


def _named(envelope_actor: object) -> tuple[str | None, Role | None]:
    if envelope_actor is None:
        return None, None
    if isinstance(envelope_actor, Actor):
        return envelope_actor.id, envelope_actor.role
    if not isinstance(envelope_actor, Mapping):
        raise Malformed('The actor is an object: {"id": …, "role": …}.')
    role = _known_role(envelope_actor.get("role"))
    return _readable_id(envelope_actor.get("id"), role or Role.AGENT), role


def _known_role(given: object) -> Role | None:
    if given is None:
        return None
    try:
        return Role(str(given))
    except ValueError:
        raise Malformed(f"There is no such role; there are {', '.join(Role)}.") from None


def _readable_id(given: object, role: Role) -> str | None:
    if given is None:
        return None
    try:
        return Actor(id=given, role=role).id
    except ValidationError:
        raise Malformed("The actor's id is plain text of 1 to 200 characters.") from None


def _default_role(caller: Caller, action: Action | None) -> Role:
    mine = [role for role in STRONGEST if role in caller.roles]
    if not mine:
        raise Forbidden("This token has no role at all: make one with roles.")
    able = [role for role in mine if action is not None and may(role, action)]
    return (able or mine)[0]
