"""What a customer is told of a case, in both languages: where it stands, what comes next, what has happened.

Every state and every kind of entry is said in the customer's words or not at all; whatever is not named here is no
business of the customer's and is never shown.
"""

from collections.abc import Mapping
from typing import Final

from models.goods.tracking import What
from models.lifecycle import Action, State
from models.playbook import Outcome

Words = dict[str, str]


def said(zh: str, en: str) -> Words:
    """A sentence in both languages."""
    return {"zh": zh, "en": en}


#: By state: how it is called, and what comes next.
STATES: Final[Mapping[State, tuple[Words, Words]]] = {
    State.REQUESTED: (
        said("我们收到了您的申请", "We have your request"),
        said("我们会看一遍您写的内容，然后答复您。", "We read what you sent and answer you."),
    ),
    State.AWAITING_EVIDENCE: (
        said("请补充照片或说明", "We need photos or an answer from you"),
        said(
            "收到后我们接着处理；没有照片也可以直接写给我们。",
            "We go on as soon as we have them. If you have no photos, write to us.",
        ),
    ),
    State.INVESTIGATING: (
        said("我们正在核查", "We are finding out what happened"),
        said(
            "我们在问仓库和快递，查到就告诉您。",
            "We are asking our warehouse and the courier, and tell you what they find.",
        ),
    ),
    State.OFFERED: (
        said("请看看我们的方案", "We have made you an offer"),
        said("请选择接受，或者告诉我们您的想法。", "Please accept it, or tell us what you would rather have."),
    ),
    State.AWAITING_APPROVAL: (
        said("我们正在确认方案", "We are confirming the solution"),
        said("需要负责人同意，通过后我们马上办理。", "A colleague has to agree; then we carry it out."),
    ),
    State.INTERCEPTING: (
        said("我们正在拦下包裹", "We are stopping the parcel"),
        said("仓库正在把包裹取出来。", "Our warehouse is taking it out before it leaves."),
    ),
    State.RECALLING: (
        said("我们正在请快递退回包裹", "We are calling the parcel back"),
        said(
            "包裹已发出，我们请快递退回；如果送到您手上，请拒收。",
            "It has left; we asked the courier to bring it back. If it reaches you, please refuse it.",
        ),
    ),
    State.AWAITING_RETURN: (
        said("请把商品寄回", "Please send the goods back"),
        said(
            "把随件单放进包裹寄出，再把快递单号填给我们。",
            "Put the slip into the parcel, send it, and tell us its tracking number.",
        ),
    ),
    State.RETURN_IN_TRANSIT: (
        said("您的包裹正在寄往我们", "Your parcel is on its way to us"),
        said("收到后我们会检查，并把结果告诉您。", "We check it when it arrives, and tell you the result."),
    ),
    State.RECEIVED: (
        said("我们收到了您的包裹", "Your parcel has arrived"),
        said("接下来检查商品。", "We check the goods next."),
    ),
    State.EXTERNAL_DIAGNOSIS: (
        said("商品正在检测", "The goods are with a specialist"),
        said("检测结果出来当天告诉您。", "We tell you the result on the day we have it."),
    ),
    State.INSPECTED: (
        said("商品检查好了", "The goods have been checked"),
        said("我们马上安排下一步。", "We arrange what comes next."),
    ),
    State.FAULT_CONFIRMED: (
        said("检查确认有问题", "We found the fault"),
        said("我们马上安排解决办法。", "We arrange the solution."),
    ),
    State.FAULT_REFUTED: (
        said("检查有了结果", "We have the result of the check"),
        said(
            "我们会把结果和照片发给您，再一起商量。",
            "We explain it to you with photos, and agree with you how to go on.",
        ),
    ),
    State.QUOTED: (
        said("请看看维修报价", "We have a repair quote for you"),
        said(
            "同意后我们开始维修；不修的话商品寄回给您。",
            "We begin once you accept it. If you decline, the goods come back to you.",
        ),
    ),
    State.AWAITING_PAYMENT: (
        said("请付款", "A payment is needed from you"),
        said("收到款项后我们马上继续。", "We go on as soon as it is here."),
    ),
    State.AWAITING_STOCK: (
        said("正在等货", "We are waiting for stock"),
        said(
            "货一到我们就发出，日期有变会告诉您。",
            "We send it as soon as it is here, and tell you if the date changes.",
        ),
    ),
    State.REFUNDING: (
        said("退款正在办理", "Your refund is on its way"),
        said(
            "款项会退回到您的付款账户；我们付出后，银行通常还要 1–3 个工作日到账。",
            "The money goes back the way you paid. Once we have paid it, your bank usually takes 1 to 3 working days.",
        ),
    ),
    State.EXCHANGING: (
        said("正在为您发货", "We are sending you the goods"),
        said("发出后您会看到快递单号。", "You will see the tracking number here."),
    ),
    State.REPAIRING: (
        said("商品正在维修", "Your goods are being repaired"),
        said("修好测试后寄回给您。", "They are tested and sent back to you when they are done."),
    ),
    State.VISITING: (
        said("已安排上门", "A visit is arranged"),
        said("师傅会按约定的时间上门。", "The technician comes at the time agreed with you."),
    ),
    State.RETURNING_GOODS: (
        said("商品准备寄回给您", "We are sending your goods back"),
        said("发出后您会看到快递单号。", "You will see the tracking number here."),
    ),
    State.DELIVERING: (
        said("包裹正在寄给您", "A parcel is on its way to you"),
        said("收到后如有问题请告诉我们。", "Tell us if anything is wrong with it."),
    ),
    State.RESOLVED: (
        said("已经解决", "This is solved"),
        said(
            "您满意吗？可以在这里告诉我们，我们也可能会回访。", "Are you content? Tell us here; we may also call you."
        ),
    ),
    State.CLOSED: (said("已结束", "Closed"), said("这次售后已经结束。", "This request is finished.")),
    State.REJECTED: (
        said("未能受理", "We could not grant this"),
        said(
            "原因在下面的消息里；还有疑问请打电话给我们，情况有变化可以重新申请。",
            "Our message below says why. If you have questions, call us; if things change, ask again.",
        ),
    ),
    State.WITHDRAWN: (said("已撤回", "Withdrawn"), said("您撤回了这次申请。", "You withdrew this request.")),
}

