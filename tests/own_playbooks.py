"""A shop's own folder of playbooks: two kinds, small enough that a test can say what changes in them."""

from pathlib import Path
from typing import Any

import yaml

KIND = "does_not_fit"
OTHER = "arrived_wet"

_SCRIPT = {"zh": "您好，请在{due}前寄回，收到后当天告诉您结果。", "en": "Please send it back by {due}."}
STEPS: list[dict[str, Any]] = [
    {"in": "requested", "do": "authorise_return", "zh": "同意退货", "en": "Authorise the return"},
    {
        "in": "inspected",
        "when": {"wanted": "exchange"},
        "do": "choose_remedy",
        "with": {"remedy": "exchange"},
        "zh": "换货",
        "en": "Exchange it",
    },
    {"in": "inspected", "do": "choose_remedy", "with": {"remedy": "refund"}, "zh": "退款", "en": "Refund it"},
]
_PLAYBOOK: dict[str, Any] = {
    "version": "1",
    "goods_come_back": True,
    "asks_fault": False,
    "party_liable": "customer",
    "remedies": ["refund", "exchange"],
    "eligibility": {"days_since_delivery": 7},
    "variants": {"cn": None},  # its law is no part of these tests
    "clocks": {"requested": {"clock": "triage", "target": "1d", "calendar": "all_hours"}},
    "first_answer": {"clock": "first_answer", "target": "15m", "calendar": "all_hours"},
    "steps": STEPS,
    "scripts": {"awaiting_return": _SCRIPT},
}
_NAMES = {KIND: {"zh": "不合身", "en": "Does not fit"}, OTHER: {"zh": "到货受潮", "en": "Arrived wet"}}


def write_file(folder: Path, kind: str = KIND, **over: Any) -> Path:
    """The file of a kind, with other fields; answers where it is."""
    path = folder / f"{kind}.yaml"
    document = {**_PLAYBOOK, "kind": kind, "names": _NAMES[kind], "typical_words": [*_NAMES[kind].values()], **over}
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def write_folder(folder: Path) -> Path:
    """The folder with both kinds; answers where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in _NAMES:
        write_file(folder, kind)
    return folder
