"""What a letter says, in Chinese and English: what happened, in which case, until when, and where to look.

Decisions write what they want told as one English sentence. `NEWS` knows these sentences and says them in both
languages. A sentence that it does not know was written by a person: it is shown inside the house only, since it may
name a customer; what leaves the house (chat groups, mail) says then only that somebody wrote something.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from models.value import Value

Language = Literal["zh", "en"]
LANGUAGES: Final = ("zh", "en")
#: How many cases a digest names; the rest is counted.
MOST_URGENT: Final = 8
#: The most bytes of a text, so that every channel takes it in one piece (WeCom: 2,048 with its title).
MOST_BYTES: Final = 1800


class News(Value):
    """What happened, as one reason and its words in both languages."""

    reason: str
    zh: str
    en: str
    known: bool = True

    def said(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


class Told(Value):
    """One letter with what is known of its case when it goes out."""

    news: News
    at: datetime
    case_no: str | None = None
    kind: Mapping[str, str] | None = None  # its name in each language
    due_at: datetime | None = None
    level: int | None = None
    urgent: bool = False
    finished: bool = False  # the case ended while the letter waited


class Reader(Value):
    """Who reads it: in which language, in which time zone, and where the console is."""

    language: Language = "zh"
    timezone: str = "Asia/Shanghai"
    console: str | None = None


_CLOCKS: Final[Mapping[str, tuple[str, str]]] = {
    "first_answer": ("首次答复", "the first answer"),
    "next_answer": ("回复客户", "the next answer"),
    "triage": ("受理", "triage"),
    "evidence": ("等凭证", "the evidence"),
    "investigation": ("核查", "the investigation"),
    "offer": ("等客户答复方案", "the offer"),
    "approval": ("审批", "the approval"),
    "interception": ("截回包裹", "the interception"),
    "recall": ("快递召回", "the recall"),
    "return_shipped": ("等客户寄回", "the customer's parcel"),
    "return_arrival": ("退货到达", "the return's arrival"),
    "inspection": ("验货", "the inspection"),
    "external_diagnosis": ("外部检测", "the outside diagnosis"),
    "remedy_started": ("开始处理", "the remedy's start"),
    "quote": ("等客户答复报价", "the quote"),
    "payment": ("等付款", "the payment"),
    "stock": ("等到货", "the stock"),
    "refund_paid": ("付退款", "the refund's payment"),
    "replacement_sent": ("补发换货", "the replacement"),
    "repair_promise": ("维修", "the repair"),
    "repair_limit": ("维修时限", "the limit of the repair"),
    "visit": ("上门", "the visit"),
    "appointment": ("预约", "the appointment"),
    "goods_back": ("退回客户", "the goods' way back"),
    "delivery": ("送达", "the delivery"),
    "callback": ("回访", "the callback"),
    "customer_update": ("告知客户进展", "word to the customer"),
    "promise": ("对客户的承诺", "a promise"),
    "dock_search": ("收货处找包裹", "the search at the dock"),
    "dock_update": ("告知客户寻找进展", "word about the search"),
    "dock_decision": ("未找到包裹的决定", "the decision about the parcel"),
    "legal_refund": ("法定退款时限", "the refund by law"),
    "platform_answer": ("平台时限", "the platform's limit"),
    "platform_refund_answer": ("平台退款时限", "the platform's limit for the refund"),
    "authority_answer": ("监管答复时限", "the authority's limit"),
    "complaint_told": ("告知部门负责人", "word to the head of the department"),
    "complaint_answer": ("投诉答复", "the complaint's answer"),
    "complaint_resolved": ("投诉解决", "the complaint's solution"),
    "director_told": ("告知总监", "word to the director"),
    "outcome_told": ("告知处理结果", "word of the outcome"),
    "danger_told": ("危险上报", "word of the danger"),
    "safety_told": ("安全上报", "word of the hazard"),
    "authenticity_told": ("真伪质疑上报", "word of the doubt about authenticity"),
    "payment_found": ("查找汇款", "the search for the transfer"),
    "entry_checked": ("核对入账", "the check of the entry"),
    "leaves_that_day": ("当日发出", "the parcel's leaving today"),
    "redirect": ("改派", "the redirection"),
}
_ALARMS: Final[Mapping[str, tuple[str, str]]] = {
    "warning": ("快到期", "is near its end"),
    "due": ("到期", "ran out"),
    "level": ("超时，升级到第 {level} 级", "is late, escalated to level {level}"),
    "again": ("仍未处理", "is still not done"),
}

#: Reason, what the decision wrote, and how it is said. `<clock>` is named; other parts are shown as they are.
NEWS: Final[Sequence[tuple[str, str, str, str]]] = (
    ("ends_soon", r"(?P<clock>\w+) ends soon\.", "{clock}快到期", "{clock} ends soon"),
    ("begun", r"(?P<clock>\w+) has begun\.", "{clock}开始计时", "{clock} has begun"),
    ("assigned", r"A case was assigned to you\.", "一个售后单分给了您", "a case was assigned to you"),
    ("customer_wrote", r"The customer wrote\.", "客户来消息了", "the customer wrote"),
    ("critical", r"A critical complaint\.", "严重投诉", "a critical complaint"),
    (
        "approval",
        r"Something above an agent's limit waits.*",
        "超出客服权限，等您审批",
        "something waits for your approval",
    ),
    (
        "not_approved",
        r"What you asked for was not approved\.",
        "您的申请没有通过",
        "what you asked for was not approved",
    ),
    (
        "claim_refused",
        r"The \w+ refused a claim: appeal it once, or have a manager write it off\.",
        "索赔被拒：申诉一次，或请经理核销",
        "a claim was refused: appeal it once, or have a manager write it off",
    ),
    (
        "claim_late",
        r"A claim was not filed by its deadline: .*",
        "索赔过了提交期限：请带凭证提交，或请经理核销",
        "a claim was not filed by its deadline: file it, or have it written off",
    ),
    (
        "claim_late",
        r"A claim was not answered by its deadline: .*",
        "索赔过了答复期限：请催答复",
        "a claim was not answered by its deadline: ask for the answer",
    ),
    (
        "claim_late",
        r"A claim that was accepted was not paid by its deadline: .*",
        "已同意的索赔过了付款期限：请催款",
        "a claim that was accepted was not paid by its deadline: ask for the money",
    ),
    (
        "claim_late",
        r"A claim waits for a decision past its deadline: .*",
        "索赔等您决定，已过期限：申诉一次，或请经理核销",
        "a claim waits for a decision past its deadline: appeal it once, or have it written off",
    ),
    (
        "invoice_paper",
        r"The paper invoice did not come back with the goods: ask the customer for it \(G15\)\.",
        "纸质发票没有随货寄回，请向客户索要",
        "the paper invoice did not come back with the goods: ask the customer for it",
    ),
    (
        "goods_differ",
        r"What came is not what was declared: look at it before anything is decided \(G3\)\.",
        "到货与申报不符，先看清楚再决定怎么办",
        "what came is not what was declared: look at it before anything is decided",
    ),
    (
        "refuted_unshown",
        r"A fault was refuted without a photo or report: have one made, it is explained with them \(G4\)\.",
        "检验没发现所说的故障，却没有照片或报告：请补拍，要拿它向客户说明",
        "a fault was refuted without a photo or report: have one made, it is explained with them",
    ),
    (
        "left_unchecked",
        r"The replacement of a faulty item left without its extra check \(G16\)\.",
        "换出的新件没有做出库加检",
        "the replacement of a faulty item left without its extra check",
    ),
    (
        "expert_not_reached",
        r"The goods did not reach the expert: ask the courier, and tell the customer \(G11\)\.",
        "送检的商品没有送到检测方：今天问快递，并告诉客户",
        "the goods did not reach the expert: ask the courier, and tell the customer",
    ),
    (
        "waive_freight",
        r"(?P<x>[\d.]+ \w+|\S+) of the customer's freight: waive it\?",
        "是否减免客户运费 {x}",
        "waive {x} of the customer's freight?",
    ),
    (
        "waive_receivable",
        r"(?P<x>[\d.]+ \w+|\S+) that the customer owes us: let him off\?",
        "客户欠款 {x} 是否减免",
        "let the customer off the {x} that he owes?",
    ),
    (
        "waiver_decided",
        r"What the customer owes us: the waiver was granted\.",
        "客户欠款已同意减免",
        "the waiver of what the customer owes was granted",
    ),
    (
        "waiver_decided",
        r"What the customer owes us: the waiver was turned down\.",
        "客户欠款未同意减免",
        "the waiver of what the customer owes was turned down",
    ),
    (
        "payment_not_there",
        r"The payment that was noted is not there.*",
        "登记的付款没有查到，请联系客户核实",
        "the payment that was noted is not there: ask the customer",
    ),
    (
        "not_asked",
        r"The seller's share was assumed .*",
        "责任比例有变，还没问过客户",
        "the fault found differs, and the customer was not asked",
    ),
    (
        "receivable",
        r"(?P<x>[\d.]+ \w+|\S+) of freight were paid without cause.*",
        "运费 {x} 不该付，客户应退",
        "freight of {x} was paid without cause",
    ),
    (
        "legal_choice",
        r"The customer asked for '.*",
        "没有按客户的法定选择处理",
        "another remedy than the customer's legal choice",
    ),
    (
        "overpaid",
        r"The customer paid (?P<x>[\d.]+ \w+|\S+) that is not owed.*",
        "客户多付 {x}，请退还",
        "the customer paid {x} too much: pay it back",
    ),
    (
        "payout_unknown",
        r"Nobody knows whether payout (?P<x>\S+) was paid:.*",
        "付款 {x} 是否成功不明",
        "nobody knows whether payout {x} was paid",
    ),
    (
        "payout_refused",
        r"A payout was refused \((?P<x>[\w.-]+)\)\..*",
        "付款被拒绝（{x}）",
        "a payout was refused ({x})",
    ),
    (
        "payout_bounced",
        r"A payout came back \((?P<x>[\w.-]+)\)\..*",
        "已付款项被退回（{x}）",
        "a payout came back ({x})",
    ),
    (
        "disputed",
        r"A bank disputes a payment \((?P<x>\S+)\):.*",
        "银行发起拒付（{x}），请在期限前提交证据答复",
        "a bank disputes a payment ({x}): answer it with evidence in time",
    ),
    (
        "dispute_won",
        r"Dispute (?P<x>\S+) was won:.*",
        "拒付 {x} 申诉成功，款项已归还",
        "dispute {x} was won: the money is ours again",
    ),
    (
        "charged_back",
        r"(?P<x>\S+(?: [A-Z]{3})?) were taken from us for what was refunded already.*",
        "已退款的 {x} 又被银行或平台扣走，请申诉或追回",
        "{x} were taken from us for what was refunded already: dispute it, or claim it",
    ),
    (
        "invoice_again",
        r"The invoice of a case that is over is too high now.*",
        "已结售后单的发票金额需更正，请重新打开售后单",
        "the invoice of a case that is over is too high now: open the case again",
    ),
    (
        "leaves_today",
        r"Order (?P<x>\S+) leaves today, before the others.*",
        "订单 {x} 今天优先发出",
        "order {x} leaves today, before the others",
    ),
    (
        "hold",
        r"Order (?P<x>\S+): (?:do_not_print|do_not_ship|await_difference|pull|reserve|\w+)\.",
        "订单 {x} 有发货要求，请先看售后单",
        "order {x} is on hold: look at the case before it is printed or shipped",
    ),
    (
        "dissatisfied",
        r"A customer is dissatisfied after the remedy\.",
        "回访不满意",
        "a customer is dissatisfied after the remedy",
    ),
    (
        "unreachable",
        r"The customer could not be reached.*",
        "电话联系不上客户，请决定下一步",
        "the customer could not be reached: decide how to go on",
    ),
    ("not_fixed", r"Not fixed.*", "上门没有修好，请看下一步", "not fixed: see what comes next"),
    (
        "taken_back",
        r"A remedy was taken back.*",
        "方案因订单余额不足被撤回",
        "a remedy was taken back: the order has too little left",
    ),
    (
        "short_of_stock",
        r"Not on the shelf: (?P<x>.+)\.",
        "缺货，等到货：{x}，请先联系客户",
        "not on the shelf: {x}; ask the customer whether he waits",
    ),
    (
        "repair_promised",
        r"The workshop promises the repair by (?P<x>.+): tell the customer\.",
        "维修承诺{x}前完成，请告诉客户",
        "the workshop promises the repair by {x}: tell the customer",
    ),
    (
        "count_stock",
        r"The stock ledger had less than was moved: (?P<x>.+)\. Count it\.",
        "账上库存比实际发出的少：{x}，请盘点",
        "the stock ledger had less than was moved: {x}; count it",
    ),
    (
        "step_failing",
        r"'(?P<x>\w+)' could not be done by itself:.*",
        "自动步骤 {x} 没有做成",
        "'{x}' could not be done by itself",
    ),
    (
        "clash",
        r"(?P<x>\S+) was reopened, but .*",
        "重开的售后单与别的售后单冲突，请决定",
        "a reopened case clashes with another: decide which goes on",
    ),
    (
        "remittance_unpaid",
        r"The transfer was expected by (?P<x>[\d-]+) and has not come: ask the customer \(L12\)\.",
        "汇款应在 {x} 前到账，还没有到，请问一下客户",
        "the transfer was expected by {x} and has not come: ask the customer",
    ),
    (
        "remittance_not_found",
        r"The payment that the customer noted was not found by (?P<x>[\d-]+): ask by phone \(L12\)\.",
        "客户说已付的款到 {x} 还没有找到，请打电话问一下",
        "the payment that the customer noted was not found by {x}: ask by phone",
    ),
    (
        "take_hold",
        r"Take (?P<x>[\d.]+ \w+|\S+) of the hold \S+, record it, release the rest\.",
        "请从押金预授权中扣款 {x}，登记后解除其余部分",
        "take {x} of the customer's hold, record it, and release the rest",
    ),
    (
        "take_hold",
        r"The old goods never came: take the hold \S+, and record it \(G5\)\.",
        "旧货没有寄回，请扣下押金预授权并登记",
        "the old goods never came: take the customer's hold, and record it",
    ),
    (
        "deposit_kept",
        r"The old goods never came; a deposit of (?P<x>[\d.]+ \w+|\S+) is kept: more time, or settle it \(G5\)\.",
        "旧货没有寄回，押金 {x} 已扣下：再等，或者结清",
        "the old goods never came; a deposit of {x} is kept: give more time, or settle it",
    ),
    (
        "release_hold",
        r"Release the hold \S+ of (?P<x>[\d.]+ \w+|\S+): the deposit goes back\.",
        "请解除押金预授权 {x}",
        "release the customer's hold of {x}: the deposit goes back",
    ),
    ("finished", r"The case is \w+\.", "售后单已结束", "the case is finished"),
    (
        "handed_up",
        r"Handed up; nobody below is on duty\.",
        "有人升级了这个售后单，下一级没有人在岗",
        "somebody escalated this case, and nobody below is on duty",
    ),
    ("reminder", r"Reminder: the case waits for the \w+\.", "售后单在等您处理", "the case waits for you"),
    (
        "clock",
        r"(?P<clock>\w+): round (?P<x>\d+) level (?P<level>\d+)\.",
        "{clock}仍超时，第 {x} 轮升级到第 {level} 级",
        "{clock} is still late, escalated to level {level} again (round {x})",
    ),
    ("clock", r"(?P<clock>\w+): (?P<alarm>\w+)(?: (?P<level>\d+))?\.", "{clock}{alarm}", "{clock} {alarm}"),
)
_KNOWN: Final = tuple((reason, re.compile(pattern, re.DOTALL), zh, en) for reason, pattern, zh, en in NEWS)
_BY_HAND: Final = ("有人升级了这个售后单，原因见售后单", "somebody escalated this case; the case says why")
_WRITTEN: Final = ("有人写了话给您，见售后单", "somebody wrote to you; see the case")


def news_of(subject: str, level: int | None = None) -> News:
    """What a decision's sentence says; one that was written by a person is not `known`."""
    for reason, pattern, zh, en in _KNOWN:
        if found := pattern.fullmatch(subject):
            parts = {name: value for name, value in found.groupdict().items() if value is not None}
            return News(reason=reason, zh=zh.format(**_named(parts, 0)), en=en.format(**_named(parts, 1)))
    words = _BY_HAND if level else _WRITTEN
    return News(reason="escalated" if level else "note", zh=words[0], en=words[1], known=False)


