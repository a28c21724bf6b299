"""`aftercare webhooks` and `aftercare hooks`, beside a service that runs."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from cli import run
from tests.activities.webhooks.program import program
from tests.api.client import Api
from tests.api.test_hooks import call, moving, read
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


async def test_a_program_is_added_tried_listed_told_again_and_removed(aftercare: Aftercare, api: Api) -> None:
    nobody = (await api.get("/webhooks")).json()["items"] == []
    assert ("No other program is told" in (await aftercare("webhooks", "list"))[1]) is nobody
    with program() as there:
        arguments = ("webhooks", "add", there.url, "--event", "case.closed", "--note", "bookkeeping", "--json")
        endpoint = json.loads((await aftercare(*arguments))[1])
        named = endpoint["id"]
        code, out, _ = await aftercare("webhooks", "ping", named)
        assert (code, "200" in out, len(there.got)) == (0, True, 1)
        there.status = 500
        code, _, said = await aftercare("webhooks", "ping", named)
        assert (code, "It answered 500" in said) == (1, True)
        there.status = 200
        code, out, _ = await aftercare("webhooks", "list")
        assert ("bookkeeping" in out, "failing" in out, endpoint["secret"] in out) == (True, True, False)
        code, out, _ = await aftercare("webhooks", "show", named)
        assert (code, "case.closed" in out, "webhook.ping" in out, endpoint["secret"] in out) == (0, True, True, False)
        listed = json.loads((await aftercare("webhooks", "deliveries", named, "--state", "delivered", "--json"))[1])
        [first] = [row["id"] for row in listed["items"] if row["event_id"] == there.ids[0]]
        assert (await aftercare("webhooks", "replay", first))[:2] == (0, "1 deliveries begin anew.\n")
        assert (await aftercare("webhooks", "replay", named, "--since", "2026-01-01T00:00+00:00"))[0] == 0
        code, out, _ = await aftercare("webhooks", "rotate", named, "--hours", "2")
        assert (code, "whsec_" in out, "signs besides until" in out) == (0, True, True)
        assert (await aftercare("webhooks", "enable", named))[0] == 0
        assert (await aftercare("webhooks", "remove", named))[:2] == (0, f"{named} is gone.\n")
    assert (await aftercare("webhooks", "show", named))[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("webhooks", "add", "https://169.254.169.254/"), 1),
        (("webhooks", "add", "https://example.com/", "--event", "case.exploded"), 1),
        (("webhooks", "add"), 2),
        (("webhooks", "rotate", "ep_1", "--hours", "1000"), 2),
        (("webhooks", "replay", "nothing"), 1),
        (("hooks", "show", "nothing"), 1),
        (("hooks", "list", "--state", "exploded"), 1),
    ],
)
async def test_what_cannot_be_done_is_one_line(aftercare: Aftercare, arguments: tuple[str, ...], code: int) -> None:
    found, out, said = await aftercare(*arguments)
    assert (found, out) == (code, "")
    assert said
    assert code == 2 or len(said.splitlines()) == 1


async def test_calls_from_outside_are_listed_shown_and_read_again(
    aftercare: Aftercare, api: Api, service: Running
) -> None:
    hook_id = (await call(service, "msg_cli", b"hello")).json()["id"]
    await read(api, hook_id)
    code, out, _ = await aftercare("hooks", "list", "--state", "unreadable", "--source", "courier")
    assert (code, hook_id in out) == (0, True)
    code, out, _ = await aftercare("hooks", "show", hook_id)
    assert (code, "hello" in out, "msg_cli" in out) == (0, True, True)
    assert (await aftercare("hooks", "replay", hook_id))[0] == 0
    assert (await read(api, hook_id))["tries"] == 2
    good = (await call(service, "msg_cli_2", moving("YT-CLI"))).json()["id"]
    await read(api, good)
    assert json.loads((await aftercare("hooks", "list", "--limit", "1", "--json"))[1])["items"][0]["id"] == good
