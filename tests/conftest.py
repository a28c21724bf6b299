"""What holds for every test: one way out of the process, and the shop's own settings only."""

import gc
import os
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest

# Python would look through the million objects of all test files again and again while they are read, and later for
# garbage that is not there: a third of the time of the former, and a tenth of all the rest.
gc.set_threshold(50_000, 20, 50)

if sys.dont_write_bytecode:
    # Who wants no compiled files beside the sources still has the processes that tests start compile everything anew:
    # two seconds for each of them. So the compiled files lie elsewhere.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(tempfile.gettempdir()) / f"aftercare-compiled-{os.getuid()}")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix

# The same examples every time, so that a change is to blame for a red test and not the dice. To throw the dice:
# HYPOTHESIS_PROFILE=dice pytest
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.register_profile("dice", derandomize=False)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

_EXIT_STATUS = pytest.StashKey[int]()


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have settings of a shop of their own."""
    for name in list(os.environ):
        if name.startswith(("AFTERCARE_", "TEMPORAL_")):
            monkeypatch.delenv(name)


def pytest_collection_finish() -> None:
    """What was read by now stays to the end: nobody need look through it for garbage."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once with the true status: a process that ran a Temporal worker can crash while Python winds down.

    The crash comes from native threads after all work is done (temporalio/sdk-python#300), and would make a green run
    look red about once in twelve.
    """
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(config.stash.get(_EXIT_STATUS, 1))
