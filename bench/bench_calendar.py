"""How long a due time over a 30-day target takes: ours, businesstimedelta, business-duration, pandas, in one run.

    pip install -e '.[bench]'; python -m bench.bench_calendar [--starts 300]

The aim is a median under 20 µs for ours. All are asked the same: Monday to Friday, 09:00-18:00 in Shanghai, with
China's public holidays and without make-up days, which only ours can say. business-duration measures and cannot add,
so it measures what ours has added. pandas answers the next opening where ours stays at closing, and is compared so.
"""

import argparse
import random
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from time import perf_counter_ns
from typing import Any
from zoneinfo import ZoneInfo

from models.business_time import Calendar, between, due_at, roll_forward
from playbooks.loading.holidays import published
from playbooks.loading.load import SHIPPED, load_playbooks

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = 30
SECONDS = DAYS * 9 * 3600
WORKED = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}

Ask = Callable[[datetime], datetime | int]


def free_days() -> list[date]:
    """China's free days of the years that the starts can reach."""
    return [day for day in published("CN", None).free if 2025 <= day.year <= 2027]


def ours() -> tuple[Ask, Ask, Ask]:
    """Adding and measuring with our calendar, and adding up to the next opening."""
    free = [day.isoformat() for day in free_days()]
    calendar = Calendar.model_validate({"timezone": "Asia/Shanghai", "weekly": WORKED, "holidays": free})

    def add(at: datetime) -> datetime:
        return due_at(calendar, at, SECONDS)

    return add, lambda at: between(calendar, at, add(at)), lambda at: roll_forward(calendar, add(at))


def with_businesstimedelta() -> Ask:
    """Rules of a working day less those of holidays; it adds by walking from one rule to the next."""
    import businesstimedelta as b
    import pytz

    day = b.WorkDayRule(start_time=time(9), end_time=time(18), working_days=[0, 1, 2, 3, 4], tz=pytz.timezone(ZONE.key))
    hours = b.Rules([day, b.HolidayRule(dict.fromkeys(free_days(), "free"), tz=pytz.timezone(ZONE.key))])
    span = b.BusinessTimeDelta(hours, seconds=SECONDS)
    return lambda at: (at + span).astimezone(UTC)


def with_pandas() -> Ask:
    """An offset of business hours; without zone, because it counts on the wall."""
    import pandas as pd

    offset = pd.offsets.CustomBusinessHour(n=DAYS * 9, start="09:00", end="18:00", holidays=free_days())

    def add(at: datetime) -> datetime:
        wall = pd.Timestamp(at.astimezone(ZONE).replace(tzinfo=None)) + offset
        found: datetime = wall.to_pydatetime().replace(tzinfo=ZONE).astimezone(UTC)
        return found

    return add


def with_business_duration(due: Ask) -> Ask:
    """The seconds between a start and our due time."""
    from business_duration import businessDuration

    holidays = dict.fromkeys(free_days(), "free")

    def measure(at: datetime) -> int:
        end = due(at)
        assert isinstance(end, datetime)
        walls = {"startdate": at.astimezone(ZONE), "enddate": end.astimezone(ZONE)}
        naive = {name: wall.replace(tzinfo=None) for name, wall in walls.items()}
        hours = {"starttime": time(9), "endtime": time(18)}
        found: float = businessDuration(**naive, **hours, holidaylist=holidays, unit="sec")
        return round(found)

    return measure


def starts(count: int) -> list[datetime]:
    """Moments of 2026, at any second, in hours and out of them."""
    chance = random.Random(7)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    return [first + timedelta(seconds=chance.randrange(300 * 86_400)) for _ in range(count)]


def timed(name: str, ask: Ask, moments: list[datetime], wanted: list[Any] | None) -> list[Any]:
    """Every answer of one, with the median and the 99th percentile of its times, and how many are as wanted."""
    ask(moments[0])
    took, answers = [], []
    for at in moments:
        began = perf_counter_ns()
        answers.append(ask(at))
        took.append((perf_counter_ns() - began) / 1000)
    agreed = (
        ""
        if wanted is None
        else f"   {sum(a == b for a, b in zip(answers, wanted, strict=True))} of {len(wanted)} agree"
    )
    late = sorted(took)[len(took) * 99 // 100]
    sys.stdout.write(f"{name:34} median {median(took):10.1f} µs   p99 {late:10.1f} µs{agreed}\n")
    return answers


def compare(name: str, make: Callable[[], Ask], moments: list[datetime], wanted: list[Any]) -> None:
    """One of the others; one that is not installed, or breaks with the libraries of today, is said so."""
    try:
        timed(name, make(), moments, wanted)
    except Exception as broken:  # a comparison that cannot be made is a line of the report
        sys.stdout.write(f"{name:34} cannot be compared: {type(broken).__name__}: {broken}\n")


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--starts", type=int, default=300)
    asked = ask.parse_args()
    warnings.simplefilter("ignore")
    moments, (add, measure, open_again) = starts(asked.starts), ours()
    shop = load_playbooks(SHIPPED).calendars["shop_cn"]
    target = DAYS * shop.working_day_seconds
    timed("ours, shop_cn with make-up days", lambda at: due_at(shop, at, target), moments, None)
    due = timed("ours, due_at", add, moments, None)
    compare("businesstimedelta", with_businesstimedelta, moments, due)
    compare("pandas CustomBusinessHour", with_pandas, moments, [open_again(at) for at in moments])
    compare("business-duration, measuring", lambda: with_business_duration(add), moments, [SECONDS] * len(moments))
    timed("ours, due_at and between", measure, moments, [SECONDS] * len(moments))


if __name__ == "__main__":
    main()
