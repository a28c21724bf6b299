"""Documents as they look, for the reference of the API; a test proves that each is one of its kind."""

from typing import Any

from models.orders import OrderDocument

_NOTHING = {"amount": "0.00", "currency": "CNY"}

CLOCK: dict[str, Any] = {
    "clock": "triage",
    "cycle": 1,
    "calendar": "shop_cn",
    "target": 30600,
    "used": 1800,
    "left": 28800,
    "used_plain": 1800,
    "left_plain": 100800,
    "due_at": "2026-11-23T10:00:00+00:00",
    "paused_since": None,
    "state": "running",
    "outcome": "escalate",
    "pauses": True,
    "breached": None,
    "policy": {"target": 30600, "calendar": "shop_cn", "version": "1-863339e1f8"},
    "next_alarm": {"name": "warning", "at": "2026-11-23T07:52:30+00:00", "level": 0, "targets": ["owner"]},
    "silence": None,
    "sums": [
        {
            "from": "2026-11-22T05:30:00+00:00",
            "to": "2026-11-22T06:00:00+00:00",
            "runs": True,
            "seconds": 1800,
            "plain": 1800,
            "why": None,
        }
    ],
    "log": [{"at": "2026-11-22T05:30:00+00:00", "what": "started", "note": None}],
}

CASE_MONEY: dict[str, Any] = {
    "refund": {"amount": "121.13", "currency": "CNY"},
    "freight": {"amount": "12.00", "currency": "CNY"},
    "goodwill": _NOTHING,
    "customer_owes": _NOTHING,
    "paid": _NOTHING,
    "receivable": _NOTHING,
    "deposit": _NOTHING,
    "overpaid": _NOTHING,
}

CASE_COST: dict[str, Any] = {
    **dict.fromkeys(
        ("freight", "goodwill", "replacement", "other", "compensation", "received", "written_off"), _NOTHING
    ),
    "refund": {"amount": "121.13", "currency": "CNY"},
    "goods": {"amount": "121.13", "currency": "CNY"},
    "claimed": _NOTHING,
    "deposit": _NOTHING,
    "total": _NOTHING,
}

ACTION: dict[str, Any] = {"action": "ship_back", "allowed": False, "reasons": ["not while the case is 'requested'"]}

NEXT_STEP: dict[str, Any] = {
    "text": {"zh": "了解情况，给出最省钱又公平的方案", "en": "Understand it and offer the cheapest fair remedy"},
    "why": {"zh": "客户在等我们的答复", "en": "the customer waits for our answer"},
    "who": "agent",
    "action": "make_offer",
    "data": {},
    "until": "2026-11-23T10:00:00+00:00",
    "otherwise": {"zh": "到期会提醒并逐级上报", "en": "it warns, and then goes up level by level"},
    "script": {
        "zh": "王小明您好，我是李娜，您的售后单号是AC-26-000001。",
        "en": "Hello 王小明, your case number is AC-26-000001.",
    },
    "script_name": "requested",
    "evidence_missing": [{"key": "photo_fault", "zh": "故障部位照片或视频", "en": "a photo or video of the fault"}],
    "questions": [{"zh": "什么时候开始的？", "en": "Since when?"}],
    "legal_choices": ["refund", "exchange", "repair"],
}

ELIGIBLE: dict[str, Any] = {
    "answer": "yes",
    "reasons": [
        {
            "rule": "days_since_delivery",
            "answer": "yes",
            "zh": "签收后第2天，期限7天",
            "en": "day 2 after delivery, of 7",
            "line_no": 1,
        }
    ],
    "override": None,
}

CASE_IN_LIST: dict[str, Any] = {
    "case_no": "AC-26-000001",
    "order_no": "20260302-0017",
    "kind": "quality_fault",
    "state": "requested",
    "stage": "request",
    "waiting_for": "agent",
    "wanted": "refund",
    "remedy": None,
    "channel": "phone",
    "owner": "li.na",
    "priority": "normal",
    "severity": None,
    "escalation": 0,
    "due_at": "2026-11-23T10:00:00+00:00",
    "opened_at": "2026-11-22T06:11:59+00:00",
    "closed_at": None,
    "at_stake": {"amount": "121.13", "currency": "CNY"},
}