def _named(parts: Mapping[str, str], language: int) -> dict[str, str]:
    named = dict(parts)
    if "clock" in parts:
        clock = parts["clock"]
        named["clock"] = _CLOCKS[clock][language] if clock in _CLOCKS else clock
    if "alarm" in parts:
        alarm = _ALARMS.get(parts["alarm"])
        named["alarm"] = alarm[language].format(level=parts.get("level", "")) if alarm else parts["alarm"]
    return named


# ── one letter, or a digest ───────────────────────────────────────────────────────────────────────


def title_of(told: Sequence[Told], language: Language) -> str:
    """The first line: of a letter what happened and where, of a digest how many."""
    if len(told) == 1:
        one = told[0]
        said = _first_line(one, language)
        return f"{one.case_no} {said}" if one.case_no else said
    cases = len({one.case_no for one in told if one.case_no})
    if not cases:
        return _first_line(told[0], language)
    return f"{len(told)} 条提醒，{cases} 个售后单" if language == "zh" else f"{len(told)} reminders, {cases} cases"


def body_of(told: Sequence[Told], reader: Reader, number: str) -> str:
    """The text: of a letter all that is known, of a digest counts by reason and the most urgent cases (T8)."""
    lines = _single(told[0], reader) if len(told) == 1 else _digest(told, reader)
    if reader.console:
        lines.append(
            f"{reader.console.rstrip('/')}/cases/{told[0].case_no}"
            if len(told) == 1 and told[0].case_no
            else f"{reader.console.rstrip('/')}/inbox"
        )
    lines.append(f"({number})")  # the same however often it comes
    return _within("\n".join(lines), number)


