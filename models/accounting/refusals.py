"""Why a payment provider refuses to pay, in plain words: its codes as it sends them, and what they come to for us."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from models.accounting.payments import NO_SUCH_PAYOUT, RefusedFor, Words


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code of a provider comes to, and how to say it. `refused_for` None: nothing is known by it."""

    refused_for: RefusedFor | None
    zh: str
    en: str


#: What every gateway may answer by itself, without a word of the provider.
OWN: Final[Mapping[str, Meaning]] = {
    NO_SUCH_PAYOUT: Meaning("not_found", "服务商没有这笔退款的记录。", "The provider has no payout under this key."),
    "currency_not_taken": Meaning(
        "other",
        "这个渠道不能按这个币种或金额退款，请换一种方式。",
        "This way cannot pay that currency or amount; choose another.",
    ),
    "payment_unknown": Meaning(
        "not_found",
        "订单上没有原支付的交易号，无法原路退回，请换一种方式。",
        "The order does not say which payment to give back to; choose another way.",
    ),
    "destination_not_possible": Meaning(
        "account",
        "这个渠道只能原路退回，不能付到其他账户。",
        "This way pays back to the original payment only, not to another account.",
    ),
    "customer_unknown": Meaning(
        "account",
        "订单上没有客户，余额无处可记，请换一种方式。",
        "The order names no customer to credit; choose another way.",
    ),
    "amount_differs": Meaning(
        None,
        "服务商记录的金额与这笔退款不一致，请人工核对。",
        "The provider has another amount under this key; somebody has to look.",
    ),
    "other_payment": Meaning(
        None,
        "服务商以这个编号退过另一笔付款，请人工核对。",
        "The provider has this key for another payment; somebody has to look.",
    ),
    "no_answer": Meaning(
        None, "没有收到服务商的答复，稍后再查。", "No answer came from the provider; it will be asked again."
    ),
    "unreadable": Meaning(
        None, "服务商的答复无法识别，稍后再查。", "The provider's answer cannot be read; it will be asked again."
    ),
    "wrong_signature": Meaning(
        None,
        "服务商答复的签名不正确，不予采信，稍后再查。",
        "The answer's signature is wrong, so it is not believed; it will be asked again.",
    ),
    "not_approved": Meaning(
        "other", "这笔款项尚未批准，不能付出。", "The payout is not approved yet and cannot be sent."
    ),
    "cancelled": Meaning(
        "other", "这笔款项已撤销，无需支付。", "The payout was cancelled: nothing is to be paid for it."
    ),
    "not_configured": Meaning(
        None, "这个渠道现在没有配置，无法查询。", "This way is not configured (any more), so it cannot be asked."
    ),
}

# ── Alipay ────────────────────────────────────────────────────────────────────────────────────────

_ALIPAY_ACCOUNT = Meaning(
    "account",
    "客户的支付宝账户异常或已注销，请让客户提供其他账户。",
    "The customer's Alipay account is closed or blocked; ask the customer for another account.",
)
_ALIPAY_ABOVE = Meaning(
    "limit",
    "退款金额超过了这笔交易剩余的可退金额。",
    "The amount is more than what is left of the payment.",
)
_ALIPAY_CLOSED = Meaning(
    "limit",
    "交易已完结或超过退款期限，无法原路退回，请换一种方式。",
    "The payment is too old to be given back this way; choose another.",
)
_ALIPAY_ASK_ALIPAY = Meaning(
    "other",
    "支付宝不允许退这笔交易，请联系支付宝客服。",
    "Alipay does not let this payment be refunded; ask its support.",
)

