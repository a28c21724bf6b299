"""What the refund costs when days pass between its steps: the timer rings for deadlines that have moved."""

from api.history import cost_of
from tests.live.test_budget import BUDGET
from tests.roads import ROADS, SATISFIED
from tests.world import World


async def test_a_refund_over_ten_days_stays_within_its_budget(shop: World) -> None:
    """Which deadlines pass depends on the weekday and the hour, so the case always begins at the same ones."""
    road = ROADS["refund"]
    await shop.until_a_quiet_monday()
    case_no = await shop.opened(road.kind)
    for step in road.steps:
        await shop.drive(case_no, step)
        await shop.pass_time(days=2)
    await shop.paid(case_no)
    await shop.drive(case_no, SATISFIED)
    await shop.ended(case_no)
    history = await shop.handle(case_no).fetch_history()
    cost = cost_of([history.events])
    assert cost.events <= BUDGET["refund_over_ten_days"]["events"], cost.by_type
    assert cost.actions <= BUDGET["refund_over_ten_days"]["actions"], cost.by_type