def _single(one: Told, reader: Reader) -> list[str]:
    zh = reader.language == "zh"
    if one.case_no is None:  # a text of its own, whose first line is the title
        return one.news.said(reader.language).split("\n")[1:]
    lines = []
    if one.kind:
        lines.append(("类型：" if zh else "Kind: ") + one.kind.get(reader.language, ""))
    lines.append(("原因：" if zh else "Why now: ") + one.news.said(reader.language))
    if one.finished:
        lines.append("售后单已经结束。" if zh else "The case is finished meanwhile.")
    elif one.due_at:
        lines.append(("截止：" if zh else "Until: ") + _local(one.due_at, reader))
    return lines


def _digest(told: Sequence[Told], reader: Reader) -> list[str]:
    zh = reader.language == "zh"
    counts: dict[str, int] = {}
    for one in (one for one in told if one.case_no):
        said = _first_line(one, reader.language)
        counts[said] = counts.get(said, 0) + 1
    by_count = sorted(counts.items(), key=lambda item: -item[1])
    lines = [f"· {said}{'：' if zh else ': '}{count}" for said, count in by_count[:MOST_URGENT]]
    if len(by_count) > MOST_URGENT:
        more = sum(count for _, count in by_count[MOST_URGENT:])
        lines.append(f"· 其他：{more}" if zh else f"· other: {more}")
    cases = _most_urgent([one for one in told if one.case_no])
    if cases:
        lines.append("最急的：" if zh else "Most urgent:")
    lines += [_line(one, reader) for one in cases[:MOST_URGENT]]
    if len(cases) > MOST_URGENT:
        left = len(cases) - MOST_URGENT
        lines.append(f"还有 {left} 个售后单" if zh else f"and {left} more cases")
    return lines + _texts(told, reader)


