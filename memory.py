"""What a process that goes on for long does with its memory once it is up."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: So many objects more than are given back, and so many times the generation before, until Python looks for garbage.
#: A case that leaves the cache is garbage of some 600 objects and 0.3 MB, which the last figure keeps to some 100 MB.
THRESHOLDS: Final = (5_000, 10, 5)


@contextmanager
def settled() -> Iterator[None]:
    """Until the block ends what was loaded by now is not looked through for garbage, and what is new less often.

    Python stops everything while it looks; through half a million objects that took up to a second, and the answer to
    whoever was waiting took that much longer.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
