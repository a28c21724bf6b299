"""Who may open which page and do what there: the console's one table of rights. What is not in it does not exist.

A page is named by its route. What an action does to a case is checked besides by the machine's own table
(`models.lifecycle.ROLES`), as for everybody who speaks to the API.
"""

from collections.abc import Mapping
from typing import Final

from models.lifecycle import Role

_LEADERS = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR})
_AGENTS = _LEADERS | {Role.AGENT}
_STAFF = _AGENTS | {Role.WAREHOUSE, Role.WORKSHOP, Role.TECHNICIAN, Role.EXPERT, Role.FINANCE}
_MANAGERS = frozenset({Role.MANAGER, Role.DIRECTOR})

#: The customer's pages: what opens them is a proof or a link, which they ask for themselves.
CUSTOMERS: Final = frozenset(
    f"customer_{page}"
    for page in (
        *("find", "do_find", "leave", "again", "items", "do_items", "why", "do_why", "which", "do_which"),
        *("photos", "do_photos", "photo", "wish", "do_wish", "check", "send", "sent"),
        *("case", "withdraw", "do", "case_photo", "slip"),
    )
)
#: Pages for whoever comes, signed in or not.
OPEN: Final = (
    frozenset({"sign_in", "do_sign_in", "provider_sign_in", "provider_back", "session", "choose_language"}) | CUSTOMERS
)