CASE: dict[str, Any] = {
    **{name: value for name, value in CASE_IN_LIST.items() if name != "at_stake"},
    "subcategory": None,
    "version": 2,
    "goods": "customer",
    "clocks": [CLOCK],
    "money": CASE_MONEY,
    "cost": CASE_COST,
    "payouts": [],
    "lines": [{"line_no": 1, "quantity": 1, "sku": "KETTLE-17", "name": "电热水壶 1.7 L", "issues": []}],
    "actions": [{"action": "authorise_return", "allowed": True, "reasons": []}, ACTION],
    "next_step": NEXT_STEP,
    "eligibility": ELIGIBLE,
    "procedure": {"kind": "quality_fault", "version": "1-2122e756ce"},
    "description": "壶底漏水，通电后跳闸",
    "repeated": False,
}

STUCK: dict[str, Any] = {
    **CASE_IN_LIST,
    "reasons": ["overdue"],
    "why": [
        {
            "reason": "overdue",
            "since": "2026-11-23T10:00:00+00:00",
            "zh": "期限已过 2 小时 30 分,仍在等客服。",
            "en": "The deadline passed 2 h 30 min ago; the agent is awaited.",
        }
    ],
    "since": "2026-11-23T10:00:00+00:00",
    "snoozed_until": None,
}

ENTRY: dict[str, Any] = {
    "seq": 2,
    "at": "2026-11-22T06:15:00+00:00",
    "actor": {"id": "li.na", "role": "agent"},
    "action": "authorise_return",
    "from": "requested",
    "to": "awaiting_return",
    "note": None,
    "data": {},
}

PROPOSAL: dict[str, Any] = {
    "kind": "damaged_in_transit",
    "names": {"zh": "运输破损", "en": "Damaged in transit"},
    "subcategory": None,
    "score": 3.412,
    "matched": ["碎", "盒子也压扁"],
    "fits": True,
}

_sent: Any = OrderDocument.model_config["json_schema_extra"]
ORDER: dict[str, Any] = {
    **_sent["examples"][0],
    "cases": [CASE_IN_LIST],
    "holds": [],
    "refundable": {
        "total": "318.00",
        "postage": "10.00",
        "lines": [{"line_no": 1, "amount": "242.27"}, {"line_no": 2, "amount": "65.73"}],
    },
}

BALANCE: dict[str, Any] = {
    "customer_id": "c-88",
    "balances": [{"amount": "8.00", "currency": "CNY"}],
    "entries": [
        {
            "number": 1,
            "what": "credited",
            "amount": {"amount": "8.00", "currency": "CNY"},
            "remains": {"amount": "8.00", "currency": "CNY"},
            "why": "refund AC-26-000001",
            "order_no": "20260302-0017",
            "case_no": "AC-26-000001",
            "by": None,
            "at": "2026-11-22T06:15:00+00:00",
        }
    ],
}

PREVIEW: dict[str, Any] = {
    "rule": "F3",
    "currency": "CNY",
    "refund": "121.13",
    "goods": "121.13",
    "tax": "0.00",
    "postage": "0.00",
    "freight_reimbursement": "12.00",
    "freight_over_cap": "0.00",
    "customer_owes": "0.00",
    "netted": "0.00",
    "per_line": [{"line_no": 1, "quantity": 1, "amount": "121.13"}],
    "sources": [
        "line 1: 121.13 CNY is what 1 of it cost, by its own share (F13).",
        "postage: stays until everything it carried is back (F3, F14).",
        "return freight 12.00 CNY: reimbursed against the receipt (F3, F11).",
    ],
    "preview_id": "2ae4d32b56fad608",
}

IMPORT: dict[str, Any] = {
    "rows": 1204,
    "orders": 640,
    "imported": 612,
    "updated": 3,
    "unchanged": 25,
    "refused": [{"line": 77, "order_no": "A-1031", "reason": "placed_at: a time is written with its offset"}],
}

