"""What a process that goes on for long does with its memory, and that it gives everything back."""

import gc

import memory


def test_what_was_loaded_is_put_aside_until_the_process_ends_and_garbage_is_searched_for_less_often():
    before, aside = gc.get_threshold(), gc.get_freeze_count()
    with memory.settled():
        assert gc.get_freeze_count() > aside + 10_000, "everything that pytest has loaded, at the least"
        assert gc.get_threshold() == memory.THRESHOLDS
        assert all(now >= then for now, then in zip(gc.get_threshold()[:2], before[:2], strict=True))
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