#: What a courier has said of a parcel.
SENT: Final = said("已发出", "It was sent")
_SCANS: Final[Mapping[What, Words]] = {
    What.CREATED: said("已打单，快递还没揽收", "The label is made; the courier has not collected it yet"),
    What.PICKED_UP: said("快递已揽收", "The courier has collected it"),
    What.MOVING: said("运输中", "It is on its way"),
    What.TROUBLE: said("快递报告有异常，我们在跟进", "The courier reports a problem, and we look after it"),
    What.OUT_FOR_DELIVERY: said("正在派送", "It is out for delivery"),
    What.DELIVERED: said("已签收", "It was delivered"),
    What.RETURNED: said("已退回寄件人", "It went back to its sender"),
    What.LOST: said("快递确认丢失", "The courier reports it lost"),
}


def scan(what: What) -> Words:
    """What the courier said last of a parcel."""
    return _SCANS[what]


#: What is said of a state while the customer himself is the one awaited for an account, or has said that he paid.
ACCOUNT_MISSING: Final = (
    said("请提供收款账户", "We need an account to pay to"),
    said(
        "原来的账户退不回去，请填一个您本人的账户。",
        "The money could not go back the way it came. Please name an account of yours.",
    ),
)
PAYMENT_NOTIFIED: Final = (
    said("我们正在查收您的付款", "We are looking for your payment"),
    said("查到后马上继续。", "We go on as soon as it is found."),
)

