"""The next step of a case in plain words: what to do now, why, and what happens if nobody acts.

One row a state, in both languages. Scripts are the playbook's; what they say is filled in by `rendered`, and a
script whose values are not all known is not offered at all, so that a customer never reads a hole.
"""

import string
from collections.abc import Mapping
from typing import NamedTuple

from models.case import Case
from models.lifecycle import State
from models.playbook import Outcome

Words = dict[str, str]


class Step(NamedTuple):
    """What to do, and why."""

    text: Words
    why: Words


def _step(zh: str, en: str, why_zh: str, why_en: str) -> Step:
    return Step({"zh": zh, "en": en}, {"zh": why_zh, "en": why_en})


# fmt: off
STEPS: dict[State, Step] = {
    State.REQUESTED: _step("了解情况，给出最省钱又公平的方案", "Understand it and offer the cheapest fair remedy",
        "客户在等我们的答复", "the customer waits for our answer"),
    State.AWAITING_EVIDENCE: _step("等客户补充照片或说明", "Wait for the customer's photos or answers",
        "没有它们很难判断原因", "without them the cause is hard to tell"),
    State.INVESTIGATING: _step("查清包裹或事情的下落", "Find out where it is, or what happened",
        "先仓库，再快递，再签收人", "first the warehouse, then the courier, then whoever may have signed"),
    State.OFFERED: _step("等客户接受或拒绝方案", "Wait for the customer to accept or decline",
        "方案已经给出", "the offer is on the table"),
    State.AWAITING_APPROVAL: _step("主管审批", "A manager approves or denies",
        "超出了经办人的权限", "it is above the limit of whoever asked"),
    State.INTERCEPTING: _step("仓库拦下包裹", "The warehouse pulls the parcel",
        "面单已打，包裹还没交给快递", "its label is printed and it has not left yet"),
    State.RECALLING: _step("快递追回包裹", "The courier calls the parcel back",
        "包裹已在路上", "it is on its way out"),
    State.AWAITING_RETURN: _step("等客户寄回商品", "Wait for the customer to ship the goods back",
        "退货已同意", "the return is approved"),
    State.RETURN_IN_TRANSIT: _step("等退货包裹到仓", "Wait for the parcel to arrive",
        "客户已寄出", "the customer has shipped it"),
    State.RECEIVED: _step("开箱检验", "Inspect the goods",
        "包裹已入库", "the parcel is booked in"),
    State.EXTERNAL_DIAGNOSIS: _step("等外部检测结果", "Wait for the expert's report",
        "商品在供应商或服务网点", "the goods are with the supplier or service centre"),
    State.INSPECTED: _step("选择处理方式", "Choose the remedy",
        "检验已通过", "the goods passed inspection"),
    State.FAULT_CONFIRMED: _step("选择处理方式：先维修，再换货，再退款", "Choose the remedy: repair, exchange, refund",
        "故障已确认", "the fault is confirmed"),
    State.FAULT_REFUTED: _step("用照片向客户说明，商定怎么办", "Explain with photos and agree what to do",
        "没有发现所说的故障", "the fault was not found"),
    State.QUOTED: _step("等客户接受或拒绝报价", "Wait for the customer to accept or decline the quote",
        "维修报价已给出", "the repair was quoted"),
    State.AWAITING_PAYMENT: _step("收到款后再继续", "Collect the payment before anything is shipped",
        "客户需要先付款", "the customer has to pay something first"),
    State.AWAITING_STOCK: _step("等货到，或与客户商量换别的、等待或退款", "Wait for stock, or agree on something else",
        "要发的货暂时没有", "what should be sent is not there"),
    State.REFUNDING: _step("财务付款并登记流水号", "Finance pays and records the reference",
        "退款已批准", "the money is approved"),
    State.EXCHANGING: _step("发出换货或补发的包裹", "Ship the replacement",
        "换货已确定", "the exchange is decided"),
    State.REPAIRING: _step("维修并测试", "Repair and test",
        "维修已确定", "the repair is decided"),
    State.VISITING: _step("约时间、上门、请客户签字", "Appoint, go there, have the customer sign",
        "需要有人上门", "somebody is needed on site"),
    State.RETURNING_GOODS: _step("把商品寄还客户", "Ship the goods back to the customer",
        "商品要还给客户", "the goods belong to the customer"),
    State.DELIVERING: _step("跟踪到客户签收", "Follow the parcel until it is delivered",
        "包裹在去客户的路上", "the parcel is on its way to the customer"),
    State.RESOLVED: _step("回访客户", "Call the customer back",
        "每个处理完的单子都要回访", "every resolved case gets a callback"),
}

#: Where the other side has the word in a state that is mostly somebody else's: by whom the case waits for.
IN_TURN: dict[tuple[State, str], Step] = {
    (State.REFUNDING, "customer"): _step("请客户提供收款账户", "Ask the customer for an account",
        "没有可用的收款账户", "the account that was known did not take the money"),
    (State.AWAITING_PAYMENT, "finance"): _step("财务核对客户的付款", "Finance looks for the customer's payment",
        "客户说已经付款", "the customer says that it was paid"),
}
# fmt: on

OTHERWISE: dict[Outcome, Words] = {
    "escalate": {"zh": "到期会提醒并逐级上报", "en": "it warns, and then goes up level by level"},
    "close": {"zh": "到期自动关闭", "en": "it closes by itself"},
    "decline": {"zh": "到期视为拒绝", "en": "silence counts as declined"},
    "search": {"zh": "到期开始查找包裹", "en": "a search for the parcel starts"},
    "try_again": {"zh": "到期记一次未接通，再约，之后关闭", "en": "it counts as missed, is tried again, then closed"},
}


def next_step(case: Case, script: Words | None = None) -> dict[str, object] | None:
    """What to do now; None when the case is over."""
    if case.is_final:
        return None
    step = IN_TURN.get((case.state, case.waiting_for), STEPS[case.state])
    outcome = case.procedure.clocks[case.state].outcome
    due = case.due_at
    return {
        "text": step.text,
        "why": step.why,
        "until": due.isoformat() if due else None,
        "otherwise": OTHERWISE[outcome],
        "script": script,
        "evidence_missing": list(case.asked_for) if case.state is State.AWAITING_EVIDENCE else [],
    }


def rendered(template: str, values: Mapping[str, str | None]) -> str | None:
    """A script with its values filled in; None when one of them is not known."""
    names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    if any(not values.get(name) for name in names):
        return None
    return template.format_map({name: values[name] for name in names})
