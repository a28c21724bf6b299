"""Whatever happens to a shipped file, it loads or is refused with a file and a line; nothing else ever comes out."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbooks.loading.load import SHIPPED, check_folder, load_playbooks

SHARED = ["defaults.yaml", "freight.yaml", "shop.yaml", "calendars/shop_cn.yaml"]
KINDS = sorted(path.name for path in SHIPPED.glob("*.yaml") if path.name not in SHARED)

#: What somebody might write by mistake, as YAML has it.
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, 0, -1, 10**17, "", "x", "~", "1wd", "-5m", "{customer", "请稍等", "requested", "refund", "courier",
        [], {}, [None], {"": ""}, [[]], ["x", "x"], {"zh": "一"}, {"changes": {}}, {"changes": None}, {"in": "closed"},
        [{"key": "x", "zh": "一", "en": "x", "changes": {"remedies": []}}], {"target": {}}, {"when": {"wanted": []}},
    ]
)  # fmt: skip

Place = tuple[str | int, ...]


def places(node: Any, path: Place = ()) -> list[Place]:
    """Every place in a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, below in items for place in places(below, (*path, key)))]


def mutated(document: Any, path: Place, how: str, junk: Any) -> Any:
    """The document with the node at the path left out, doubled, or replaced."""
    if not path:
        return junk if how == "replaced" else document
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    key: Any = path[-1]
    if how == "left out":
        del holder[key]
    elif how == "doubled" and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif how == "doubled":
        holder[f"{key}_2"] = holder[key]
    else:
        holder[key] = junk
    return document


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped playbooks that may be spoilt."""
    return Path(
        shutil.copytree(SHIPPED, tmp_path_factory.mktemp("spoilt") / "shop", ignore=shutil.ignore_patterns("*.py"))
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    name=st.sampled_from([*KINDS, *SHARED, *SHARED]),
    how=st.sampled_from(["left out", "doubled", "replaced"]),
    junk=JUNK,
)
def test_a_spoilt_file_loads_or_is_refused_by_name(
    folder: Path, data: st.DataObject, name: str, how: str, junk: Any
) -> None:
    document = yaml.safe_load((SHIPPED / name).read_text(encoding="utf-8"))
    path = data.draw(st.sampled_from(places(document)))
    text = yaml.safe_dump(mutated(document, path, how, junk), allow_unicode=True, sort_keys=False, width=1000)
    place = shop_of(folder, name)
    (place / name).write_text(text, encoding="utf-8")
    problems = check_folder(place)
    assert all(problem.line >= 1 and problem.file and problem.message for problem in problems)
    if not problems:
        for playbook in load_playbooks(place).kinds.values():
            for sub in (None, *(sub.key for sub in playbook.subcategories)):
                assert playbook.for_case(sub, "CN").procedure.subcategory == sub


def shop_of(folder: Path, name: str) -> Path:
    """A folder with the one file that is spoilt, or with a kind that uses it: all 24 would take too long."""
    place = folder.parent / "one"
    shutil.rmtree(place, ignore_errors=True)
    (place / "calendars").mkdir(parents=True)
    for calendar in (folder / "calendars").glob("*.yaml"):
        shutil.copy(calendar, place / "calendars")
    if name not in KINDS:
        shutil.copy(folder / "quality_fault.yaml", place)
    return place