#: What is said where a parcel is not simply on its way: the return (G14), or what we sent (L16).
PARCELS_ASTRAY: Final[Mapping[str, tuple[Words, Words]]] = {
    "at_dock": (
        said("包裹已送到我们这里，正在找", "Your parcel has reached us, and we are looking for it"),
        said(
            "快递显示已送到，我们还没登记入库。由我们来找，每天告诉您进展，您不用做什么。",
            "The courier says it was delivered and it is not booked in yet. We look for it and tell you every day; "
            "there is nothing for you to do.",
        ),
    ),
    "lost": (
        said("快递说您寄回的包裹丢了", "The courier says that your parcel to us is lost"),
        said(
            "您已经寄出，这不是您的责任。我们向快递索赔，您不用等索赔结果；请留好快递凭证。",
            "You sent it, so this is not your loss. We claim it from the courier and you need not wait for that; "
            "please keep the receipt.",
        ),
    ),
    "refused": (
        said("您寄回的包裹没有送成", "Your parcel to us could not be delivered"),
        said(
            "是我们这边没有收下，我们请快递重新送，您不用再寄。",
            "It was not taken in on our side. We ask the courier to deliver it again; you need not send it again.",
        ),
    ),
    "at_locker": (
        said("包裹到了快递柜或代收点", "Your parcel is at a locker or pick-up point"),
        said(
            "请凭取件码去取；没有收到取件码请告诉我们。", "Please fetch it with its code. If you have no code, tell us."
        ),
    ),
}
#: Why a case has closed by itself, by the state that it waited in.
CLOSED_WITHOUT: Final[Mapping[str, tuple[Words, Words]]] = {
    State.AWAITING_EVIDENCE: (
        said("已自动关闭", "Closed by itself"),
        said("到期没有收到您补充的照片或说明。", "The photos or the answer did not reach us in time."),
    ),
    State.AWAITING_RETURN: (
        said("已自动关闭", "Closed by itself"),
        said(
            "到期没有收到快递单号。如果您已经寄出，包裹到了我们照样收下并继续处理。",
            "No tracking number reached us in time. If the parcel is on its way, we take it in and go on all the same.",
        ),
    ),
    State.AWAITING_PAYMENT: (
        said("已自动关闭", "Closed by itself"),
        said("到期没有收到款项。", "The payment did not reach us in time."),
    ),
}
#: What was decided outside (T21): a platform or bank binds us.
RULINGS: Final[Mapping[str, Words]] = {
    "refund": said(
        "您下单的平台或银行决定退款，我们照办。",
        "The platform or bank decided that you get your money back; we carry it out.",
    ),
    "refunded": said(
        "您下单的平台或银行已经把钱退给您。", "The platform or bank has given you the money back already."
    ),
    "return": said(
        "您下单的平台决定退货，我们照办。", "The platform decided that the goods come back; we carry it out."
    ),
    "rejected": said(
        "您下单的平台或银行没有支持这次申请；有疑问请在平台上提出。",
        "The platform or bank did not uphold this request. If you do not agree, tell them there.",
    ),
}
#: What he is asked to pay for.
TO_PAY: Final[Mapping[str, Words]] = {
    "difference": said("差价", "Difference in price"),
    "quote": said("配件和工时", "Parts and labour"),
    "deposit": said("押金（旧件寄到后退还）", "Deposit, given back when the old goods are here"),
    "freight": said("寄给您的运费", "Sending it to you"),
}
NUMBER_PUT_RIGHT: Final = said("快递单号已更正", "The tracking number was put right")
UNPAID_GOES_BACK: Final = said(
    "到期没有收到款项，我们把商品寄回给您。", "If the payment does not reach us by then, your goods come back to you."
)
CLOSES_FOR_GOOD: Final = said(
    "到期没有收到，申请会自动关闭；之后还需要的话请打电话给我们。",
    "If nothing reaches us by then, the request closes by itself. If you still need us afterwards, call us.",
)
DECLINED_QUOTE: Final = said(
    "到期没有答复，视为不维修，商品寄回给您。", "No answer by then counts as a no, and the goods come back to you."
)

