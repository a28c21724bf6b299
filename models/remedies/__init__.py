"""The remedies: one file each and this map, which is the only list of them."""

from models.remedies import (
    adjust_price,
    exchange,
    goods_back,
    keep_it,
    nothing,
    refund,
    repair,
    reship,
    substitute,
    visit,
)
from models.remedies.remedy import Remedy

REMEDIES: dict[str, Remedy] = {
    module.REMEDY.name: module.REMEDY
    for module in (refund, exchange, repair, keep_it, goods_back, reship, substitute, visit, adjust_price, nothing)
}
