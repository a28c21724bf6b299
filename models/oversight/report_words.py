"""What every number of the reports means, in words: shown with each report, and listed in docs/reports.md (T13)."""

from typing import Final, Literal, NamedTuple

Unit = Literal["cases", "cycles", "callbacks", "percent", "money", "minutes", "seconds", "score", "acts"]


class Number(NamedTuple):
    """A number of a report: its unit, its name in both languages, and what exactly is counted in both."""

    unit: Unit
    zh: str
    en: str
    meaning: str
    meaning_zh: str


NUMBERS: Final[dict[str, Number]] = {
    "opened": Number(
        "cases",
        "新开",
        "Opened",
        "Cases opened in the period, whatever became of them since.",
        "本期内新开的售后单，不论后来如何。",
    ),
    "ended": Number(
        "cases",
        "结束",
        "Ended",
        "Cases that are closed, rejected or withdrawn, and became so in the period.",
        "本期内结案、驳回或撤销的售后单。",
    ),
    "share": Number(
        "percent",
        "占比",
        "Share",
        "This row's cases out of all of the section's, in percent.",
        "本行售后单数占本表总数的百分比。",
    ),
    "repairs": Number(
        "cases",
        "维修",
        "Repaired",
        "Cases ended in the period whose remedy was a repair.",
        "本期结束、处理方式为维修的售后单。",
    ),
    "repair_share": Number(
        "percent",
        "维修占比",
        "Repair share",
        "Repairs out of all cases ended in the period that had a remedy other than `none`.",
        "维修单数占本期结束且有处理方式（“不作处理”除外）的售后单的百分比。",
    ),
    "refund": Number(
        "money",
        "退款",
        "Refunds",
        "Refunds that reached the customers of the ended cases.",
        "本期结束的售后单中，已退到客户手中的款项。",
    ),
    "freight": Number(
        "money",
        "运费",
        "Freight",
        "Freight reimbursed to customers of the ended cases.",
        "本期结束的售后单中，报销给客户的运费。",
    ),
    "goodwill": Number(
        "money",
        "补偿",
        "Compensation paid",
        "Goodwill and compensation paid to customers of the ended cases (F26).",
        "本期结束的售后单中，付给客户的补偿和赔偿（F26）。",
    ),
    "replacement": Number(
        "money",
        "换新货值",
        "Replacements",
        "Goods sent out for the ended cases, at what they cost the customer (G5).",
        "为本期结束的售后单补发、换发的商品，按客户的购买价计（G5）。",
    ),
    "other": Number(
        "money",
        "其他",
        "Other",
        "Fees and store credit, given less taken, of the ended cases. A deposit that is held is no cost (G5).",
        "本期结束的售后单的手续费和储值金，付出减收回；暂押的押金不算成本（G5）。",
    ),
    "goods": Number(
        "money",
        "退回入库",
        "Goods back",
        "Goods of the ended cases that came back and are ours again.",
        "本期结束的售后单中退回来、重新归我们所有的商品。",
    ),
    "written_off": Number(
        "money",
        "报废",
        "Written off",
        "Goods of the ended cases that were scrapped. What was paid for them is in the refunds and nothing "
        "came back, so that it is in the total already and is not added again.",
        "本期结束的售后单中报废的商品。为它们付出的钱已在退款中，又没有货物收回，所以已包含在总成本里，不再重复相加。",
    ),
    "compensation": Number(
        "money",
        "获赔",
        "Compensation received",
        "What couriers and suppliers paid us for the ended cases (L5, G10).",
        "本期结束的售后单中，快递和供应商赔给我们的款项（L5、G10）。",
    ),
    "received": Number(
        "money",
        "客户支付",
        "Paid by customers",
        "What customers paid us for the ended cases (F12, G6).",
        "本期结束的售后单中，客户付给我们的款项（F12、G6）。",
    ),
    "labour_minutes": Number(
        "minutes",
        "人工分钟",
        "Labour",
        "Minutes of all acts of our people on the ended cases: each act of the timeline takes the minutes "
        "that `reports.yaml` gives it. An estimate; nobody is timed.",
        "我们的人员在本期结束的售后单上全部操作的分钟数：时间线上每个操作按 reports.yaml 规定的分钟数计。是估算，"
        "不对任何人计时。",
    ),
    "labour": Number(
        "money",
        "人工成本",
        "Labour cost",
        "Those minutes at the rate per hour of `reports.yaml` in the cases' currency; nothing where it has no rate.",
        "上述分钟数乘以 reports.yaml 中该币种的小时费率；没有费率的币种不计。",
    ),
    "cost": Number(
        "money",
        "总成本",
        "Cost",
        "Refunds + freight + compensation paid + replacements + other + labour − goods back − compensation "
        "received − paid by customers, of the ended cases.",
        "本期结束的售后单：退款＋运费＋付出的补偿＋换新货值＋其他＋人工－退回入库－获赔－客户支付。",
    ),
    "cost_per_case": Number(
        "money",
        "单均成本",
        "Cost per case",
        "The cost divided by the ended cases of its row.",
        "总成本除以本行结束的售后单数。",
    ),
    "cycles": Number(
        "cycles",
        "计时次数",
        "Cycles",
        "Turns of the clock that ended in the period: met, or given up after it was late.",
        "本期内结束的计时轮次：按要求完成的，以及超时后作罢的。",
    ),
    "on_time": Number(
        "cycles",
        "准时",
        "On time",
        "Of those, the ones that never became late.",
        "其中从未超时的轮次。",
    ),
    "late_delay": Number(
        "cycles",
        "因拖延超时",
        "Late by delay",
        "Late because time simply passed (T10).",
        "单纯因为时间过去而超时的轮次（T10）。",
    ),
    "late_change": Number(
        "cycles",
        "因变更超时",
        "Late by a change",
        "Late at once through a change of priority, calendar or target (T10).",
        "因优先级、日历或目标变更而当即超时的轮次（T10）。",
    ),
    "on_time_share": Number(
        "percent",
        "准时率",
        "On-time share",
        "On time out of all cycles, in percent.",
        "准时轮次占全部轮次的百分比。",
    ),
    "still_late": Number(
        "cycles",
        "仍超时",
        "Still late",
        "Clocks that run now and became due in the period: late and not over yet.",
        "本期内到期、目前仍在计时的轮次：已经超时，尚未结束。",
    ),
    "median_used": Number(
        "seconds",
        "用时中位数",
        "Median used",
        "The time used, on the clock's own calendar, that half of the cycles kept within (nearest rank).",
        "半数轮次的用时不超过此值，按该时限自己的日历计算。",
    ),
    "p90_used": Number(
        "seconds",
        "用时九成位",
        "90 % used",
        "The time used that nine of ten cycles kept within.",
        "九成轮次的用时不超过此值。",
    ),
    "answered": Number(
        "callbacks",
        "已回访",
        "Answered",
        "Callbacks after a remedy that were answered in the period.",
        "本期内接通并完成的售后回访。",
    ),
    "unreachable": Number(
        "callbacks",
        "未接通",
        "Unreachable",
        "Callbacks after a remedy that were given up in the period (T5).",
        "本期内多次未接通而作罢的售后回访（T5）。",
    ),
    "callback_rate": Number(
        "percent",
        "回访率",
        "Callback rate",
        "Answered out of answered and unreachable, in percent.",
        "已回访占已回访与未接通合计的百分比。",
    ),
    "surveys": Number(
        "callbacks",
        "问卷",
        "Surveys",
        "Surveys answered in the period, after a remedy or periodic (T6).",
        "本期内答复的问卷，包括售后回访和定期回访（T6）。",
    ),
    "satisfied": Number(
        "callbacks",
        "满意",
        "Satisfied",
        "Surveys whose customer is satisfied.",
        "客户表示满意的问卷。",
    ),
    "polite": Number(
        "score",
        "礼貌",
        "Polite",
        "Mean of 1 to 5 (T7).",
        "1 到 5 分的平均值（T7）。",
    ),
    "promise_kept": Number(
        "score",
        "守诺",
        "Promise kept",
        "Mean of 1 to 5 (T7).",
        "1 到 5 分的平均值（T7）。",
    ),
    "competent": Number(
        "score",
        "专业",
        "Competent",
        "Mean of 1 to 5 (T7).",
        "1 到 5 分的平均值（T7）。",
    ),
    "solved": Number(
        "score",
        "解决",
        "Solved",
        "Mean of 1 to 5 (T7).",
        "1 到 5 分的平均值（T7）。",
    ),
    "uneven": Number(
        "cases",
        "钱货不符",
        "Uneven",
        "Cases whose money and goods do not meet as they stand now. Their age is counted from the refund, "
        "or from the booking-in, to the end of the period, or to now while it lasts. What began after the "
        "period is left out.",
        "目前钱和货对不上的售后单。时长从退款或入库之时算到本期结束；本期未结束的算到现在。本期之后才出现的不计。",
    ),
    "problem_cases": Number(
        "cases",
        "问题单数",
        "Cases",
        "Cases opened in the period of this kind, cause and product. A case about two products counts under each.",
        "本期新开的、属于该类型、原因和商品的售后单；涉及两种商品的在两处都计入。",
    ),
    "before": Number(
        "cases",
        "此前",
        "Before",
        "The same in the days before the period that `repeated.looks_back_days` says.",
        "本期之前 repeated.looks_back_days 规定的天数内的同类售后单。",
    ),
    "complaints": Number(
        "cases",
        "被投诉",
        "Complaints",
        "Cases opened in the period that complain of this person (T15).",
        "本期新开的、投诉此人的售后单（T15）。",
    ),
    "first_answers": Number(
        "cycles",
        "首次答复",
        "First answers",
        "First-answer clocks met in the period on cases that the person handles.",
        "本期内在此人负责的售后单上完成的首次答复时限。",
    ),
    "breaches": Number(
        "cycles",
        "超时次数",
        "Breaches",
        "Clocks of cases that the person handles that ended late in the period.",
        "此人负责的售后单中，本期内超时结束的时限。",
    ),
    "worked": Number(
        "cases",
        "参与",
        "Worked on",
        "Cases ended in the period in whose timeline the person has acted at all.",
        "本期结束、时间线上有此人操作的售后单。",
    ),
    "sampled": Number(
        "cases",
        "抽查",
        "Sampled",
        "Closed cases to check: of each kind the share that `sample` says, chosen by a hash of month and "
        "number, so that a month always has the same sample.",
        "需要抽查的已结束售后单：每个类型按 sample 规定的比例，由月份和单号的哈希选出，因此同一个月的抽样总是相同。",
    ),
}