#: What happens when the customer's time runs out.
OTHERWISE: Final[Mapping[Outcome, Words]] = {
    "close": said(
        "到期没有收到，申请会自动关闭；之后您可以重新打开一次。",
        "If nothing reaches us by then, the request closes by itself. You can open it again once.",
    ),
    "decline": said(
        "到期没有答复，视为不接受，我们按原来的申请继续处理。",
        "No answer by then counts as a no, and we go on with your request as you made it.",
    ),
}

TURN: Final[Mapping[str, Words]] = {
    "you": said("轮到您", "Your turn"),
    "us": said("我们在处理", "We are working on it"),
    "courier": said("快递在途", "With the courier"),
    "nobody": said("已结束", "Finished"),
}

#: The way in a customer's words: its parts, and the states that belong to each.
STEPS: Final[tuple[tuple[str, Words, frozenset[State]], ...]] = (
    (
        "request",
        said("申请", "Request"),
        frozenset(
            {State.REQUESTED, State.AWAITING_EVIDENCE, State.INVESTIGATING, State.OFFERED, State.AWAITING_APPROVAL}
        ),
    ),
    (
        "return",
        said("寄回", "Send back"),
        frozenset({State.AWAITING_RETURN, State.RETURN_IN_TRANSIT, State.INTERCEPTING, State.RECALLING}),
    ),
    (
        "check",
        said("检查", "Check"),
        frozenset(
            {
                State.RECEIVED,
                State.EXTERNAL_DIAGNOSIS,
                State.INSPECTED,
                State.FAULT_CONFIRMED,
                State.FAULT_REFUTED,
            }
        ),
    ),
    (
        "solution",
        said("解决", "Solution"),
        frozenset(
            {
                State.QUOTED,
                State.AWAITING_PAYMENT,
                State.AWAITING_STOCK,
                State.REFUNDING,
                State.EXCHANGING,
                State.REPAIRING,
                State.VISITING,
                State.RETURNING_GOODS,
                State.DELIVERING,
            }
        ),
    ),
    (
        "done",
        said("完成", "Done"),
        frozenset({State.RESOLVED, State.CLOSED, State.REJECTED, State.WITHDRAWN}),
    ),
)

#: What can be asked for, in the customer's words: its name, and what it means.
REMEDIES: Final[Mapping[str, tuple[Words, Words]]] = {
    "refund": (
        said("退款", "Refund"),
        said("钱退回到您的付款账户", "your money back, the way you paid"),
    ),
    "exchange": (said("换货", "Exchange"), said("换一件同样的给您", "the same article again")),
    "repair": (said("维修", "Repair"), said("修好再寄回给您", "we mend it and send it back")),
    "keep_it": (
        said("留着用，退一部分款", "Keep it, with part of the money back"),
        said("商品不用寄回", "nothing has to be sent back"),
    ),
    "reship": (said("补发", "Send it again"), said("再发一件或补发少的部分", "what is missing, or another one")),
    "substitute": (said("换成别的商品", "Another product"), said("客服和您商量换哪一款", "we agree with you on which")),
    "goods_back": (said("商品寄回给我", "My goods back"), said("商品原样寄回给您", "they come back as they are")),
    "visit": (said("上门服务", "A visit"), said("师傅上门处理", "a technician comes to you")),
    "adjust_price": (said("退差价", "The difference back"), said("多付的部分退给您", "what you paid too much")),
    "wait": (said("等到货", "Wait for it"), said("到货马上发出", "it is sent as soon as it is here")),
    "answer": (said("答复", "An answer"), said("我们的说明", "what we have to say")),
    "none": (said("答复", "An answer"), said("告诉我怎么回事", "tell me what happened")),
}

#: The same of goods that have not left our house.
NOT_SENT_YET: Final[Mapping[str, tuple[Words, Words]]] = {
    "reship": (
        said("照常发出", "Send it"),
        said("按您说的改好后发出", "as soon as it can leave, with what you have changed"),
    ),
}

