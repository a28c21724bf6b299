"""`aftercare case link` and tokens that are tied, beside a service that runs."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from cli import run
from tests.api.client import Api
from up import Running

Aftercare = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def aftercare(service: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Aftercare:
    """The command line of whoever set the service up: code, standard output, standard error."""
    monkeypatch.setenv("AFTERCARE_URL", service.url)
    monkeypatch.setenv("AFTERCARE_TOKEN", service.token)
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", service.engine.url.render_as_string(hide_password=False))

    async def command(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(run, arguments)
        return code, *capsys.readouterr()

    return command


async def test_a_link_is_printed_and_ended(aftercare: Aftercare, api: Api) -> None:
    case_no = (await api.opened())["case_no"]
    code, out, _ = await aftercare("case", "link", case_no)
    url = out.splitlines()[0]
    assert (code, "/c/" in url, out.splitlines()[1][:6]) == (0, True, "until ")
    assert (await api.get(url)).status_code == 200
    fresh = json.loads((await aftercare("case", "link", case_no, "--fresh", "--json"))[1])["url"]
    assert [(await api.get(one, headers={"Accept": "text/html"})).status_code for one in (url, fresh)] == [410, 200]
    code, out, _ = await aftercare("case", "link", case_no, "--revoke")
    assert (code, out) == (0, f"Every link to {case_no} is over.\n")
    assert (await api.get(fresh, headers={"Accept": "text/html"})).status_code == 410
    code, _, told = await aftercare("case", "link", case_no, "--revoke", "--fresh")
    assert (code, "--fresh or --revoke" in told) == (1, True)
    assert (await aftercare("case", "link", "AC-99-999999"))[0] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--role", "customer"], "is tied"),
        (["--role", "courier"], "is tied"),
        (["--role", "customer", "--customer", "c-88", "--case", "AC-26-000001"], "is tied"),
        (["--role", "agent", "--customer", "c-88"], "who are no staff"),
    ],
)
async def test_tokens_of_outsiders_are_tied_and_those_of_the_house_are_not(
    aftercare: Aftercare, arguments: list[str], told: str
) -> None:
    code, _, said = await aftercare("token", "create", "somebody", *arguments)
    assert (code, told in said) == (1, True)


async def test_a_tied_token_reaches_its_customers_cases(aftercare: Aftercare, api: Api, service: Running) -> None:
    case_no = (await api.opened())["case_no"]
    code, token, _ = await aftercare("token", "create", "wang", "--role", "customer", "--customer", "c-88")
    async with Api(service, token.strip()) as wang:
        assert (code, (await wang.get(f"/cases/{case_no}")).json()["case_no"]) == (0, case_no)