#: Page → the roles of which one is needed.
MAY: Final[Mapping[str, frozenset[Role]]] = {
    "home": _STAFF,
    **dict.fromkeys(("live", "rail"), _STAFF),
    **dict.fromkeys(("work", "work_next", "work_skip_form", "work_skip"), _STAFF),
    **dict.fromkeys(("new_case", "open_case", "check_case"), _STAFF),
    # What an action does is asked of the machine besides, so everybody of the house may look at a case and try.
    **dict.fromkeys(("case", "case_form", "case_act", "case_note", "case_add_files", "case_file", "case_slip"), _STAFF),
    **dict.fromkeys(("case_others", "case_writing", "case_amounts"), _STAFF),
    **dict.fromkeys(("case_message", "case_heard", "case_reveal"), _AGENTS),
    "sign_out": _STAFF,
    "account": _STAFF,
    "save_account": _STAFF,
    "change_password": _STAFF,
    "sign_out_everywhere": _STAFF,
    "end_session": _STAFF,
    **dict.fromkeys(("cases", "cases_csv", "save_view", "forget_view"), _STAFF),
    **dict.fromkeys(("reports", "report", "report_csv", "report_cases", "report_cases_csv"), _STAFF),
    **dict.fromkeys(("playbooks", "playbook", "playbook_road", "calendars", "calendar"), _STAFF),
    **dict.fromkeys(("playbook_history", "calendar_history"), _STAFF),
    **dict.fromkeys(("drafts", "begin_draft", "draft", "save_draft", "publish_draft", "do_publish_draft"), _MANAGERS),
    **dict.fromkeys(("trial", "stop_trial"), _MANAGERS),
    **dict.fromkeys(("rebases", "rebase_preview", "confirm_rebase", "rebase", "stop_rebase"), _MANAGERS),
    # Whose absence, swap or handover it is, is asked besides: everybody one's own, managers anybody's.
    **dict.fromkeys(("duty", "add_absence", "end_absence", "propose_swap", "answer_swap", "withdraw_swap"), _STAFF),
    **dict.fromkeys(("handovers", "begin_handover", "handover"), _STAFF),
    **dict.fromkeys(("accept_handover", "refuse_handover", "call_off_handover"), _STAFF),
    **dict.fromkeys(("staff", "add_staff", "staff_person", "save_staff", "give_rota"), _MANAGERS),
    **dict.fromkeys(("users", "add_user", "user", "user_roles", "user_password", "tie_user"), _MANAGERS),
    **dict.fromkeys(("disable_user", "enable_user", "sign_user_out", "end_user_session"), _MANAGERS),
    **dict.fromkeys(("service_levels", "breaches", "breaches_csv", "say_breach"), _LEADERS),
    **dict.fromkeys(("tokens", "make_token", "withdraw_token"), _MANAGERS),
    **dict.fromkeys(("webhooks", "add_webhook", "webhook", "change_webhook", "rotate_webhook"), _MANAGERS),
    **dict.fromkeys(("enable_webhook", "remove_webhook", "ping_webhook", "tell_again"), _MANAGERS),
    **dict.fromkeys(("delivery", "deliver_again", "calls_in", "call_in", "read_again"), _MANAGERS),
    "sweeps": _LEADERS,
    "stuck": _LEADERS,
    "stuck_csv": _LEADERS,
    "check_bulk": _LEADERS,
    "start_bulk": _LEADERS,
    "bulks": _LEADERS,
    "bulk": _LEADERS,
    "stop_bulk": _LEADERS,
    **dict.fromkeys(
        ("callbacks", "callbacks_csv", "callback", "callback_number", "callback_done", "callback_missed"), _AGENTS
    ),
    # Money out: whoever pays is not whoever granted it.
    **dict.fromkeys(("payouts", "payouts_csv"), _MANAGERS | {Role.FINANCE}),
    **dict.fromkeys(("payout_paid", "payout_failed", "payout_confirm", "payout_ask"), frozenset({Role.FINANCE})),
    # Accounts in full are for whoever pays to them.
    **dict.fromkeys(("payout_account", "batch_file"), frozenset({Role.FINANCE})),
    "payout_route": _MANAGERS,
    **dict.fromkeys(("check_batch", "pay_batch"), frozenset({Role.FINANCE})),
    **dict.fromkeys(("approvals", "decide_approval"), _MANAGERS),
    # What others owe us. Settling is for whoever may act on the case; giving up is a manager's.
    **dict.fromkeys(("claims", "claims_csv", "claim", "claim_settle"), _AGENTS | {Role.FINANCE}),
    "claim_write_off": _MANAGERS,
    **dict.fromkeys(("books", "begin_audit"), _MANAGERS | {Role.FINANCE}),
    # The books of a case, which its page sums up.
    **dict.fromkeys(("case_ledger", "case_ledger_csv"), _AGENTS | {Role.FINANCE}),
    **dict.fromkeys(("remittances", "remittances_csv"), _AGENTS | {Role.FINANCE}),
    **dict.fromkeys(("remittance_matched", "remittance_not_there"), frozenset({Role.FINANCE})),
    **dict.fromkeys(("receivables", "receivables_csv"), _AGENTS | {Role.FINANCE}),
    "receivable_paid": frozenset({Role.FINANCE}),
    **dict.fromkeys(("receivable_waive", "receivable_give_back"), _AGENTS | {Role.FINANCE}),
    "receivable_decide": _MANAGERS,
    # Devices that are lent.
    **dict.fromkeys(("loaners", "loaners_csv"), _AGENTS | {Role.WAREHOUSE, Role.TECHNICIAN, Role.FINANCE}),
    "loaner_back": _AGENTS | {Role.WAREHOUSE, Role.TECHNICIAN},
    "loaner_lost": _MANAGERS,
    # What personal they hold is masked.
    **dict.fromkeys(("registers", "register", "register_csv"), _LEADERS | {Role.FINANCE}),
    # Goods in.
    **dict.fromkeys(("warehouse", "warehouse_scan"), frozenset({Role.WAREHOUSE})),
    **dict.fromkeys(("parcels", "parcel", "parcel_photo"), _STAFF),
    **dict.fromkeys(("parcel_match", "parcel_describe", "parcel_add_photo"), _AGENTS | {Role.WAREHOUSE}),
    **dict.fromkeys(("parcel_dispose", "parcel_send_back"), _LEADERS | {Role.WAREHOUSE}),
    "holds": _STAFF,
    **dict.fromkeys(("inspection", "inspect", "do_inspect"), _AGENTS | {Role.WAREHOUSE, Role.EXPERT}),
}

#: Pages that somebody whose password was given to him may open before he has chosen his own.
BEFORE_OWN_PASSWORD: Final = frozenset({"account", "save_account", "change_password", "sign_out", "choose_language"})

#: Whom to ask for a right: the least of those who have it, in the order in which people are asked.
ASKED: Final = (
    Role.AGENT,
    Role.WAREHOUSE,
    Role.FINANCE,
    Role.SUPERVISOR,
    Role.MANAGER,
    Role.DIRECTOR,
    Role.WORKSHOP,
    Role.TECHNICIAN,
    Role.EXPERT,
)


def may_open(roles: frozenset[Role], page: str) -> bool:
    """Whether somebody of these roles may open a page or do what its name says."""
    return page in OPEN or not roles.isdisjoint(MAY[page])


def whom_to_ask(page: str) -> tuple[Role, ...]:
    """The roles that may, those first that are asked first."""
    return tuple(role for role in ASKED if role in MAY[page])