ALIPAY: Final[Mapping[str, Meaning]] = {
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": Meaning(
        "balance",
        "商户支付宝余额不足，请充值后重试，或换一种方式。",
        "The shop's Alipay balance does not cover it; top it up and try again, or choose another way.",
    ),
    "ACQ.BUYER_ERROR": _ALIPAY_ACCOUNT,
    "ACQ.BUYER_NOT_EXIST": _ALIPAY_ACCOUNT,
    "ACQ.BUYER_ENABLE_STATUS_FORBID": _ALIPAY_ACCOUNT,
    "ACQ.CUSTOMER_VALIDATE_ERROR": _ALIPAY_ACCOUNT,
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": _ALIPAY_ABOVE,
    "ACQ.REASON_TRADE_REFUND_FEE_ERR": _ALIPAY_ABOVE,
    "ACQ.REFUND_FEE_ERROR": _ALIPAY_ABOVE,
    "ACQ.TRADE_HAS_FINISHED": _ALIPAY_CLOSED,
    "ACQ.TRADE_HAS_CLOSE": _ALIPAY_CLOSED,
    "ACQ.TRADE_STATUS_ERROR": _ALIPAY_CLOSED,
    "ACQ.TRADE_NOT_ALLOW_REFUND": _ALIPAY_ASK_ALIPAY,
    "ACQ.NOT_ALLOW_REFUND": _ALIPAY_ASK_ALIPAY,
    "ACQ.REASON_TRADE_BEEN_FREEZEN": Meaning(
        "other",
        "这笔交易被支付宝冻结，请联系支付宝客服。",
        "Alipay has frozen the payment; ask its support.",
    ),
    "ACQ.TRADE_NOT_EXIST": Meaning(
        "not_found",
        "支付宝找不到原交易，请核对交易号。",
        "Alipay does not know the payment; check its reference.",
    ),
    "ACQ.DISCORDANT_REPEAT_REQUEST": Meaning(
        "duplicate",
        "同一退款请求号曾以其他金额提交，请人工核对。",
        "The key was used before with another amount; somebody has to look.",
    ),
    "ACQ.INVALID_PARAMETER": Meaning(
        "other",
        "支付宝认为请求内容有误，请查看其说明。",
        "Alipay takes something in the request for wrong; see its message.",
    ),
    "isv.invalid-app-id": Meaning(
        None, "支付宝不接受所配置的应用，请检查设置。", "Alipay does not accept the app id that is set."
    ),
    "isv.invalid-signature": Meaning(
        None, "支付宝验签失败，请检查所配置的密钥。", "Alipay does not accept our signature; check the key that is set."
    ),
}

# ── Stripe ────────────────────────────────────────────────────────────────────────────────────────

_STRIPE_CARD = Meaning(
    "account",
    "原付款的卡已失效或注销，请让客户提供其他账户。",
    "The card that was paid with is no longer valid; ask the customer for another account.",
)
_STRIPE_LOST = Meaning(
    "account",
    "原付款的卡已挂失，请让客户提供其他账户。",
    "The card that was paid with was reported lost; ask the customer for another account.",
)
_STRIPE_DECLINED = Meaning(
    "account",
    "客户的银行拒收这笔退款，请让客户提供其他账户。",
    "The customer's bank declined the refund; ask the customer for another account.",
)
_STRIPE_SHORT = Meaning(
    "balance",
    "Stripe 账户余额不足，请充值后重试，或换一种方式。",
    "The Stripe balance does not cover it; top it up and try again, or choose another way.",
)
_STRIPE_GONE = Meaning(
    "limit",
    "这笔付款已全额退款，没有可退的金额。",
    "The payment was given back in full already; nothing is left to refund.",
)
_STRIPE_ABOVE = Meaning(
    "limit",
    "退款金额超过了这笔付款剩余的可退金额。",
    "The amount is more than what is left of the payment.",
)
_STRIPE_DISPUTED = Meaning(
    "other",
    "客户已向银行提出拒付，须等争议结束。",
    "The customer disputes the payment with the bank; wait until that has ended.",
)

STRIPE: Final[Mapping[str, Meaning]] = {
    "expired_or_canceled_card": _STRIPE_CARD,
    "lost_or_stolen_card": _STRIPE_LOST,
    "declined": _STRIPE_DECLINED,
    "insufficient_funds": _STRIPE_SHORT,
    "balance_insufficient": _STRIPE_SHORT,
    "charge_already_refunded": _STRIPE_GONE,
    "invalid_amount": _STRIPE_ABOVE,
    "amount_too_large": _STRIPE_ABOVE,
    "charge_disputed": _STRIPE_DISPUTED,
    "refund_disputed_payment": _STRIPE_DISPUTED,
    "charge_for_pending_refund_disputed": _STRIPE_DISPUTED,
    "resource_missing": Meaning(
        "not_found",
        "Stripe 找不到原付款，请核对交易号和所用的账户。",
        "Stripe does not know the payment; check its reference, and whose key is used.",
    ),
    "idempotency_error": Meaning(
        "duplicate",
        "同一编号曾以其他内容提交，请人工核对。",
        "The key was used before for something else; somebody has to look.",
    ),
    "merchant_request": Meaning(
        "other", "这笔退款已在 Stripe 后台被取消。", "The refund was cancelled in Stripe's dashboard."
    ),
    "canceled": Meaning("other", "这笔退款已在 Stripe 被取消。", "The refund was cancelled at Stripe."),
    "unknown": Meaning(
        "other",
        "退款被退回，Stripe 没有说明原因，请联系其客服。",
        "The refund came back and Stripe does not say why; ask its support.",
    ),
    "authentication": Meaning(
        None,
        "Stripe 不接受所配置的密钥，请检查设置。",
        "Stripe does not accept the key that is set; check AFTERCARE_STRIPE_KEY.",
    ),
}

# ── WeChat Pay ────────────────────────────────────────────────────────────────────────────────────

