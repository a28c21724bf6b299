"""A shop's folder of playbooks for tests: a small playbook, and mistakes marked where they are written."""

from pathlib import Path

from playbooks.loading.load import Problem, check_folder

#: Marks the line on which a problem has to be named.
HERE = "#!"

KETTLE = """\
kind: leaking_kettle
version: 7
names: {zh: 水壶漏水, en: Leaking kettle}
evidence:
  - {key: puddle, zh: 水渍照片, en: a photo of the puddle}
goods_come_back: true
asks_fault: true
party_liable: seller
remedies: [repair, refund]
clocks:
  received: {target: 2wd}
  delivering:
    target: 36h
scripts:
  requested: {zh: "{customer}您好", en: "Hello {customer}"}
steps:
  - {in: requested, do: choose_remedy, with: {remedy: repair}, zh: 修, en: repair it, when: {wanted: repair}}
  - {in: requested, do: choose_remedy, with: {remedy: refund}, zh: 退, en: refund it}
"""


def shop(folder: Path, **files: str) -> Path:
    """A folder of playbooks; `calendars__half` stands for `calendars/half.yaml`."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def kettle_with(added: str) -> str:
    """The kettle with more fields; a field of the kettle that is written anew is taken out above."""
    kept, inside = [], False
    names = {line.split(":")[0] for line in added.splitlines() if line[:1].isalpha()}
    for line in KETTLE.splitlines(keepends=True):
        inside = line.split(":")[0] in names if line[:1].isalpha() else inside
        kept += [] if inside else [line]
    return "".join(kept) + added


def line_of_mark(text: str) -> int:
    """The line with the mark."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if HERE in line)


def problems_of(folder: Path, text: str) -> list[Problem]:
    """What is wrong with the kettle's file."""
    return check_folder(shop(folder, leaking_kettle=text))
