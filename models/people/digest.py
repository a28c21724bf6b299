"""The morning letter to a manager, in words: what is stuck, what is new, what waits for him, what did not run (T8)."""

from collections.abc import Callable, Iterator

from models.value import Value


class Worst(Value):
    """A reason to be stuck: how many cases have it, and the worst of them."""

    reason: str
    count: int
    cases: tuple[str, ...]


class Digest(Value):
    """What the letter is made of."""

    day: str
    stuck: int
    reasons: tuple[Worst, ...]
    opened: int  # since the last letter
    closed: int
    approvals: int
    approval_cases: tuple[str, ...]
    callbacks_overdue: int
    late_sweeps: tuple[str, ...]


_WORDS = {
    "zh": {
        "title": "{day} 晨报：卡住 {stuck} 单，待审批 {approvals} 单，新开 {opened} 单，结束 {closed} 单。",
        "quiet": "没有卡住的单子。",
        "reason": "{reason} {count} 单，最急：{cases}",
        "approvals": "等您审批：{cases}",
        "callbacks": "超时未回访：{count}",
        "late": "没有按时运行的定时任务：{names}",
    },
    "en": {
        "title": "{day}: {stuck} cases stuck, {approvals} wait for approval, {opened} opened, {closed} ended.",
        "quiet": "Nothing is stuck.",
        "reason": "{reason} {count}, worst: {cases}",
        "approvals": "Waiting for your approval: {cases}",
        "callbacks": "Callbacks overdue: {count}",
        "late": "Sweeps that did not run: {names}",
    },
}


def digest_words(digest: Digest, language: str) -> str:
    """The letter in Chinese or English, a line for each thing."""
    return "\n".join(_lines(digest, _WORDS["zh" if language.startswith("zh") else "en"]))


def _lines(digest: Digest, words: dict[str, str]) -> Iterator[str]:
    yield words["title"].format(**digest.model_dump())
    if not digest.reasons:
        yield words["quiet"]
    for one in digest.reasons:
        yield words["reason"].format(reason=one.reason, count=one.count, cases=_listed(one.cases, one.count))
    if digest.approval_cases:
        yield words["approvals"].format(cases=_listed(digest.approval_cases, digest.approvals))
    if digest.callbacks_overdue:
        yield words["callbacks"].format(count=digest.callbacks_overdue)
    if digest.late_sweeps:
        yield words["late"].format(names=", ".join(digest.late_sweeps))


def both(words: Callable[[str], str]) -> dict[str, str]:
    """A letter in both languages."""
    return {language: words(language) for language in ("zh", "en")}


_NOTICES = {
    "transfers": {"zh": "{count} 笔新登记的汇款待核对：{cases}", "en": "{count} new transfers to be checked: {cases}"},
    "month": {
        "zh": "{month} 月的数字已存档：新开 {opened} 单，结束 {ended} 单。",
        "en": "The numbers of {month} are kept: {opened} cases opened, {ended} ended.",
    },
    "shelf_soon": {
        "zh": "{count} 件无主包裹快到期：{boxes}",
        "en": "The time on the shelf of {count} parcels ends soon: {boxes}",
    },
    "shelf_over": {
        "zh": "{count} 件无主包裹已到期，请销毁或退回：{boxes}",
        "en": "{count} parcels are past their time on the shelf, dispose of them or send them back: {boxes}",
    },
    "uneven": {"zh": "对账发现 {count} 处不一致：\n{lines}", "en": "{count} things do not agree:\n{lines}"},
}


def notice(name: str, **values: object) -> dict[str, str]:
    """What a sweep has to tell that is about no single case, in both languages."""
    return {language: words.format(**values) for language, words in _NOTICES[name].items()}


def listed(cases: tuple[str, ...], most: int) -> str:
    """Numbers of cases, the first of them by name."""
    return _listed(cases[:most], len(cases))


def _listed(cases: tuple[str, ...], count: int) -> str:
    """The first of them, and how many more there are."""
    return ", ".join(cases) + (f" … +{count - len(cases)}" if count > len(cases) else "")
