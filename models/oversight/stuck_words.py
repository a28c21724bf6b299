"""Why a case is stuck, in a sentence with its numbers, in Chinese and English (T12)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the sentences name of a case."""

    state: str
    waiting_for: str
    owner: str | None
    due_at: datetime | None
    opened_at: datetime
    escalation: int
    reassigned: int
    reopened: int
    callback_misses: int
    failing_step: str | None
    last_acted_at: datetime
    usual_time: int | None = None  # seconds of the state's clock; None where there is too little history to say
    back: datetime | None = None  # when the owner is on duty again


class Why(Value):
    """One reason: since when, and what it comes to."""

    reason: str
    since: datetime
    zh: str
    en: str


def why(reason: str, since: datetime, seen: Seen, now: datetime) -> Why:
    """A reason as a sentence for whoever must decide what to do about it."""
    zh, en = _SENTENCES[reason](seen, since, now)
    return Why(reason=reason, since=since, zh=zh, en=en)


def lasting(span: timedelta) -> tuple[str, str]:
    """How long something took or takes, as people say it."""
    minutes = max(0, int(span.total_seconds() // 60))
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return f"{days} 天 {hours} 小时", f"{days} d {hours} h"
    return (f"{hours} 小时 {minutes % 60} 分", f"{hours} h {minutes % 60} min") if hours else _minutes(minutes)


def _minutes(minutes: int) -> tuple[str, str]:
    return (f"{minutes} 分钟", f"{minutes} min")


Sentence = Callable[[Seen, datetime, datetime], tuple[str, str]]


def _overdue(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    zh, en = lasting(now - since)
    return f"期限已过 {zh}，仍在等{_who(seen)[0]}。", f"The deadline passed {en} ago; {_who(seen)[1]} is awaited."


def _due_soon(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    zh, en = lasting((seen.due_at or now) - now)
    return f"距期限只剩 {zh}，不到时限的四分之一。", f"{en} are left, less than a quarter of the time allowed."


def _no_owner(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    zh, en = lasting(now - since)
    return f"已有 {zh} 无人负责。", f"Nobody has owned it for {en}."


def _owner_away(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    zh, en = lasting((seen.back or now) - now)
    return (
        f"负责人 {seen.owner} 不在岗，{zh}后才回来，晚于期限。",
        f"{seen.owner} is off duty and back in {en}, which is after the deadline.",
    )


def _silent(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    zh, en = lasting(now - seen.last_acted_at)
    if seen.usual_time is None:
        return (
            f"轮到我们处理，但已有 {zh} 没有任何动作，超过这一状态限时的两倍（历史记录不足，无法得出通常用时）。",
            f"It is our turn, and nobody has acted for {en}: more than twice the time allowed for '{seen.state}' "
            "(there is too little history to say what is usual).",
        )
    usual_zh, usual_en = lasting(timedelta(seconds=seen.usual_time))
    return (
        f"轮到我们处理，但已有 {zh} 没有任何动作，超过这一状态通常用时（{usual_zh}，近 90 天的中位数）的两倍。",
        f"It is our turn, and nobody has acted for {en}: more than twice the usual time of '{seen.state}' "
        f"({usual_en}, the median of 90 days).",
    )


def _over_waiting(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    who_zh, who_en = _who(seen)
    if seen.due_at is None:
        return f"在等{who_zh}，但没有设定期限。", f"It waits for {who_en} without any deadline."
    zh, en = lasting(now - since)
    return f"{who_zh}的期限已过 {zh}。", f"The time for {who_en} ran out {en} ago."


def _callback_missed(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    if seen.callback_misses:
        return f"回访已有 {seen.callback_misses} 次未接通。", f"{seen.callback_misses} callbacks reached nobody."
    zh, en = lasting(now - since)
    return f"回访已超时 {zh}。", f"The callback is {en} late."


def _bouncing(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    return (
        f"已转派 {seen.reassigned} 次，重开 {seen.reopened} 次。",
        f"It was reassigned {seen.reassigned} times and reopened {seen.reopened} times.",
    )


def _escalated_unacked(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    zh, en = lasting(now - since)
    return (
        f"已升级到第 {seen.escalation} 级，{zh}无人确认接手。",
        f"It is escalated to level {seen.escalation}, and nobody has acknowledged it for {en}.",
    )


def _chain_exhausted(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    zh, en = lasting(now - since)
    return (
        f"升级链的最后一级已在 {zh}前通知，仍无结果。",
        f"The last level of the escalation chain was told {en} ago, and nothing came of it.",
    )


def _step_failing(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    zh, en = lasting(now - since)
    return (
        f"自动步骤“{seen.failing_step}”已连续失败 {zh}。",
        f"The automatic step '{seen.failing_step}' has been failing for {en}.",
    )


def _no_timer(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    return (
        "没有任何计时器在运行：这不应发生，请通知管理员。",
        "It is open without any timer, which must never be: tell whoever runs the program.",
    )


def _promise_missed(seen: Seen, since: datetime, now: datetime) -> tuple[str, str]:
    zh, en = lasting(now - since)
    return f"答应客户的事已过时 {zh} 未兑现。", f"What was promised to the customer is {en} late."


_SENTENCES: dict[str, Sentence] = {
    "overdue": _overdue,
    "due_soon": _due_soon,
    "no_owner": _no_owner,
    "owner_away": _owner_away,
    "silent": _silent,
    "over_waiting": _over_waiting,
    "callback_missed": _callback_missed,
    "bouncing": _bouncing,
    "escalated_unacked": _escalated_unacked,
    "chain_exhausted": _chain_exhausted,
    "step_failing": _step_failing,
    "no_timer": _no_timer,
    "promise_missed": _promise_missed,
}

_WHO = {
    "agent": ("客服", "the agent"),
    "customer": ("客户", "the customer"),
    "warehouse": ("仓库", "the warehouse"),
    "courier": ("快递公司", "the courier"),
    "recipient": ("收件人", "the recipient"),
    "department": ("责任部门", "the department"),
    "manager": ("经理", "a manager"),
    "expert": ("鉴定方", "the expert"),
    "finance": ("财务", "finance"),
    "workshop": ("维修部", "the workshop"),
    "technician": ("上门师傅", "the technician"),
    "platform": ("平台", "the platform"),
}


def _who(seen: Seen) -> tuple[str, str]:
    return _WHO.get(seen.waiting_for, (seen.waiting_for, seen.waiting_for))