#: What has happened, by the action or fact of its entry: in the customer's words. Whatever is not here is not shown.
HAPPENED: Final[Mapping[str, Words]] = {
    "opened": said("申请已提交", "The request was made"),
    Action.REQUEST_EVIDENCE: said("请您补充照片或说明", "We asked you for photos or an answer"),
    Action.SUBMIT_EVIDENCE: said("收到您补充的内容", "You sent us photos or an answer"),
    Action.INVESTIGATE: said("开始核查", "We began to look into it"),
    Action.MAKE_OFFER: said("给您一个方案", "We made you an offer"),
    Action.ACCEPT_OFFER: said("方案已接受", "The offer was accepted"),
    Action.DECLINE_OFFER: said("方案未接受", "The offer was not accepted"),
    Action.ANSWER: said("答复", "Our answer"),
    Action.AUTHORISE_RETURN: said("同意退回，请寄出", "The return was approved"),
    Action.SHIP_RETURN: said("包裹已寄出", "You sent the parcel"),
    Action.BOOK_IN: said("收到包裹", "Your parcel arrived"),
    Action.REPORT_INTERCEPTION: said("仓库已处理包裹", "Our warehouse looked for the parcel"),
    Action.RECORD_DELIVERY: said("快递已更新", "The courier reported on the parcel"),
    Action.CONFIRM_FAULT: said("检查确认有问题", "The check confirmed the fault"),
    Action.REFUTE_FAULT: said("检查有结果", "The check is done"),
    Action.PASS_INSPECTION: said("检查通过", "The goods passed the check"),
    Action.SEND_TO_EXPERT: said("送去检测", "The goods went to a specialist"),
    Action.CHOOSE_REMEDY: said("方案已确定", "The solution was decided"),
    Action.QUOTE_REPAIR: said("维修报价", "We made a quote for the repair"),
    Action.ACCEPT_QUOTE: said("报价已接受", "The quote was accepted"),
    Action.DECLINE_QUOTE: said("报价未接受", "The quote was not accepted"),
    Action.NOTIFY_PAYMENT: said("您通知已付款", "You told us that you paid"),
    Action.RECORD_PAYMENT: said("收到付款", "Your payment arrived"),
    Action.PROVIDE_ACCOUNT: said("收到收款账户", "You named an account"),
    Action.RECORD_REFUND: said("款项已支付", "The money was paid"),
    Action.REPORT_SHORTAGE: said("暂时缺货", "It is out of stock for now"),
    Action.STOCK_ARRIVED: said("已到货", "It is in stock again"),
    Action.SHIP_REPLACEMENT: said("已发货", "We sent the parcel"),
    Action.SHIP_BACK: said("商品已寄回给您", "We sent your goods back"),
    Action.FINISH_REPAIR: said("已修好", "The repair is done"),
    Action.APPOINT: said("已约上门时间", "A visit was arranged"),
    Action.FINISH_VISIT: said("上门完成", "The visit took place"),
    Action.MESSAGE: said("我们的消息", "Our message"),
    Action.CUSTOMER_MESSAGE: said("您的消息", "Your message"),
    Action.ADD_ISSUE: said("补充了一个问题", "Another problem was added"),
    Action.COMPLETE_CALLBACK: said("收到您的评价", "You told us whether it is solved"),
    Action.WITHDRAW: said("申请已撤回", "The request was withdrawn"),
    Action.REJECT: said("未能受理", "The request could not be granted"),
    Action.CLOSE: said("已结束", "The request was closed"),
    Action.REOPEN: said("重新打开", "The request was opened again"),
}
#: Entries whose words were written for the customer, or by him, and are shown as they are.
QUOTED: Final = frozenset({Action.MESSAGE, Action.CUSTOMER_MESSAGE, Action.ANSWER})
#: Entries whose words are his own only where he wrote them.
HIS_OWN: Final = frozenset(
    {Action.SUBMIT_EVIDENCE, Action.DECLINE_OFFER, Action.WITHDRAW, Action.REOPEN, Action.ADD_ISSUE}
)
#: Entries that name a parcel, which is shown with them.
PARCELS: Final = frozenset({Action.SHIP_RETURN, Action.SHIP_REPLACEMENT, Action.SHIP_BACK})
