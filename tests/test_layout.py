"""The rooms of the house: what lies where, and which way the arrows point (docs/architecture.md)."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (
    "activities",
    "api",
    "console",
    "files",
    "imports",
    "models",
    "playbooks",
    "printing",
    "store",
    "terminal",
    "workflows",
)
PROCESSES = ("cli.py", "demo.py", "embedded.py", "memory.py", "server.py", "settings.py", "up.py", "worker.py")
BESIDES = ("bench", "docs", "locales", "tests", ".ci")
FILES = ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "constraints.txt", "pyproject.toml", ".gitignore")
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = [contract["name"] for contract in PYPROJECT["tool"]["importlinter"]["contracts"]]

#: For every contract a line that breaks it, and the file that it is planted in.
VIOLATIONS = {
    "arrows point one way, and rooms on one floor do not know each other": ("store/orders.py", "import imports.run"),
    "models is pure: no database, no Temporal, no network, no processes": ("models/money.py", "import temporalio"),
    "only store and activities know the tables": ("models/case.py", "import models.tables"),
    "only the lifecycle knows the library transitions": ("workflows/case.py", "import transitions"),
    "workflows reach neither the world nor the settings": ("workflows/clock.py", "import models.tables"),
    "the settings are read by the processes, and by nothing that they are made of": ("api/desk.py", "import settings"),
    "the console talks to the desk only": ("console/visit.py", "import store.cases"),
    "store, files, imports, playbooks and printing know neither Temporal nor HTTP": ("imports/run.py", "import httpx"),
}


def lint_imports(folder: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_arrows_between_the_rooms_point_one_way():
    checked = lint_imports(ROOT)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_contract_is_tried():
    assert set(VIOLATIONS) == set(CONTRACTS)


@pytest.mark.parametrize(("contract", "file", "line"), [(name, *planted) for name, planted in VIOLATIONS.items()])
def test_a_contract_really_forbids(contract: str, file: str, line: str, tmp_path: Path):
    """A contract that no import could break would prove nothing, so each is broken once in a copy."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*PROCESSES, "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    checked = lint_imports(tmp_path)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert f"{contract} BROKEN" in checked.stdout


def test_a_room_that_is_added_is_under_the_contracts():
    assert sorted(PYPROJECT["tool"]["importlinter"]["root_packages"]) == sorted(ROOMS)


def test_files_at_the_root_are_processes_and_folders_are_rooms():
    git = shutil.which("git")
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True) if git else None
    if listed is None or listed.returncode != 0:
        pytest.skip("which files belong to the project can only be told in a checkout with git")
    top = {Path(file).parts[0] for file in listed.stdout.splitlines()}
    assert top <= {*ROOMS, *PROCESSES, *BESIDES, *FILES}


def test_the_top_level_is_what_the_readme_promises():
    assert [name for name in (*ROOMS, *PROCESSES, *FILES) if not (ROOT / name).exists()] == []


def test_no_file_is_called_by_a_name_that_says_nothing():
    sources = (file for room in (*ROOMS, "tests", "bench", "docs") for file in (ROOT / room).rglob("*.py"))
    assert [file.name for file in (*sources, *ROOT.glob("*.py")) if set(file.stem.split("_")) & SAYS_NOTHING] == []


def constraints() -> list[str]:
    return (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def test_constraints_are_exact_versions_and_nothing_else():
    pins = [line for line in constraints() if not line.startswith("#")]
    assert [pin for pin in pins if pin.count("==") != 1 or set(pin) & set(" /@:;")] == []


def test_every_dependency_is_pinned_and_has_a_range():
    project = PYPROJECT["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = {_name(line) for line in constraints() if "==" in line}
    assert {_name(line) for line in wanted} - pinned == set()
    assert [line for line in project["dependencies"] if ">=" not in line] == []


def _name(requirement: str) -> str:
    """`psycopg[binary]>=3.3,<4` → `psycopg`, spelt as names are compared."""
    return requirement.replace(">", "=").partition("=")[0].partition("[")[0].strip().lower().replace("_", "-")
