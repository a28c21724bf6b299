"""The shop that the scripts speak for: its name, where returns go, its telephone, its time zone, its slips."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from models.commands import Word
from models.oversight.keeping import Keep
from models.playbook import Names, Part


class Instructions(Part):
    """What a customer does with a return slip, a line each, in both languages."""

    zh: tuple[Word, ...] = Field(
        (
            "商品、配件、说明书和赠品一起装好，把这张随件单放进箱子。",
            "寄出后把快递公司和单号填到售后单里，凭证请保留。",
            "仓库扫这张单上的码收货，一个工作日内验货并告诉您结果。",
        ),
        max_length=8,
        description="in Chinese",
    )
    en: tuple[Word, ...] = Field(
        (
            "Pack the goods with all parts, papers and gifts, and put this slip into the box.",
            "Then enter courier and waybill in the case, and keep the receipt.",
            "Our warehouse scans the code above and tells you the result within one working day.",
        ),
        max_length=8,
        description="in English",
    )


class GoodsIn(Part):
    """Parcels whose case is not known: how long they wait on the shelf, and who may end that earlier (G2)."""

    keep_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        90, description="so many days a parcel waits before it may be disposed of or sent back"
    )
    remind_days: Annotated[int, Field(ge=0, le=365)] = Field(
        7, description="so many days before that the warehouse is reminded"
    )
    early_role: Literal["supervisor", "manager", "director"] = Field(
        "manager", description="who may do it before its time, with a reason"
    )
    same_box_seconds: Annotated[int, Field(ge=0, le=86_400)] = Field(
        120, description="the same slip scanned again within so many seconds is the same box"
    )


class Shop(Part):
    """Who the customer deals with, in both languages, as `shop.yaml` says it."""

    names: Names = Field(description="the shop's name: `{shop}`")
    return_address: Names = Field(description="where returns go: `{return_address}`")
    phone: Word = Field(description="the telephone for customers: `{phone}`")
    pay_to: Names | None = Field(
        None, description="how customers pay what they owe before something is sent; their page says it with the amount"
    )
    timezone: Word = Field(description="dates and times are told in it, such as `Asia/Shanghai`")
    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,8}$")] | None = Field(
        None,
        description="two to eight capitals or digits on every slip: another shop's slip is told apart (G1)",
    )
    link_line: Names = Field(
        Names(zh="查看进度、补充照片或答复：{link}", en="Follow it, send photos or answer here: {link}"),
        description="said under every script where it is known where customers open their pages: `{link}`",
    )
    keep: Keep = Field(Keep(), description="how many days what nobody needs for ever is kept")
    goods_in: GoodsIn = Field(GoodsIn(), description="parcels whose case is not known")
    slip: Instructions = Field(Instructions(), description="what the return slip tells the customer to do")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"{value[:60]!r} is no time zone; write one like Asia/Shanghai or Europe/London") from None
        return value