#: What a row is about, by the name of its dimension.
DIMENSIONS: Final[dict[str, tuple[str, str]]] = {
    "kind": ("类型", "Kind"),
    "cause": ("原因", "Cause"),
    "party": ("责任方", "Party liable"),
    "sku": ("商品", "Product"),
    "courier": ("快递", "Courier"),
    "staff": ("负责人", "Staff"),
    "person": ("人员", "Person"),
    "channel": ("渠道", "Channel"),
    "remedy": ("处理方式", "Remedy"),
    "state": ("结果", "End"),
    "currency": ("币种", "Currency"),
    "clock": ("时限", "Clock"),
    "which": ("情况", "Which"),
    "age": ("时长", "Age"),
    "supplier": ("供应商", "Supplier"),
    "novelty": ("新旧", "New or repeated"),
    "case_no": ("单号", "Case"),
}

#: The sections of the reports, in both languages.
SECTIONS: Final[dict[str, tuple[str, str]]] = {
    "totals": ("合计", "In all"),
    "by_kind": ("按类型", "By kind"),
    "by_cause": ("按原因", "By cause"),
    "by_party": ("按责任方", "By party liable"),
    "by_product": ("按商品", "By product"),
    "by_courier": ("按快递", "By courier"),
    "by_staff": ("按负责人", "By staff"),
    "by_channel": ("按渠道", "By channel"),
    "remedies": ("处理方式", "Remedies"),
    "remedies_by_kind": ("各类型的处理方式", "Remedies by kind"),
    "ends": ("结果", "Ends"),
    "cost": ("成本", "Cost per case"),
    "cost_by_kind": ("各类型成本", "Cost per case by kind"),
    "clocks": ("时限", "Clocks"),
    "clocks_by_kind": ("各类型时限", "Clocks by kind"),
    "clocks_by_staff": ("各人员时限", "Clocks by person"),
    "callbacks": ("回访", "Callbacks"),
    "scores": ("评分", "Scores"),
    "uneven": ("钱货不符", "Money and goods that do not meet"),
    "repeated": ("重复问题", "Repeated problems"),
    "causes": ("原因", "Causes"),
    "staff": ("员工", "Score sheet"),
    "new_problems": ("新问题", "New problems"),
    "sample": ("抽查", "Sample to check"),
}
