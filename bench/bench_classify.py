"""How long it takes to propose kinds for what a customer wrote: python bench/bench_classify.py (aim: under 5 ms)."""

import statistics
import sys
import time
from collections.abc import Callable

from models.procedure.classify import propose
from playbooks.loading.load import SHIPPED, load_playbooks

ROUNDS = 200
#: A long complaint in both languages, of about 500 characters.
COMPLAINT = (
    "你好，上周买的电热水壶今天才收到，快递盒子压扁了一个角，打开一看壶底有裂纹，一烧水就漏，插上电还跳闸，太吓人了。"
    "说明书上写有滤网，盒子里翻遍了也没有。我打了两次客服电话都没人接，之前说好降价补差价也没补。 "
    "Hi, to be clear: the kettle I ordered was the 1.7 litre one in green, the box says 1.2 litre in white, and it "
    "leaks from the bottom. The tracking said delivered on Monday but I only got it from a neighbour on Thursday. I "
    "would like to send it back and get my money, or a replacement that is not broken, before I leave a bad review. "
    "Nobody answered the mails I sent you on Friday, so please do call me back today."
)


def milliseconds(work: Callable[[], object]) -> float:
    """Of one call, in processor time: what else runs on the machine does not count."""
    begun = time.thread_time()
    work()
    return (time.thread_time() - begun) * 1000


def main() -> None:
    """Print the first proposal, which reads the playbooks' words, and the median and worst of the next ones."""
    books = tuple(load_playbooks(SHIPPED).kinds.values())
    first, *others = [milliseconds(lambda: propose(COMPLAINT, books)) for _ in range(ROUNDS + 1)]
    sys.stdout.write(
        f"{len(COMPLAINT)} characters over {len(books)} kinds: first {first:.1f} ms, "
        f"then median {statistics.median(others):.2f} ms, worst {max(others):.2f} ms\n"
    )


if __name__ == "__main__":
    main()