def _texts(told: Sequence[Told], reader: Reader) -> list[str]:
    """What is about no case, such as the morning's digest, is told in full, after the cases."""
    return [line for one in told if one.case_no is None for line in one.news.said(reader.language).split("\n")]


def _most_urgent(told: Sequence[Told]) -> list[Told]:
    """One letter for each case, the most urgent first: critical, higher level, earlier deadline."""
    far = datetime.max.replace(tzinfo=ZoneInfo("UTC"))
    ordered = sorted(told, key=lambda one: (one.finished, not one.urgent, -(one.level or 0), one.due_at or far, one.at))
    first: dict[str, Told] = {}
    for one in ordered:
        first.setdefault(str(one.case_no), one)
    return list(first.values())


def _line(one: Told, reader: Reader) -> str:
    until = f" → {_local(one.due_at, reader)}" if one.due_at and not one.finished else ""
    ended = ("（已结束）" if reader.language == "zh" else " (finished)") if one.finished else ""
    return f"- {one.case_no or ''} {_first_line(one, reader.language)}{until}{ended}"


def _first_line(one: Told, language: Language) -> str:
    return one.news.said(language).partition("\n")[0]


def _local(at: datetime, reader: Reader) -> str:
    return at.astimezone(ZoneInfo(reader.timezone)).strftime("%m-%d %H:%M")


def _within(text: str, number: str) -> str:
    """At most so many bytes; what is cut off ends at a line, and the number stays."""
    if len(text.encode()) <= MOST_BYTES:
        return text
    end = f"…\n({number})"
    kept, room = [], MOST_BYTES - len(end.encode())
    for line in text.split("\n"):
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, end])
