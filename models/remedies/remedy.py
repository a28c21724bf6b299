"""What a remedy is to the machine: plain facts, so that no code asks for a remedy by its name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One way to make it good.

    `pays` – its point is money, so a plan without any is refused. `after_return` – where the playbook wants the goods
    back, it waits for them. `withdraws_parcel` – a parcel still in our house or on its way out is stopped first (L7).
    `needs_stock` – something of ours is sent, which may be out of stock. `needs_amount` – it is for an amount.
    """

    name: str
    pays: bool = False
    after_return: bool = False
    withdraws_parcel: bool = False
    needs_stock: bool = False
    needs_amount: bool = False
    needs_order: bool = True
