"""The documentation says what is: its commands run, its tables are the code's, its links lead somewhere."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

import cli
from docs import kinds, reference
from docs.tables import TABLES, drawings, renewed
from models import errors
from models.errors import AftercareError
from models.lifecycle import Action, Role, State
from models.money import split
from playbooks.loading.load import SHIPPED, check_folder
from settings import Settings
from store.oversight.stuck import REASONS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("playbooks/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
#: Whom the documentation may point to; packages come from wherever the reader's own installer gets them.
HOSTS = {"temporal.io", "127.0.0.1"}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def fences(page: str, kind: str) -> list[str]:
    return [body for found, body in FENCE.findall(text(page)) if found == kind]


def commands(page: str) -> list[str]:
    """The lines of a page's shell blocks; a backslash at the end goes on in the next."""
    lines = "\n".join(fences(page, "sh")).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip()]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


# ── links, names, tables ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path):
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    files = [target.partition("#")[0] for target in targets]
    assert [file for file in files if file and not (page.parent / file).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_that_is_named_is_there(page: Path):
    """A path in code marks, such as `models/case.py`: a page that names files must follow when they move."""
    rooms = "activities|api|bench|docs|imports|models|playbooks|store|terminal|tests|workflows"
    words = re.findall(rf"`((?:{rooms})/[\w./-]+)`", page.read_text(encoding="utf-8"))
    assert [word for word in words if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "constraints.txt", ROOT / "pyproject.toml"], ids=named)
def test_no_page_names_where_it_was_written_or_where_packages_come_from(page: Path):
    words = page.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])/(?:home|Users|root|tmp|mnt|opt|srv|work)/", words) == []
    assert set(re.findall(r"\bhttps?://([\w.-]+)", words)) <= HOSTS


@pytest.mark.parametrize("page", TABLES)
def test_tables_made_from_code_are_what_the_code_makes_today(page: str):
    """If this fails: python -m docs.tables"""
    assert text(f"docs/{page}") == renewed(page, text(f"docs/{page}"))


@pytest.mark.parametrize("file", sorted(drawings()))
def test_a_kinds_road_is_what_its_playbook_makes_of_it_today(file: str):
    told = f"docs/{file} is not the road any more: python -m docs.tables"
    assert (DOCS / file).is_file(), told
    assert text(f"docs/{file}") == drawings()[file], told


def test_no_road_is_left_over_from_a_kind_that_is_gone():
    assert kinds.left_over() == [], "python -m docs.tables"


def test_every_field_of_a_playbook_says_what_it_is():
    assert reference.undescribed() == []


def test_every_fact_and_every_variable_is_explained_and_no_other():
    assert reference.unsaid() == []


def test_every_kind_is_in_the_list_of_kinds():
    page = text("docs/kinds.md")
    assert [kind for kind in kinds.shipped().kinds if f"## {kind}\n" not in page] == []


@pytest.mark.parametrize("example", fences("docs/playbooks.md", "yaml"))
def test_every_example_of_a_playbook_can_be_used(example: str, tmp_path: Path):
    own = example if example.startswith("kind:") else f"kind: change_of_mind\nlike: change_of_mind\n{example}"
    (tmp_path / "change_of_mind.yaml").write_text(own, encoding="utf-8")
    assert check_folder(tmp_path) == []


def test_every_setting_is_in_operations():
    page = text("docs/operations.md")
    assert [name for name in Settings.model_fields if f"| `AFTERCARE_{name.upper()}` |" not in page] == []


def test_every_state_and_action_is_in_its_page():
    page = text("docs/states.md")
    assert [name for name in (*State, *Action) if f"| `{name}` |" not in page] == []


