"""The houses of the gateways, each opened once a module."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from activities.gateways import GATEWAYS
from tests.activities.gateways.houses import HOUSES, House, Houses, ProviderHouse

REMOTE = ("stripe", "alipay", "wechatpay")


@pytest.fixture(scope="module")
def houses() -> Iterator[Houses]:
    """The houses by name, each opened once."""
    opened: dict[str, House] = {}
    with ExitStack() as stack:

        def house(name: str) -> House:
            if name not in opened:
                opened[name] = stack.enter_context(HOUSES[name]())
            return opened[name]

        yield house


@pytest.fixture(params=GATEWAYS)
def house(request: pytest.FixtureRequest, houses: Houses) -> House:
    return houses(request.param)


@pytest.fixture(params=REMOTE)
def remote(request: pytest.FixtureRequest, houses: Houses) -> ProviderHouse:
    house = houses(request.param)
    assert isinstance(house, ProviderHouse)
    return house
