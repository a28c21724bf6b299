"""`aftercare inbox` and `aftercare notify`, beside a service that runs."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cli import run
from tests.activities.receiver import receiver
from tests.api.client import token_of
from tests.api.test_inbox import SECRET, told
from up import Running

Aftercare = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def aftercare(service: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Aftercare:
    """The command line of somebody: code, standard output, standard error."""
    monkeypatch.setenv("AFTERCARE_URL", service.url)
    monkeypatch.setenv("AFTERCARE_TOKEN", service.token)

    async def command(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(run, arguments)
        return code, *capsys.readouterr()

    return command


async def test_the_inbox_is_read_and_marked(
    aftercare: Aftercare, service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERCARE_TOKEN", token_of(service, "the cli's reader", ["expert"]))
    assert (await aftercare("inbox"))[:2] == (0, "Nothing.\n")
    told(service, "the cli's reader", 1)
    code, out, _ = await aftercare("inbox")
    assert code == 0
    assert "受理超时，升级到第 1 级" in out
    assert "1 unread." in out
    code, out, _ = await aftercare("inbox", "--read", "--json")
    assert (code, json.loads(out)["marked"]) == (0, 1)
    assert json.loads((await aftercare("inbox", "--unread", "--json"))[1])["items"] == []


async def test_an_address_is_entered_shown_without_its_secret_and_tried(aftercare: Aftercare) -> None:
    with receiver() as here:
        url = f"json://127.0.0.1:{here.web_port}/{SECRET}"
        code, out, _ = await aftercare("notify", "set", "cli-li", "--address", url, "--quiet", "22:00-08:00")
        assert (code, SECRET in out, "22:00-08:00" in out) == (0, False, True)
        code, out, _ = await aftercare("notify", "test", "cli-li")
        assert (code, "taken" in out, len(here.got)) == (0, True, 1)
        here.mood = "fails"
        code, out, _ = await aftercare("notify", "test", "cli-li", "--json")
        [tried] = json.loads(out)["items"]
        assert (code, tried["outcome"]) == (1, "not_told")
    code, out, _ = await aftercare("notify", "show", "cli-li")
    assert (code, "not taken" in out, SECRET in out) == (0, True, False)
    code, out, _ = await aftercare("notify", "list")
    assert (code, "cli-li" in out, SECRET in out) == (0, True, False)
    code, out, _ = await aftercare("notify", "set", "cli-li", "--no-address", "--quiet", "", "--json")
    assert (code, json.loads(out)["addresses"], json.loads(out)["quiet"]) == (0, [], None)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("notify", "set", "cli-wu"), 2, "name what is to change"),
        (("notify", "set", "cli-wu", "--quiet", "at night"), 1, "22:00-08:00"),
        (("notify", "set", "cli-wu", "--address", f"https://example.com/{SECRET}"), 1, "no address"),
        (("notify", "test", "cli-wu"), 1, "has no address"),
        (("notify", "show", "."), 1, "nobody"),
    ],
)
async def test_what_is_wrong_is_one_line(
    aftercare: Aftercare, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended, _, err = await aftercare(*arguments)
    assert (ended, said in err, SECRET in err) == (code, True, False)


async def test_addresses_can_come_by_standard_input(aftercare: Aftercare, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(f"feishu://{SECRET}/\nwecombot://{SECRET}/\n"))
    code, out, _ = await aftercare("notify", "set", "cli-sun", "--address", "-", "--json")
    kinds = [url.partition("://")[0] for url in json.loads(out)["addresses"]]
    assert (code, kinds) == (0, ["feishu", "wecombot"])


async def test_the_doctor_speaks_of_notifications(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from settings import load_settings
    from store.engine import make_engine
    from terminal.doctor import PARTS
    from tests.databases import with_schema

    monkeypatch.setenv("AFTERCARE_DATA", str(tmp_path))
    assert PARTS["notifications"](load_settings()) == "nothing to tell yet"
    engine = make_engine(load_settings().database)
    with_schema(engine)
    assert "no channel fails" in PARTS["notifications"](load_settings())
    engine.dispose()
