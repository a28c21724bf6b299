"""The command line as people and scripts meet it: what it prints, and the code it ends with."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import cli
from api.drawings.lifecycle import mermaid, svg
from models.business_time import calc
from models.errors import Invalid
from models.money import split_line
from terminal.cases import line_and_quantity, read_data
from terminal.shown import plain
from tests.files.pictures import photo

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "imports" / "samples" / "orders.csv"


@dataclass(frozen=True)
class Ended:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def one_line(self) -> str:
        """The one line of a refusal. It has one line, and no trace of the inside."""
        assert self.code == 1, self
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.out + self.err
        return self.err


@dataclass(frozen=True)
class Terminal:
    """A terminal in some folder, with its settings."""

    data: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "cli.py"), *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        own = {"AFTERCARE_DATA": str(self.data), "AFTERCARE_HTTP_PORT": "0", "AFTERCARE_TEMPORAL_PORT": "0"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERCARE_", "TEMPORAL_"))}
        return {**kept, **own, "PYTHONIOENCODING": "utf-8", **more}

    def __call__(self, *arguments: str, **more: str) -> Ended:
        """Call a command in this process: quick, and the same up to the way out of the process."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with (
            patch.dict(os.environ, self.environment(**more), clear=True),
            contextlib.chdir(self.data.parent),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = cli.run(arguments)
        return Ended(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))

    def process(self, *arguments: str, stdin: str = "", **more: str) -> Ended:
        """Call a command as a shell does."""
        done = subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=self.data.parent,
            env=self.environment(**more),
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def aftercare(tmp_path: Path) -> Terminal:
    """A terminal where nothing runs and nothing is stored yet."""
    return Terminal(tmp_path / "data")


# ── one question a line ───────────────────────────────────────────────────────────────────────────


