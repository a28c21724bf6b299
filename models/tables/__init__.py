"""The SQL schema. Only `store/` and `activities/` may import it, and only from here.

Money is minor units in a 64-bit column, its currency beside it. Times are UTC. Documents are JSON. Every
constraint has a name, so that a refusal of the database can be read and a migration can name what it changes.
"""

from models.tables.breaches import breach_reasons
from models.tables.cases import (
    BOOKED,
    case_clocks,
    case_splits,
    case_units,
    case_waybills,
    cases,
    order_holds,
    timeline,
)
from models.tables.changes import changes
from models.tables.claims import claims
from models.tables.columns import Micros, Moment, metadata
from models.tables.customers import case_links, find_tries, order_visits, shop_keys
from models.tables.desk import (
    counters,
    idempotency,
    personal,
    playbook_acts,
    playbook_versions,
    token_ties,
    tokens,
)
from models.tables.files import case_files, file_sources, files
from models.tables.letters import letters, mailboxes, mailings, messages
from models.tables.money import (
    balance_entries,
    balances,
    ledger,
    money_moves,
    money_refusals,
    order_payments,
    payouts,
    side_accounts,
)
from models.tables.orders import orders, payment_pots, postage_pots, unit_pots
from models.tables.parcels import parcel_cases, parcel_files, parcels
from models.tables.people import (
    absences,
    duty_plans,
    handover_items,
    handovers,
    rota,
    staff,
    staff_standings,
    swaps,
    talks,
)
from models.tables.procedure import calendar_acts, drafts, published_texts, rebases, trial_items, trials
from models.tables.reports import case_facts, case_products
from models.tables.stock import loaners_out, stock_items, stock_moves, stock_places, stock_waits
from models.tables.stuck import bulk_items, bulks, case_reasons, stuck_spans, usual_times
from models.tables.sweeps import callback_tries, callbacks, customer_preferences, month_summaries, surveys, sweep_runs
from models.tables.tracking import hooks_in, order_news, order_waybills, parcel_watch, tracking, tracking_events
from models.tables.users import failed_sign_ins, sign_in_trips, user_sessions, users
from models.tables.views import saved_views
from models.tables.warranty import warranty_cards, warranty_repairs
from models.tables.webhooks import webhook_deliveries, webhook_endpoints, webhook_events

__all__ = [
    "BOOKED",
    "breach_reasons",
    "calendar_acts",
    "drafts",
    "published_texts",
    "rebases",
    "trial_items",
    "trials",
    "changes",
    "warranty_cards",
    "warranty_repairs",
    "webhook_deliveries",
    "webhook_endpoints",
    "webhook_events",
    "case_links",
    "find_tries",
    "order_visits",
    "shop_keys",
    "loaners_out",
    "stock_items",
    "stock_moves",
    "stock_places",
    "stock_waits",
    "hooks_in",
    "order_news",
    "parcel_watch",
    "order_payments",
    "order_waybills",
    "tracking",
    "tracking_events",
    "Micros",
    "file_sources",
    "files",
    "Moment",
    "absences",
    "bulk_items",
    "bulks",
    "callback_tries",
    "callbacks",
    "balance_entries",
    "balances",
    "case_clocks",
    "case_reasons",
    "case_facts",
    "case_files",
    "case_products",
    "case_splits",
    "case_units",
    "case_waybills",
    "cases",
    "claims",
    "counters",
    "customer_preferences",
    "duty_plans",
    "handover_items",
    "handovers",
    "idempotency",
    "ledger",
    "letters",
    "mailboxes",
    "mailings",
    "messages",
    "metadata",
    "money_moves",
    "money_refusals",
    "month_summaries",
    "order_holds",
    "orders",
    "parcel_cases",
    "parcel_files",
    "parcels",
    "payment_pots",
    "payouts",
    "personal",
    "playbook_acts",
    "playbook_versions",
    "postage_pots",
    "rota",
    "saved_views",
    "side_accounts",
    "staff",
    "staff_standings",
    "stuck_spans",
    "usual_times",
    "surveys",
    "swaps",
    "sweep_runs",
    "talks",
    "timeline",
    "token_ties",
    "tokens",
    "unit_pots",
    "users",
    "user_sessions",
    "failed_sign_ins",
    "sign_in_trips",
]
