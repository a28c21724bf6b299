"""The connection to Temporal: by its own `TEMPORAL_*` variables, or to the embedded server."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from models.errors import Unavailable
from workflows.search import KEYS

_TYPES = {
    "keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
}
_PER_ATTRIBUTE = {key.name: key.indexed_value_type.name.lower() for key in KEYS}


async def connect(environment: Mapping[str, str]) -> Client:
    """A client as Temporal's own variables and profiles say. Raises Unavailable when nobody answers there."""
    config = ClientConfig.load_client_connect_config(override_env_vars=dict(environment))
    address = config.get("target_host", "localhost:7233")
    try:
        return await Client.connect(**config, data_converter=pydantic_data_converter)
    except (RuntimeError, RPCError) as away:
        raise Unavailable(f"Temporal does not answer at {address}: {_first_line(away)}") from None


async def connect_to(address: str, patience: timedelta = timedelta(0)) -> Client:
    """A client of a server whose address is known; tried again until `patience` is over."""
    deadline = asyncio.get_running_loop().time() + patience.total_seconds()
    while True:
        try:
            return await Client.connect(address, data_converter=pydantic_data_converter)
        except (RuntimeError, RPCError) as away:
            if asyncio.get_running_loop().time() >= deadline:
                raise Unavailable(f"Temporal does not answer at {address}: {_first_line(away)}") from None
            await asyncio.sleep(0.05)


async def register_search_attributes(client: Client) -> list[str]:
    """Make sure that the search attributes of cases exist in the namespace; answers those that were new.

    Raises Unavailable naming what to register by hand where this client may not.
    """
    try:
        missing = await _missing_attributes(client)
        if missing:
            types = {name: _TYPES[_PER_ATTRIBUTE[name]] for name in missing}
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=types)
            )
    except RPCError as refused:
        if refused.status is RPCStatusCode.ALREADY_EXISTS:
            return []
        wanted = ", ".join(f"{name}={kind}" for name, kind in _PER_ATTRIBUTE.items())
        raise Unavailable(f"Register these search attributes in '{client.namespace}': {wanted}.") from refused
    return missing


async def _missing_attributes(client: Client) -> list[str]:
    try:
        existing = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except RPCError as unknown:
        if unknown.status is not RPCStatusCode.UNIMPLEMENTED:
            raise
        return list(_PER_ATTRIBUTE)  # the test server cannot list them, and takes them twice
    return [name for name in _PER_ATTRIBUTE if name not in existing.custom_attributes]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
