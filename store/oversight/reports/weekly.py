"""New and repeated problems of a week, for Monday's meeting (T13)."""

from typing import Final

from store.oversight.reports.parts import Look, product_names
from store.oversight.reports.sections import Row, biggest_first, cell, row, section
from store.oversight.reports.sources import counted

_OF: Final = ("kind", "sku", "supplier")
_COUNTED: Final = ("problem_cases", "before")


def problems(look: Look) -> list[Row]:
    """Problems, a kind with a product, that are new, and those that are repeated."""
    days, least = look.rules.repeated.looks_back_days, look.rules.repeated.cases
    now = look.counted("opened_products", "kind", "sku")
    before = counted(look.session, "opened_products", look.period.before(days), ("kind", "sku"))
    names = product_names(look.session, sorted({sku for _, sku in now}))

    def rows(wanted: dict[tuple[str, ...], int]) -> list[Row]:
        return [
            row(
                {"kind": kind, "sku": sku, "supplier": look.rules.supplier_of(sku)},
                {"problem_cases": now[kind, sku], "before": before.get((kind, sku), 0)},
                {
                    "problem_cases": cell("opened_products", kind=kind, sku=sku),
                    "before": cell("before", kind=kind, sku=sku),
                },
                name=names.get(sku),
            )
            for kind, sku in biggest_first(wanted)
        ]

    new = {key: many for key, many in now.items() if not before.get(key)}
    often = {key: many for key, many in now.items() if many >= least}
    new_rule = {
        "zh": f"之前 {days} 天没有过的类型与商品组合，即为新问题。",
        "en": f"A kind with a product that there was none of in the {days} days before is a new problem.",
    }
    often_rule = {
        "zh": f"同一类型、同一商品在本期内达到 {least} 单，即为重复问题。",
        "en": f"{least} or more cases of one kind and one product in the period are a repeated problem.",
    }
    return [
        section("new_problems", _OF, _COUNTED, rows(new), rule=new_rule),
        section("repeated", _OF, _COUNTED, rows(often), rule=often_rule),
    ]