REBASE_PREVIEW: dict[str, Any] = {
    "preview_id": "5e0f1d2c3b4a59687766",
    "sentence": "142 open cases: 31 earlier, 111 as before, 4 overdue at once",
    "open": 142,
    "earlier": 31,
    "later": 0,
    "same": 111,
    "overdue_at_once": 4,
    "by_clock": {"triage": {"open": 142, "earlier": 31, "later": 0, "same": 111, "overdue_at_once": 4}},
    "by_calendar": {"shop_cn": {"open": 142, "earlier": 31, "later": 0, "same": 111, "overdue_at_once": 4}},
    "overdue": [
        {
            "case_no": "AC-26-000042",
            "clock": "triage",
            "cycle": 1,
            "calendar": "shop_cn",
            "due_at": "2026-11-23T10:00:00Z",
            "becomes": "2026-11-20T10:00:00Z",
            "overdue_at_once": True,
        }
    ],
    "versions": {"shop_cn": "9c1f0a7be512"},
    "at": "2026-11-22T08:00:00Z",
}

CHECK: dict[str, Any] = {
    "before": "1-adc81dbf61",
    "after": "1-d0a325fddb",
    "changes": [{"field": "eligibility.days_since_delivery", "before": 7, "after": 30}],
    "days": [],
    "effect": None,
}

PUBLISHED: dict[str, Any] = {
    "file": "change_of_mind.yaml",
    "number": 2,
    "before": "1-adc81dbf61",
    "after": "1-d0a325fddb",
    "by": "chen",
    "reason": "thirty days",
    "at": "2026-11-22T09:36:00Z",
}

TRIAL: dict[str, Any] = {
    "id": "T-5e0f1d2c3b4a",
    "kind": "change_of_mind",
    "version": "1-d0a325fddb",
    "by": "chen",
    "since": "2026-10-23T09:30:00Z",
    "started_at": "2026-11-22T09:30:00Z",
    "state": "running",
    "total": 640,
    "done": 125,
    "told": None,
    "touched_at": "2026-11-22T09:30:01Z",
    "differ": 3,
    "by_what": {"eligibility": 3, "step": 3},
    "money": {"CNY": {"to_customer": "387.00", "customer_owes": "0.00"}},
    "late": {"then": 4, "now": 9},
    "left_out": 0,
    "items": [],
    "next_after": None,
}

REBASE: dict[str, Any] = {
    "id": "5e0f1d2c3b4a59687766",
    "state": "running",
    "by": "chen",
    "reason": "the notice for 2027 is out",
    "started_at": "2026-11-22T08:01:00Z",
    "shown": "142 open cases: 31 earlier, 111 as before, 4 overdue at once",
    "scope": {"calendars": ["shop_cn"], "playbook": None},
    "total": 142,
    "told": 100,
    "rebased": 99,
    "refused": 0,
    "gone": 1,
    "silent": 0,
    "refusals": {},
}

LINK: dict[str, Any] = {
    "case_no": "AC-26-000042",
    "url": "https://help.example.com/c/QUMtMjYtMDAwMDQyfDB8MTc5MDAwMDAwMA.4t…",
    "expires_at": "2026-06-05T00:00:00+00:00",
}

CUSTOMERS_MONEY: dict[str, Any] = {
    "refund": {"amount": "121.13", "currency": "CNY"},
    "freight": {"amount": "12.00", "currency": "CNY"},
    "paid": _NOTHING,
    "owes": _NOTHING,
}

CUSTOMERS_CASE: dict[str, Any] = {
    "case_no": "AC-26-000042",
    "order_no": "20260302-0017",
    "state": "awaiting_return",
    "status": {"zh": "请把商品寄回", "en": "Please send the goods back"},
    "turn": "you",
    "until": "2026-03-14T10:00:00+00:00",
    "can": ["ship_return", "customer_message", "withdraw"],
    "money": CUSTOMERS_MONEY,
    "timeline": [
        {
            "at": "2026-03-07T02:00:00+00:00",
            "who": "shop",
            "zh": "同意退回，请寄出",
            "en": "The return was approved",
            "text": None,
            "parcel": None,
        }
    ],
}

PAYOUT: dict[str, Any] = {
    "id": "26-00017-3:effect:4",
    "case_no": "26-00017-3",
    "purpose": "refund",
    "amount": {"amount": "112.00", "currency": "CNY"},
    "account": None,
    "state": "approved",
    "reference": None,
}
PAYMENT: dict[str, Any] = {
    "payment_no": "P1",
    "method": "alipay",
    "reference": "2026111422001",
    "amount": {"amount": "338.00", "currency": "CNY"},
    "given_back": {"amount": "0.00", "currency": "CNY"},
    "under_way": {"amount": "112.00", "currency": "CNY"},
}