def family(kind: type[AftercareError]) -> Iterator[type[AftercareError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


def ours() -> list[type[AftercareError]]:
    return [kind for kind in family(AftercareError) if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", ours(), ids=lambda kind: kind.code)
def test_every_error_is_in_its_page_with_what_to_do(kind: type[AftercareError]):
    row = f"| `{kind.code}` | {kind.status} | `{kind.__name__}` | {kind('').title} | "
    after = text("docs/errors.md").partition(row)[2]
    assert len(after.partition(" |\n")[0]) > 10


def test_no_error_is_in_its_page_that_is_not_in_the_code():
    codes = re.findall(r"^\| `([\w-]+)` \| \d", text("docs/errors.md"), re.MULTILINE)
    assert codes == [kind.code for kind in sorted(ours(), key=lambda kind: codes.index(kind.code))]


def test_decisions_are_numbered_without_a_gap_and_listed():
    files = sorted((DOCS / "decisions").glob("0*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    listed = text("docs/decisions/README.md")
    titles = [(file, file.read_text(encoding="utf-8").splitlines()[0].partition(". ")[2]) for file in files]
    assert [file.name for file, title in titles if f"[{file.name[:4]}]({file.name}) {title}\n" not in listed] == []


@pytest.mark.parametrize("file", sorted((DOCS / "decisions").glob("0*.md")), ids=lambda file: file.stem)
def test_a_decision_says_why_what_follows_what_else_and_what_keeps_it(file: Path):
    headings = re.findall(r"^## (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Rejected", "Kept true by"]


def test_words_that_people_meet_are_in_the_glossary():
    page = text("docs/glossary.md")
    words = {"RMA", "waybill", "disposition", "pot", "ledger", "playbook"}
    words |= {"stage", "clock", "cycle", "alarm", "chain", "hold"}
    assert [word for word in words if not re.search(rf"^\| {word}\b", page, re.MULTILINE)] == []


def test_reasons_and_roles_are_spelt_as_the_program_spells_them():
    assert {"no_owner", "no_timer"} <= set(REASONS)
    acting = re.findall(r"--as (\w+):", "\n".join(text(named(page)) for page in PAGES))
    assert set(acting) <= set(Role)


# ── commands ──────────────────────────────────────────────────────────────────────────────────────


def test_the_readmes_commands_are_the_ones_that_are_run():
    """The test command by .ci/run, the demo by tests/test_demo.py, the rest by the tests of this file."""
    shown = "\n".join(commands("README.md"))
    assert "pip install -e . && aftercare demo" in shown
    assert "pip install -e '.[dev]' && pytest" in shown
    checks = text(".ci/run")
    assert "-e '.[dev]'" in checks
    assert re.search(r"^pytest$", checks, re.MULTILINE)


def parts(page: str) -> Iterator[str]:
    """The commands of a page one by one, without remarks and without where their output goes."""
    for line in commands(page):
        yield from (part.partition(" > ")[0].strip() for part in line.partition("#")[0].split("&&"))


CALLS = sorted({part for page in PAGES for part in parts(named(page)) if part.startswith("aftercare ")})


@pytest.mark.parametrize("call", CALLS)
def test_every_command_that_a_page_shows_exists(call: str, capsys: pytest.CaptureFixture[str]):
    """With --help behind it a command is read and not carried out; a wrong name ends with 2."""
    words = shlex.split(call)[1:]
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    upto = next((i for i, word in enumerate(words) if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word)), len(words))
    ends = [cli.run([*words[:n], "--help"]) for n in range(1, min(upto, 3) + 1)]
    shown = capsys.readouterr().out
    assert ends[0] == 0
    assert [option for option in options if option not in shown] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_named_in_passing_exist(page: Path, capsys: pytest.CaptureFixture[str]):
    names = set(re.findall(r"`aftercare ([a-z]+)", page.read_text(encoding="utf-8")))
    assert [name for name in sorted(names) if cli.run([name, "--help"]) != 0] == []


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md", "docs/tutorial.md"])
def test_envelopes_for_temporals_command_line_are_commands(page: str):
    from models.commands import parse_command, parse_data

    envelopes = [json.loads(found) for found in re.findall(r"--input '(\{.*?\})'(?:\s|$)", text(page))]
    assert len(envelopes) > 0
    for envelope in envelopes:
        parse_data(parse_command(envelope))


# ── the tutorial, for real ────────────────────────────────────────────────────────────────────────


#: The day on which the pages were written: what they tell happened so long before, or comes so long after.
WRITTEN = date(2026, 11, 22)


def as_of_today(orders: str) -> str:
    """The same orders, as many days ago as on the day on which the pages were written, in the shop's own days."""
    passed = datetime.now(ZoneInfo("Asia/Shanghai")).date() - WRITTEN

    def moved(found: re.Match[str]) -> str:
        return (date.fromisoformat(found[0]) + timedelta(days=passed.days)).isoformat()

    return re.sub(r"\d{4}-\d\d-\d\d", moved, orders)


@dataclass
class Newcomer:
    """Somebody who types what the tutorial shows, in a folder of their own and on free ports."""

    folder: Path
    environment: dict[str, str]
    running: "subprocess.Popen[str] | None" = None
    said: list[str] = field(default_factory=list)

    def types(self, line: str) -> None:
        line = line.replace("-26-", f"-{datetime.now(UTC):%y}-")  # cases are numbered within the year
        command, _, remark = line.partition("  # ")
        words = shlex.split(command)
        if words[0] in ("mkdir", "cp", "echo"):
            subprocess.run(["sh", "-c", command], cwd=self.folder, check=True)
        elif words[0] == "export":
            name, _, value = words[1].partition("=")
            self.environment[name] = value
        elif words[:2] == ["aftercare", "up"]:
            self.starts()
        elif words[:2] != ["aftercare", "demo"]:  # tests/test_demo.py
            self.runs(words, 1 if remark == "refused" else 0)

    def runs(self, words: list[str], expected: int) -> None:
        environment = dict(self.environment)
        if words[0] == "temporal":
            environment["TEMPORAL_ADDRESS"] = json.loads((self.folder / "data" / "up.json").read_text())["temporal"]
        program = shutil.which(words[0], path=environment["PATH"])
        command = [program] if program else [sys.executable, str(ROOT / "cli.py")]
        ended = subprocess.run(
            [*command, *words[1:]], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == expected, (words, ended)
        self.said += [" ".join(shown.split()) for shown in (ended.stdout + ended.stderr).splitlines()]

    def saves(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content, encoding="utf-8")

    def edits(self, change: str) -> None:
        """Lines that were, each with the ones that are instead: a `-` line and the `+` lines behind it."""
        head, *lines = change.splitlines()
        file = self.folder / head.removeprefix("--- ")
        for was, *instead in re.findall(r"^-(.*)\n((?:^\+.*\n?)*)", "\n".join(lines), re.MULTILINE):
            now = "".join(f"{line[1:]}\n" for line in instead[0].splitlines())
            before = file.read_text(encoding="utf-8")
            assert before.count(f"\n{was}\n") == 1, was
            file.write_text(before.replace(f"\n{was}\n", f"\n{now}"), encoding="utf-8")

    def starts(self) -> None:
        self.stops()
        command = [sys.executable, str(ROOT / "cli.py"), "up"]
        self.running = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        assert self.running.stdout is not None
        shown = next((line for line in self.running.stdout if "first token" in line), None)
        assert shown, "aftercare up ended before it was ready"

    def stops(self) -> None:
        if self.running is not None:
            self.running.send_signal(signal.SIGINT)
            assert self.running.wait(timeout=60) == 0
            assert self.running.stdout is not None
            self.running.stdout.close()
            self.running = None


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    samples = tmp_path / "imports" / "samples"
    samples.mkdir(parents=True)
    (samples / "orders.csv").write_text(as_of_today(text("imports/samples/orders.csv")), encoding="utf-8")
    (tmp_path / "playbooks").symlink_to(SHIPPED)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERCARE_", "TEMPORAL_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    ports = {"AFTERCARE_HTTP_PORT": "0", "AFTERCARE_TEMPORAL_PORT": "0"}
    somebody = Newcomer(tmp_path, {**clean, **ports, "PATH": path})
    yield somebody
    somebody.stops()


@pytest.mark.slow
def test_the_tutorial_can_be_followed_to_the_end(newcomer: Newcomer):
    lines = [line for line in commands("docs/tutorial.md") if line.split()[0] in ("aftercare", "temporal", "export")]
    for line in lines:
        newcomer.types(line)
    said = " ".join(newcomer.said)
    assert [line for line in promised() if line not in said] == []


def promised() -> list[str]:
    """What the tutorial says will be seen, as far as it is the same every time."""
    year = f"-{datetime.now(UTC):%y}-"
    shown = (" ".join(line.split()) for block in fences("docs/tutorial.md", "text") for line in block.splitlines())
    same = re.compile(r"(state|next step|why|money|payouts|rows) ")
    return [line.replace("-26-", year).removesuffix(" …") for line in shown if same.match(line)]


# ── the change of a playbook, for real ────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_playbook_can_be_changed_as_its_page_says(newcomer: Newcomer):
    for kind, body in FENCE.findall(text("docs/playbooks.md")):
        if kind == "csv":
            newcomer.saves("orders.csv", as_of_today(body))
        elif kind == "diff":
            newcomer.edits(body)
        elif kind == "sh":
            for line in body.splitlines():
                newcomer.types(line)
    said = steady(" ".join(newcomer.said))
    shown = [part for body in fences("docs/playbooks.md", "text") for part in body.split("…")]
    assert [part for part in map(steady, shown) if part not in said] == []


def steady(shown: str) -> str:
    """Without times, versions, lines and the year, which differ from one day to another."""
    for what in (r"\d{4}-\d\d-\d\d \d\d:\d\d", r"\b\d-[0-9a-f]{10}\b", r"(?<=line )\d+(?=: clocks)", r"(?<=AC-)\d\d"):
        shown = re.sub(what, "~", shown)
    return " ".join(shown.split())


def test_the_splits_of_the_money_page_are_what_the_program_makes():
    rows = re.findall(r"^\| ([−\d]+) \| ([\d /]+) \| ([−\d /]+?) (?:\(.*\) )?\|$", text("docs/money.md"), re.MULTILINE)
    assert len(rows) == 3
    for total, weights, parts in rows:
        made = split(_number(total), [_number(weight) for weight in weights.split(" / ")])
        assert list(made) == [_number(part) for part in parts.split(" / ")]


def _number(written: str) -> int:
    return int(written.replace("−", "-"))


# ── clocks ──


def test_the_page_on_clocks_has_every_clock_that_all_kinds_share_with_its_states_and_its_chain() -> None:
    shared = yaml.safe_load((SHIPPED / "defaults.yaml").read_text(encoding="utf-8"))
    rows = {
        name: row
        for row in re.findall(r"^\| `.*$", text("docs/clocks.md"), re.M)
        for name in re.findall(r"`(\w+)`", row)
    }
    for state, rule in shared["clocks"].items():
        assert state in rows[rule["clock"]], state
    assert {shared["first_answer"]["clock"], *shared["side_clocks"]} <= set(rows)
    (shown,) = fences("docs/clocks.md", "yaml")
    assert yaml.safe_load(shown)["escalation"] == shared["escalation"]
