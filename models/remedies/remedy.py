"""What a remedy is to the machine and to the money: plain facts and a plan, so that no code asks for it by its name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from models.accounting.promotions import Promotion
from models.pots import Draw, Pots

SettledRemedy = Literal[
    "refund", "exchange", "repair", "keep_it", "adjust_price", "reship", "substitute", "goods_back", "visit", "none"
]
LineQuantity = tuple[int, int]
#: What a remedy does to an invoice: less was sold, something else was sold, or it goes back with the goods (G9).
Touches = Literal["less", "other", "back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementAsk:
    """What is to be settled, all of it facts that the case knows; amounts in minor units.

    ``amount`` is what a keep-it or an adjusted price pays. ``replacement_price`` is for all replacement goods
    together, with tax; None means that the same goods go out and no difference arises. ``return_freight`` is what
    the customer advanced, ``replacement_freight`` what the way to the customer costs, ``quote`` parts and labour.
    ``share`` is the percentage of the liability that ``party_liable`` bears (F19). With ``both_ways`` the customer
    also pays the way to him where the fault is not the seller's (F22). ``promotions`` are those that a return claws
    back, none where the playbook lets the customer keep them (F21). ``netted`` is what the customer owes us and agreed
    to have taken off a refund (F24). ``ceilings`` are, line by line, the most that the case can still give for its own
    units (F18); a line that is not among them has none. ``raised`` is what the case collected on
    top of their price (G6).
    """

    remedy: SettledRemedy
    lines: tuple[LineQuantity, ...] = ()
    party_liable: str = "seller"
    share: int = 100
    amount: int | None = None
    return_freight: int = 0
    return_freight_cap: int | None = None
    replacement_freight: int = 0
    replacement_price: int | None = None
    quote: int = 0
    reduction_percent: int = 0
    refund_postage: Literal["rule", "always", "never"] = "rule"
    promotions: tuple[Promotion, ...] = ()
    netted: int = 0
    never_delivered: bool = False
    both_ways: bool = False
    raised: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    ceilings: tuple[tuple[int, int], ...] = field(default=(), repr=False)  # what they change, the numbers show


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one remedy's rules give; ``draws`` are from units and postage, the payments follow from them."""

    rule: str
    draws: tuple[Draw, ...] = ()
    reimbursed: int = 0
    over_cap: int = 0
    owes: int = 0
    netted: int = 0
    difference: int = 0
    sources: tuple[str, ...] = ()


Settle = Callable[[Pots, bool, SettlementAsk], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One way to make it good.

    `settle` – what it costs whom, from the pots, whether postage was free, and the ask. `pays` – its point is money,
    so a plan without any is refused. `after_return` – where the playbook wants the goods back, it waits for them.
    `withdraws_parcel` – a parcel still in our house or on its way out is stopped first (L7). `needs_stock` – something
    of ours is sent, which may be out of stock. `needs_amount` – it is for an amount. `needs_lines` – it is for units.
    `keeps_goods` – goods that came are ours once it is carried out; after any other they are owed back. `by_warranty` –
    out of warranty the customer pays it (F10). `grants` – it gives the customer something, so the case has to be
    eligible. `invoice` – what it does to the order's invoice (G9).
    `other_goods` – something else than what was bought is sent, so nobody waits for what is out of stock.
    `in_advance` – it can leave against a deposit, before the old goods are back (G5).
    `sends_goods` – units off our shelf go to the customer, so they are set aside for him until they leave (L14).
    """

    name: SettledRemedy
    settle: Settle
    pays: bool = False
    after_return: bool = False
    withdraws_parcel: bool = False
    needs_stock: bool = False
    needs_amount: bool = False
    needs_lines: bool = False
    keeps_goods: bool = False
    needs_order: bool = True
    by_warranty: bool = False
    grants: bool = True
    other_goods: bool = False
    invoice: Touches | None = None
    in_advance: bool = False
    sends_goods: bool = False