_WECHAT_ACCOUNT = Meaning(
    "account",
    "客户的微信账户或银行卡异常，无法入账，请让客户提供其他账户。",
    "The customer's WeChat account or bank card cannot take it; ask the customer for another account.",
)
_WECHAT_BALANCE = Meaning(
    "balance",
    "商户微信支付余额不足，请充值后重试，或换一种方式。",
    "The shop's WeChat Pay balance does not cover it; top it up and try again, or choose another way.",
)
_WECHAT_MISSING = Meaning(
    "not_found",
    "微信支付找不到原交易，请核对交易号。",
    "WeChat Pay does not know the payment; check its reference.",
)

WECHATPAY: Final[Mapping[str, Meaning]] = {
    "USER_ACCOUNT_ABNORMAL": _WECHAT_ACCOUNT,
    "ABNORMAL": _WECHAT_ACCOUNT,
    "NOT_ENOUGH": _WECHAT_BALANCE,
    "NOTENOUGH": _WECHAT_BALANCE,
    "RESOURCE_NOT_EXISTS": _WECHAT_MISSING,
    "ORDERNOTEXIST": _WECHAT_MISSING,
    "REFUND_FEE_INVALID": Meaning(
        "limit", "退款金额超过了这笔交易剩余的可退金额。", "The amount is more than what is left of the payment."
    ),
    "REFUND_FEE_MISMATCH": Meaning(
        "duplicate",
        "同一退款单号曾以其他金额提交，请人工核对。",
        "The key was used before with another amount; somebody has to look.",
    ),
    "TRADE_OVERDUE": Meaning(
        "limit",
        "交易超过一年，无法原路退回，请换一种方式。",
        "The payment is more than a year old and cannot be given back this way; choose another.",
    ),
    "INVALID_REQUEST": Meaning(
        "other",
        "微信支付认为这笔退款不符合业务规则，例如超出可退金额，请查看其说明。",
        "A rule of WeChat Pay forbids the refund, such as more than what is left; see its message.",
    ),
    "REQUEST_BLOCKED": Meaning(
        "other", "微信支付拦截了这笔退款，请查看其说明。", "WeChat Pay blocked the refund; see its message."
    ),
    "PARAM_ERROR": Meaning(
        "other",
        "微信支付认为请求内容有误，请查看其说明。",
        "WeChat Pay takes something in the request for wrong; see its message.",
    ),
    "CLOSED": Meaning(
        "other",
        "这笔退款已在微信支付关闭，请到商户平台查看原因。",
        "The refund was closed at WeChat Pay; look up the reason on its merchant platform.",
    ),
    "SIGN_ERROR": Meaning(
        None,
        "微信支付验签失败，请检查所配置的密钥和证书序列号。",
        "WeChat Pay does not accept our signature; check the key and serial number that are set.",
    ),
    "NO_AUTH": Meaning(
        None, "商户号没有退款的权限，请检查设置。", "The merchant may not refund by this interface; check the settings."
    ),
    "FREQUENCY_LIMITED": Meaning(
        None, "请求过于频繁，稍后再试。", "WeChat Pay asks for patience; it will be tried again."
    ),
}

# ── said again later ──────────────────────────────────────────────────────────────────────────────

#: Where nothing more is known than what a payout was refused for.
PLAINLY: Final[Mapping[RefusedFor, Words]] = {
    "account": Words(
        zh="收款账户有问题，请让客户提供其他账户。",
        en="Something is wrong with the account; ask the customer for another.",
    ),
    "balance": Words(
        zh="付款账户余额不足，请充值后重试，或换一种方式。",
        en="Our own balance does not cover it; top it up and try again, or choose another way.",
    ),
    "limit": Words(
        zh="金额超限或交易过期，无法原路退回，请换一种方式。",
        en="It is above a limit or too late for this way; choose another.",
    ),
    "duplicate": Words(
        zh="同一编号曾以其他内容提交，请人工核对。",
        en="The key was used before for something else; somebody has to look.",
    ),
    "not_found": Words(zh="找不到原交易，请核对交易号。", en="The payment is not known there; check its reference."),
    "other": Words(
        zh="未能付出，请查看原因或换一种方式。", en="It could not be paid; look up why, or choose another way."
    ),
}


def explained(failure: str) -> tuple[Words, str]:
    """What a payout's `failure` says in plain words, and the provider's own code in it.

    What finance typed in is no code of a provider's: it is answered as it is, with what can be said of its beginning.
    """
    kinds: tuple[RefusedFor, ...] = get_args(RefusedFor)
    kind = next((one for one in kinds if failure.lower().startswith(f"{one}_")), None)
    code = failure.removeprefix(f"{kind}_")
    for table in (ALIPAY, STRIPE, WECHATPAY, OWN):
        found = table.get(code) or table.get(failure)
        if found is not None:
            return Words(zh=found.zh, en=found.en), code
    return PLAINLY[kind or "other"], code