def answers(answer: Any, *lines: str) -> list[Any]:
    out = io.BytesIO()
    cli.answer_lines(answer, io.BytesIO("\n".join(lines).encode()), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_money_is_split_line_by_line_and_a_bad_line_stops_nothing():
    assert answers(
        split_line,
        '{"total": 299, "weights": [4300, 1400, 2300]}',  # 299 × 4300/8000 = 160.7, × 1400 = 52.3, × 2300 = 86.0
        "not JSON",
        "",
        "[" * 100_000,
        '{"total": 1.5, "weights": [1]}',
        '{"total": -300, "weights": [4000, 2000, 2000]}',
    ) == [
        {"parts": [161, 52, 86]},
        {"error": "the line is not JSON"},
        {"error": "the line is not JSON"},
        {"error": "the line is not JSON"},
        {"error": "The total must be a whole number of minor units, not a decimal number."},
        {"parts": [-150, -75, -75]},
    ]


def test_a_calendar_is_asked_line_by_line():
    mondays = '{"timezone": "Asia/Shanghai", "weekly": {"mon": [["09:00", "18:00"]]}}'
    late = '"start": "2026-11-02T17:00:00+08:00", "duration_seconds": 7200'
    question = f'{{"calendar": {mondays}, "op": "add", {late}}}'
    found = answers(calc, question, '{"op": "add"}', '{"calendar": {}, "op": "?"}')
    assert found[0] == {"result": "2026-11-09T10:00:00+08:00"}  # an hour on Monday, the other a week later
    assert [list(answer) for answer in found[1:]] == [["error"], ["error"]]


def test_a_question_that_breaks_the_answer_costs_only_its_own_line():
    def broken(question: object) -> object:
        return {"parts": 1 // int(str(question))}

    assert answers(broken, "0", "1") == [
        {"error": "the question cannot be answered (ZeroDivisionError)"},
        {"parts": 1},
    ]


def test_the_pipe_answers_as_it_is_asked(aftercare: Terminal):
    done = aftercare.process("money", "split", stdin='{"total": 10, "weights": [1, 1, 1]}\nx\n')
    assert (done.code, done.out) == (0, '{"parts": [4, 3, 3]}\n{"error": "the line is not JSON"}\n')


@pytest.mark.parametrize("arguments", [["--help"], ["calendar", "calc", "--help"], ["money", "split", "--help"]])
def test_what_needs_no_server_loads_none_of_its_parts(arguments):
    heavy = {"temporalio", "fastapi", "sqlalchemy", "httpx", "uvicorn", "rich", "yaml"}
    asked = f"import sys, cli; cli.run({arguments!r}); sys.exit(str({heavy!r} & set(sys.modules) or ''))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_what_draws_and_prints_is_loaded_when_something_is_drawn():
    """A server begins a third of a second sooner without what return slips are made by."""
    asked = "import sys, up; sys.exit(str({'fpdf', 'fontTools', 'barcode', 'segno'} & set(sys.modules) or ''))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


# ── exit codes ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["callbacks", "done", "X"],
        ["case", "show"],
        ["lifecycle", "--format", "png"],
        ["order", "import", "not-there.csv"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_ends_with_2(aftercare: Terminal, arguments):
    done = aftercare(*arguments)
    assert done.code == 2
    assert "Usage: aftercare" in done.err


@pytest.mark.parametrize(
    ("arguments", "settings", "says"),
    [
        (["case", "list"], {}, "start 'aftercare up'"),
        (["case", "list"], {"AFTERCARE_URL": "http://127.0.0.1:9"}, "AFTERCARE_TOKEN is not"),
        (["stuck"], {"AFTERCARE_URL": "http://127.0.0.1:9", "AFTERCARE_TOKEN": "x"}, "does not answer"),
        (["case", "list"], {"AFTERCARE_URL": "no address", "AFTERCARE_TOKEN": "x"}, "AFTERCARE_URL"),
        (["case", "list"], {"AFTERCARE_URL": "http://127.0.0.1:9", "AFTERCARE_TOKEN": "令牌"}, "cannot be used"),
        (["case", "list"], {"AFTERCARE_TYPO": "1"}, "AFTERCARE_TYPO is no setting"),
        (["worker"], {}, "TEMPORAL_ADDRESS"),
        (["up"], {"AFTERCARE_HTTP_PORT": "70000"}, "AFTERCARE_HTTP_PORT"),
        (["token", "list"], {}, "There is no folder"),
        (["token", "create", "li", "--role", "boss"], {}, "'boss' is no role"),
        (["case", "open", "--kind", "quality_fault", "--line", "one"], {}, "LINE_NO:QUANTITY"),
        (["playbook", "show", "magic"], {}, "no kind of case 'magic'"),
        (["db", "backup", "copy.db"], {"AFTERCARE_DATABASE_URL": "postgresql://127.0.0.1:9/none"}, "database"),
        (["schedules", "pause", "nightly"], {}, "no schedule 'nightly'"),
        (["schedules", "apply"], {}, "No Temporal"),
        (["callbacks", "done", "X", "--satisfied", "--score", "polite=good"], {}, "such as polite=5"),
        (["demo", "--orders", str(SAMPLE), "--format", "aftercare"], {}, "shows no returns"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_what_is_refused_ends_with_1_and_one_clear_line(aftercare: Terminal, arguments, settings, says):
    assert says in aftercare(*arguments, **settings).one_line


def test_the_process_ends_with_the_code_of_its_command(aftercare: Terminal):
    assert "TEMPORAL_ADDRESS" in aftercare.process("api").one_line
    assert aftercare.process("nonsense").code == 2


def test_a_fault_of_our_own_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.stdin", None)
    assert cli.run(["money", "split"]) == 1
    assert capsys.readouterr().err.startswith("aftercare: A fault of the program itself: AttributeError")


def test_an_interrupted_command_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "answer_lines", interrupted)
    assert cli.run(["money", "split"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_has_enough_hears_no_complaint(aftercare: Terminal):
    script = '"$0" "$1" lifecycle --format svg | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}'
    done = subprocess.run(
        ["bash", "-c", script, sys.executable, str(ROOT / "cli.py")],
        capture_output=True,
        text=True,
        env=aftercare.environment(),
        check=False,
    )
    assert done.returncode in (0, cli.PIPE_CLOSED)
    assert done.stderr == ""


# ── what needs no API ─────────────────────────────────────────────────────────────────────────────


def test_the_lifecycle_is_drawn(aftercare: Terminal):
    assert aftercare("lifecycle", "--format", "mermaid").out == mermaid()
    assert aftercare("lifecycle", "--format", "svg").out == svg()
    assert "awaiting_return, waits for customer" in aftercare("lifecycle").out


def test_playbooks_are_checked_and_shown(aftercare: Terminal, tmp_path: Path):
    assert aftercare("playbook", "check").code == 0
    kinds = [row["kind"] for row in aftercare("playbook", "show", "--json").document["items"]]
    assert "quality_fault" in kinds
    assert aftercare("playbook", "show", "wrong_item").document["kind"] == "wrong_item"
    (tmp_path / "wrong_item.yaml").write_text("kind: wrong_item\nlike: wrong_item\nremedy: refund\n")
    done = aftercare("playbook", "check", str(tmp_path))
    assert done.code == 1
    assert "wrong_item.yaml, line 3: remedy" in done.out


def test_tokens_are_made_listed_and_revoked(aftercare: Terminal):
    assert "db upgrade" in _with_folder(aftercare)("token", "list").one_line
    assert aftercare("db", "upgrade").code == 0
    made = aftercare("token", "create", "李娜", "--role", "agent", "--role", "finance")
    token_id = made.out.split("_")[1]
    listed = aftercare("token", "list", "--json").document["items"]
    assert [(row["id"], row["name"], row["roles"]) for row in listed] == [(token_id, "李娜", ["agent", "finance"])]
    assert made.out.strip() not in aftercare("token", "list").out
    assert aftercare("token", "revoke", token_id).code == 0
    assert aftercare("token", "list", "--json").document["items"][0]["revoked_at"]
    assert "no token nobody" in aftercare("token", "revoke", "nobody").one_line


def _with_folder(terminal: Terminal) -> Terminal:
    terminal.data.mkdir()
    return terminal


def test_a_database_is_copied_and_read_back(aftercare: Terminal, tmp_path: Path):
    _with_folder(aftercare)("db", "upgrade")
    made = aftercare("token", "create", "kept", "--role", "all").out
    copy = tmp_path / "copy.db"
    assert aftercare("db", "backup", str(copy)).code == 0
    assert "exists already" in aftercare("db", "backup", str(copy)).one_line
    assert aftercare("db", "rebuild").out == "0 open cases and 0 clocks computed anew; 0 cases were different.\n"
    elsewhere = Terminal(tmp_path / "elsewhere")
    assert elsewhere("db", "restore", "--from", str(copy)).code == 0
    assert elsewhere("token", "list", "--json").document["items"][0]["id"] == made.split("_")[1]
    assert "is there already" in elsewhere("db", "restore", "--from", str(copy)).one_line


def test_the_doctor_says_what_is_well_and_what_to_do(aftercare: Terminal, tmp_path: Path):
    well = aftercare("doctor")
    assert (well.code, "FAIL" in well.out) == (0, False)
    ill = aftercare("doctor", "--json", AFTERCARE_PLAYBOOKS=str(tmp_path), TEMPORAL_ADDRESS="127.0.0.1:9")
    assert ill.code == 1
    found = {row["part"]: row["words"] for row in ill.document["items"] if not row["well"]}
    assert "holds no playbook" in found["playbooks"]
    assert "does not answer at 127.0.0.1:9" in found["temporal"]


# ── reading and showing ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("action", "given", "read"),
    [
        ("ship_return", ["waybill=0012", "freight=12.00"], {"waybill": "0012", "freight": "12.00"}),
        ("accept_offer", ["option=2"], {"option": 2}),
        ("answer", ["text=true = good", "final=true"], {"text": "true = good", "final": True}),
        ("withdraw", ['{"reason": "找到了"}'], {"reason": "找到了"}),
        ("request_evidence", ['what=["photo"]'], {"what": ["photo"]}),
        ("note", ['{"note": "a"}', "note=b"], {"note": "b"}),
        ("no_such_action", ["amount=5"], {"amount": "5"}),
    ],
)  # fmt: skip
def test_data_is_typed_as_the_action_wants_it(action, given, read):
    assert read_data(action, given) == read


@pytest.mark.parametrize("given", ["{broken", "no equals sign", "=value"])
def test_data_that_cannot_be_read_is_refused(given):
    with pytest.raises(Invalid, match=r"key=value|JSON"):
        read_data("note", [given])


def test_a_line_without_quantity_is_one_unit():
    assert line_and_quantity("3") == {"line_no": 3, "quantity": 1}


def test_what_a_customer_wrote_cannot_move_the_cursor():
    assert plain("王小明 \x1b[31m[red]\u202e\nEnd").plain == "王小明 ·[31m[red]·\nEnd"


# ── everything on this machine ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Shop:
    """A shop that runs, and a terminal beside it."""

    terminal: Terminal
    process: "subprocess.Popen[str]"

    def until(self, words: str) -> str:
        return read_until(self.process, words)


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    """What a process prints, up to the line with these words."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError(f"it ended before {words!r}: {''.join(lines)}")


def started(terminal: Terminal, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        terminal.command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        cwd=terminal.data.parent,
        env={**terminal.environment(), "PYTHONUNBUFFERED": "1"},
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """`aftercare up`, with the sample orders in it."""
    terminal = Terminal(tmp_path_factory.mktemp("shop") / "data")
    with started(terminal, "up") as process:
        found = Shop(terminal, process)
        assert "it took" in found.until("first token")
        assert terminal("order", "import", str(SAMPLE), "--json").document["imported"] == 40
        yield found
        process.send_signal(signal.SIGINT)
        found.until("Stopping. Open cases go on")
        process.send_signal(signal.SIGINT)  # a second one, while it stops, changes nothing
        assert process.wait(timeout=30) == 0


def opened(shop: Shop, order: str, kind: str = "quality_fault") -> str:
    done = shop.terminal("case", "open", "--order", order, "--kind", kind, "--line", "1:1", "--json")
    assert done.code == 0, done
    return str(done.document["case_no"])


def test_a_case_is_opened_acted_on_and_shown(shop: Shop):
    case_no = opened(shop, "TM-20261103-0188")
    acted = shop.terminal("case", "act", case_no, "authorise_return", "--as", "agent:li", "--json")
    assert acted.document["state"] == "awaiting_return"
    sent = ("ship_return", "carrier=sf", "waybill=SF1", "--data", '{"freight": "12.00"}', "--as", "customer:wang")
    assert "return_in_transit (goods), waits for courier" in shop.terminal("case", "act", case_no, *sent).out
    card = shop.terminal("case", "show", case_no).out
    assert "骨瓷餐盘" in card
    assert "can be done" in card
    assert "\x1b" not in card
    entries = shop.terminal("case", "timeline", case_no, "--json").document["items"]
    assert [(e["action"], e["actor"]["id"]) for e in entries[1:]] == [
        ("authorise_return", "li"),
        ("ship_return", "wang"),
    ]
    assert "customer:wang" in shop.terminal("case", "timeline", case_no).out


def test_a_return_slip_is_saved_where_it_is_wanted(shop: Shop, tmp_path: Path):
    case_no = opened(shop, "TM-20261102-0017")
    assert "approved return" in shop.terminal("case", "slip", case_no).one_line
    assert shop.terminal("case", "act", case_no, "authorise_return", "--as", "agent:li", "--json").code == 0
    target = tmp_path / "label.pdf"
    assert str(target) in shop.terminal("case", "slip", case_no, str(target)).out
    assert target.read_bytes().startswith(b"%PDF-")
    page = shop.terminal("case", "slip", case_no, str(target), "--paper", "a4", "--json").document
    assert page["missing_glyphs"] == []
    assert "cannot be written" in shop.terminal("case", "slip", case_no, str(tmp_path / "nowhere" / "x.pdf")).one_line


def test_a_photo_is_added_to_a_case(shop: Shop, tmp_path: Path):
    case_no = opened(shop, "TM-20261101-0900")
    (tmp_path / "leak.txt").write_bytes(photo())  # its name says nothing
    kept = shop.terminal("case", "attach", case_no, str(tmp_path / "leak.txt"), "--json").document
    assert kept["media_type"] == "image/jpeg"
    (tmp_path / "leak.jpg").write_text("no photo at all")
    assert "Only photos" in shop.terminal("case", "attach", case_no, str(tmp_path / "leak.jpg")).one_line


def test_a_refusal_says_why_and_what_is_allowed(shop: Shop):
    case_no = opened(shop, "TM-20261105-0402")
    refused = shop.terminal("case", "act", case_no, "ship_back", "carrier=sf", "waybill=1", "--as", "warehouse:zhao")
    assert "Allowed now: " in refused.one_line
    assert "'ship_back' cannot be done" in refused.one_line
    assert "There is no case 'AC-0'" in shop.terminal("case", "show", "AC-0").one_line
    assert shop.terminal("case", "act", case_no, "fly", "--as", "agent:li").one_line


def test_cases_are_listed_by_what_they_are(shop: Shop):
    case_no = opened(shop, "PDD-601", kind="change_of_mind")
    listed = shop.terminal("case", "list", "--kind", "change_of_mind", "--order", "PDD-601", "--json").document
    assert [row["case_no"] for row in listed["items"]] == [case_no]
    assert "兰兰" in shop.terminal("case", "list", "--state", "requested").out
    assert shop.terminal("case", "list", "--overdue", "--json").document["items"] == []


def test_an_idempotency_key_opens_one_case(shop: Shop):
    again = ("case", "open", "--order", "UK-7002", "--kind", "quality_fault", "--line", "2:1", "--key", "k-1", "--json")
    assert shop.terminal(*again).document["case_no"] == shop.terminal(*again).document["case_no"]


def test_what_is_stuck_is_told_with_its_reasons_and_acted_on_in_bulk(shop: Shop):
    case_no = opened(shop, "DY-20261114-12")
    found = shop.terminal("stuck", "--json")
    assert found.code == 0
    assert set(found.document) >= {"items", "by_reason", "by_stage"}
    assert shop.terminal("stuck").code == 0
    told = shop.terminal("stuck", "--why", "--sort", "age", "--at-stake", "0", "--older-than", "0")
    assert (told.code, "cases:" in told.out) == (0, True)
    begun = shop.terminal("bulk", "start", "escalate", case_no, "AC-0", "--because", "the courier's strike")
    assert begun.code == 0, begun.out
    assert "done 1 · refused 1" in begun.out
    assert "There is no case 'AC-0'" in begun.out
    extended = shop.terminal("bulk", "start", "extend", case_no, "--by", "8h", "--because", "strike", "--json").document
    assert (extended["state"], extended["counts"]["done"], extended["items"]) == ("done", 1, [])
    listed = shop.terminal("bulk", "list", "--json").document["items"]
    assert [row["action"] for row in listed[:2]] == ["extend", "escalate"]
    shown = shop.terminal("bulk", "show", listed[1]["id"], "--answer", "refused", "--json").document
    assert [item["case_no"] for item in shown["items"]] == ["AC-0"]
    assert "escalate · done" in shop.terminal("bulk", "stop", listed[1]["id"]).out
    assert "the courier's strike" in shop.terminal("bulk", "list").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("remind",), "Which cases?"),
        (("remind", "AC-1", "--all-stuck"), "not both"),
        (("extend", "AC-1", "--by", "soon"), "90m, 8h or 2d"),
        (("reassign", "--kind", "complaint"), "to"),
        (("dance", "AC-1"), "action"),
    ],
)
def test_a_bulk_that_makes_no_sense_is_refused_in_one_line(shop: Shop, words: tuple[str, ...], said: str):
    assert said in shop.terminal("bulk", "start", *words, "--because", "why").one_line


def test_sweeps_are_scheduled_listed_paused_and_resumed(shop: Shop):
    again = shop.terminal("schedules", "apply", "--json").document["items"]
    assert {row["result"] for row in again} <= {"created", "unchanged"}
    assert "rests until you resume it" in shop.terminal("schedules", "pause", "reconcile", "--note", "we move").out
    rows = {row["name"]: row for row in shop.terminal("schedules", "list", "--json").document["items"]}
    assert (rows["aftercare-reconcile"]["state"], rows["aftercare-reconcile"]["note"]) == ("paused", "we move")
    listed = shop.terminal("schedules", "list").out
    assert "aftercare-reconcile" in listed
    assert "All times are those of Asia/Shanghai" in listed
    assert ", paused" in shop.terminal("schedules", "apply").out
    assert shop.terminal("schedules", "resume", "reconcile").code == 0


def test_callbacks_are_listed_missed_and_made(shop: Shop):
    case_no = opened(shop, "TM-20261107-0303", "usage_help")
    assert "No callbacks are to be made." in shop.terminal("callbacks", "--person", "nobody.here").out
    shop.terminal("case", "act", case_no, "answer", "text=Press it for 3 s.", "final=true", "--as", "agent:li")
    (one,) = (row for row in shop.terminal("callbacks", "--json").document["items"] if row["case_no"] == case_no)
    assert "20:00-21:00" in shop.terminal("callbacks").out
    assert "tried 1 times, again by" in shop.terminal("callbacks", "missed", one["id"], "--channel", "phone").out
    done = shop.terminal("callbacks", "done", one["id"], "--satisfied", "--score", "polite=5", "--json")
    assert (done.code, done.document["state"]) == (0, "answered")
    assert shop.terminal("case", "show", case_no, "--json").document["state"] == "closed"


def test_refused_rows_are_named_and_the_rest_is_done(shop: Shop, tmp_path: Path):
    file = tmp_path / "mine.csv"
    file.write_text(
        "order_no,currency,placed_at,sku,unit_price,quantity\n"
        "CLI-1,CNY,2026-11-01T10:00:00+08:00,CUP,19.90,2\n"
        "CLI-2,CNY,2026-11-01T10:00:00+08:00,CUP,a lot,2\n"
    )
    checked = shop.terminal("order", "import", str(file), "--dry-run")
    assert (checked.code, "refused rows 1" in checked.out, "imported 0" in checked.out) == (0, True, True)
    done = shop.terminal("order", "import", str(file))
    assert (done.code, "imported 1" in done.out, "CLI-2" in done.out) == (0, True, True)


def test_the_doctor_finds_a_running_shop_well(shop: Shop):
    done = shop.terminal("doctor")
    assert done.code == 0, done.out
    assert "namespace default" in done.out


def test_a_rebase_is_looked_at_before_it_is_done(shop: Shop):
    seen = shop.terminal("calendar", "rebase", "--dry-run", "--json").document
    assert seen["sentence"] == "0 open cases: none moves, 0 overdue at once"
    assert "0 open cases" in shop.terminal("calendar", "rebase").out
    assert "look at the new preview" in shop.terminal("calendar", "rebase", "--confirm", "x", "--reason", "y").one_line
    assert shop.terminal("calendar", "rebase", "--confirm", "x").code == 2  # nobody says why
    assert shop.terminal("calendar", "rebase", "--confirm", "x", "--stop", "y", "--reason", "z").code == 2


def test_open_cases_are_started_on_the_temporal_that_runs(shop: Shop):
    assert "open cases are running" in shop.terminal("db", "restore").out


def test_a_second_shop_in_the_same_folder_is_refused(shop: Shop):
    assert "running in" in shop.terminal("up").one_line


@pytest.mark.parametrize("process", ["worker", "api"])
def test_a_process_by_itself_ends_well_when_told_to(shop: Shop, process):
    with started(shop.terminal, process) as alone:
        read_until(alone, "Working on cases" if process == "worker" else "running on")
        alone.send_signal(signal.SIGTERM)
        assert alone.wait(timeout=30) == 0


def test_a_start_that_is_interrupted_ends_well(aftercare: Terminal):
    with started(aftercare, "up") as process:
        while not (aftercare.data / "up.lock").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
