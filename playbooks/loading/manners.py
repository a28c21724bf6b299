"""What no script of ours says, in either language, and why (handbook section 10, K5, K8).

The lists are read for what a sentence does, so a word alone is rarely enough: `请稍等` is fine in a sentence that says
what happens until when, and a review may be spoken of, but never asked for or paid for.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple


class Words(NamedTuple):
    """Patterns by language: a sentence is searched for those of the languages that it is written in."""

    zh: re.Pattern[str]
    en: re.Pattern[str]

    def search(self, sentence: str) -> re.Match[str] | None:
        """The first of the words in a sentence in small letters."""
        found = self.zh.search(sentence) if _CHINESE.search(sentence) else None
        return found or (self.en.search(sentence) if _LATIN.search(sentence) else None)


class Rudeness(NamedTuple):
    """One thing that is not said, and what to write instead.

    `unless` is what makes the sentence right again; `about` is a word without which none of the others can stand.
    """

    why: str
    words: Words
    unless: Words | None = None
    about: re.Pattern[str] | None = None


_CHINESE = re.compile(r"[一-鿿]")
_LATIN = re.compile(r"(?:^|[^{a-z_])[a-z]")  # a letter that is not within the braces of a variable


def _any(*patterns: str) -> Words:
    """Any of these patterns, of which each is in one language."""
    chinese = [pattern for pattern in patterns if _CHINESE.search(pattern)]
    others = [pattern for pattern in patterns if not _CHINESE.search(pattern)]
    return Words(*(re.compile("|".join(found) or r"(?!)") for found in (chinese, others)))


#: A moment: a date of ours, or so many hours or days.
_UNTIL = _any(
    r"\{(?:due|finding_date)\}|[0-9一二三四五六七八九十两半]+\s*个?(?:工作)?(?:分钟|小时|钟头|日|天)|今天|今日|当天|明天",
    r"\{(?:due|finding_date)\}",
    r"\b(?:[0-9]+|one|two|three|four|five|seven|ten) (?:working |business )?(?:minutes?|hours?|days?)\b",
    r"\btoday\b|\btomorrow\b",
)
_CERTAIN = r"\{(?:due|amount|refund|offer|owes|waybill|finding_date|return_address)\}"
#: What stands beside an apology so that it is more than one: a date, an amount, or something that is done.
_ANSWER = _any(
    _CERTAIN,
    _CERTAIN + r"|退款|退回|退还|退给|换货|更换|换一|换新|补发|重发|补寄|重新寄|寄给|寄回|发出|维修|修好|上门",
    r"赔|补偿|补差|方案|可以选|任选|取消|追回|拦",
    r"\b(?:refund|replace|exchange|repair|resend|reship|send|sent|ship|pay|paid|credit|cancel|collect)\w*",
    r"\b(?:you can choose|your choice|choose|which (?:one )?(?:you|do you) prefer|proposal|offer)\b",
)
#: Words that say that a review changes nothing.
_FREE_OF_REVIEWS = _any(
    r"不影响|无关|不论|无论|不管|不需要|无需|不用|不必|不要求|不会要求|不以",
    r"\b(?:whatever|regardless|no matter|independent|need not|no need|nothing|never|neither)\b",
    r"\b(?:does|do|will|is|are)(?:n't| not)\b",
)

_OTHERS_ZH = (
    r"(?:快递|物流|邮政|承运商?|派送|银行|支付宝|微信|平台|厂家|厂商|供应商)"
    r"(?:公司|员|方|小哥|师傅|那边|网点|站点|客服)?(?:就|都|也)?"
)
_OTHERS_EN = (
    r"\b(?:courier|carrier|driver|postman|postal service|post office|delivery company|bank|platform|supplier|"
    r"manufacturer|marketplace)s?\b"
)
_BY_THEN_ZH = r"\{(?:due|finding_date)\}之?前(?:就|会|能|可以|可|将|一定|必|准时|即可|应该)*"
_CARRIERS_ZH = r"(?:快递|物流|邮政|承运商?)(?:公司|员|方|小哥|师傅|那边|网点|站点)?"
_CARRIERS_EN = r"\b(?:courier|carrier|driver|postman|postal service|delivery company)"

WAITING = Rudeness(
    "merely asks for patience; say what happens, who does it and until when, such as {due}",
    _any(
        r"请(?:您|你)?(?:先|再)?(?:稍等|稍候|稍后|等待|等一下|等等|等候)",
        r"(?:稍|略)(?:等|候)(?:片刻|一下|一会)",
        r"耐心(?:地)?(?:等|候|一点|些)",
        r"(?:敬请|还请|望)(?:您)?(?:等待|等候|耐心)",
        r"稍安勿躁|别着急|不要(?:着急|催)",
        r"\bplease (?:just )?(?:wait|hold|hang on|stand by)\b",
        r"\b(?:be|remain|stay) patient\b|\byour patience\b|\bbear with (?:us|me)\b",
        r"\b(?:just|one) (?:a )?moment,? please\b|\bhang (?:on|tight)\b",
    ),
    unless=_UNTIL,
)
BLAMING_COURIERS = Rudeness(
    "blames the courier; say what happened to the parcel and what we do about it",
    _any(
        _CARRIERS_ZH + r"(?:的|有)?(?:过错|错(?!过)|责任|问题|失误|疏忽|锅|原因)",
        _CARRIERS_ZH + r"(?:把|将|给)?(?:您的|你的)?(?:包裹|快件|货|商品|东西)?(?:弄|搞|摔|压|送)(?:丢|坏|烂|破|错|没)",
        _CARRIERS_ZH + r"(?:太|很|比较|又)(?:慢|差|忙|不)",
        _CARRIERS_ZH + r"(?:不负责|不靠谱|不给力|暴力|野蛮|耽误|拖延|爆仓)",
        r"(?:怪|怨)" + _CARRIERS_ZH,
        r"(?:不是|并非|不关|不怪)我(?:们|方)的?(?:错|责任|问题|事|原因)|(?:与|跟|和)我们无关",
        _CARRIERS_EN + r"(?:'s|s') (?:own )?(?:fault|mistake|error|negligence|carelessness|delay|problem)",
        _CARRIERS_EN + r"s? (?:is|was|are|were|has been|have been) (?:at fault|to blame|careless|slow|negligent|late)",
        _CARRIERS_EN + r"s? (?:has |have |had )?(?:lost|broke|broken|damaged|mishandled|messed|ruined|forgot|delayed)",
        r"\b(?:fault|mistake|negligence|carelessness) of (?:the|our|your) (?:courier|carrier|driver)",
        r"\bblame\b.{0,20}" + _CARRIERS_EN.removeprefix(r"\b"),
        r"\b(?:not|isn't|wasn't|never) our (?:own )?(?:fault|mistake|problem|responsibility)\b",
        r"\bnothing to do with us\b|\b(?:out of|beyond) our (?:hands|control)\b",
    ),
)
BLAMING_CUSTOMERS = Rudeness(
    "blames the customer; say what was found and what is possible now",
    _any(
        r"(?<!不)(?:是|属于|由于|因为)(?:您|你)(?:自己|本人|个人|方)?的?(?:错|过错|责任|问题|失误|原因|疏忽|操作|使用|不)",
        r"(?:您|你)(?:自己|本人)(?:的(?:错|责任|原因|问题|疏忽|失误|操作)|弄|搞|造成|没|不小心|选错|填错|写错|拍错|操作)",
        r"(?:您|你)(?:的)?(?:操作|使用|安装|保管)(?:不当|错误|失误|有误)",
        r"(?:您|你)(?:没有|没|未)(?:看清|看说明|仔细|认真|注意)",
        r"(?:您|你)(?:填|写|选|拍|点)错(?!.{0,6}(?:没关系|不要紧|不用担心))",
        r"(?:怪|怨)(?:您|你)|(?:您|你)(?:本来|当初|早)(?:就)?(?:应该|该)",
        r"\byour (?:own )?(?:fault|mistake|error|carelessness|negligence|misuse|mishandling)\b",
        r"\byou (?:should|ought to) have\b|\byou (?:have )?(?:failed|neglected|forgot|forgotten) to\b",
        r"\byou (?:did not|didn't|never) (?:read|follow|check|look|listen|pay attention)\b",
        r"\bbecause you (?:entered|gave|typed|chose|ordered|picked|used|broke|dropped|did)\b",
        r"\byou (?:misused|mishandled|broke|damaged)\b",
    ),
)
PROMISING_FOR_OTHERS = Rudeness(
    "promises what others have to do; promise only what we do ourselves, and by when",
    _any(
        _OTHERS_ZH + r"(?:就|都|也)?(?:一定|肯定|必定|保证|必须)",
        _OTHERS_ZH
        + r"(?:就|都|也)?会(?:在|把|给|于|尽快|马上|立即|立刻|送|派|联系|上门|重新|赔|打|退|到|让|帮|处理|安排)",
        _OTHERS_ZH + r"将(?:在|于|会|送达|送到|尽快|派送|联系|为您)",
        r"(?:一定|肯定|必定|保证)(?:会|能|可以)?(?:在.{0,12})?(?:送到|送达|到货|到账|收到|签收|找到|找回|派送)",
        _BY_THEN_ZH + r"(?:送达|送到|到账|到货|签收|收到(?:包裹|货|商品|退款))",
        r"(?:您|你)(?:将|会|能|可以)?(?:在|于)" + _BY_THEN_ZH + r"收到(?!我|通知|答复|回复|消息|电话|短信)",
        _OTHERS_EN
        + r"(?: now| then| also| still| usually| surely)?(?: will|'ll| shall| (?:is|are) going to)\b(?! be asked)",
        _OTHERS_EN + r" (?:guarantee|promise)s?\b|\bguaranteed? (?:delivery|arrival|to arrive)\b",
        r"(?:\}|\b(?:parcel|package|order|replacement|goods|item|product|it|they)) (?:will|is going to|shall) "
        r"(?:definitely |certainly )?(?:arrive|reach you|get to you|be (?:delivered|with you|in your account))\b",
        r"\bdelivered (?:to you )?(?:by|before|on) \{(?:due|finding_date)\}|\bin your account (?:by|before|on) \{",
        r"\byou (?:will|shall) (?:definitely |certainly )?(?:receive|get|have) (?:it|them|(?:the|your) (?:parcel|order|"
        r"goods|replacement|money|refund))[^.!?]{0,20}\b(?:by|before|within|on|tomorrow|today)\b",
    ),
)
APOLOGISING_ALONE = Rudeness(
    "apologises without an answer; say beside it what is done, refunded, sent or decided",
    _any(
        r"抱歉|对不起|不好意思|道歉|歉意|致歉|见谅|海涵|谅解",
        r"\bsorry\b|\bapolog\w+|\bregret\b|\bforgive\b|\bunderstanding\b(?= *[.!])",
    ),
    unless=_ANSWER,
)
#: Paid ratings are forbidden, and a claim is decided on its merit: the trade's old habit is not kept (K5, K8).
_REVIEWS = re.compile(r"评|[五5]\s*星|满分|五分|晒|review|rat(?:e|ing)|star|feedback|comment")
ASKING_FOR_REVIEWS = Rudeness(
    "asks for a rating or ties something to a review; nothing of ours depends on one (K5)",
    _any(
        r"好评|[五5]\s*星|满分|全五分|[五5]分(?:评价|好评)|晒单|晒图",
        r"(?:请|麻烦|希望|恳请|烦请|帮|求|给|留|写|打|改|修改|更改|删除?|撤销?|追加|更新|补).{0,8}(?:评价|差评|评分|评语|评论|中评)",
        r"(?:评价|差评|评分|评论|中评).{0,8}(?:改|删|撤|修改|更新|后再|之后再|才能|截图)",
        r"\b(?:five|5)[- ]?stars?\b|\bstar rating\b|\brate (?:us|me|our|your|this)\b",
        r"\b(?:positive|good|nice|great|better|kind) (?:public )?(?:review|rating|feedback|comment)s?\b",
        r"\b(?:leave|write|give|post|change|update|edit|remove|delete|revise|reconsider|withdraw|take down|add)\b"
        r"[^.!?]{0,30}\b(?:reviews?|ratings?|stars?|public feedback)\b",
    ),
    unless=_FREE_OF_REVIEWS,
    about=_REVIEWS,
)
PAYING_FOR_REVIEWS = Rudeness(
    ASKING_FOR_REVIEWS.why,
    _any(
        r"(?:返现|红包|优惠券|代金券|补偿|赔偿|退款|赠品|赠送|礼物|奖励|折扣).{0,20}(?:评价|差评|评分|评论)",
        r"(?:评价|差评|评分|评论).{0,20}(?:返现|红包|优惠券|代金券|补偿|赔偿|退款|赠品|赠送|礼物|奖励|折扣)",
        r"\b(?:refund|compensat\w*|voucher|coupon|gift|discount|cash ?back|reward|credit|in return|in exchange)\b"
        r"[^.!?]{0,60}\b(?:reviews?|ratings?|stars?)\b",
        r"\b(?:reviews?|ratings?|stars?)\b[^.!?]{0,60}"
        r"\b(?:refund|compensat\w*|voucher|coupon|gift|discount|cash ?back|reward|credit|in return|in exchange)\b",
    ),
    unless=_FREE_OF_REVIEWS,
    about=_REVIEWS,
)

#: Judged sentence by sentence; a plea to wait may say in the next sentence until when.
_OF_A_SENTENCE = (
    WAITING,
    BLAMING_COURIERS,
    BLAMING_CUSTOMERS,
    PROMISING_FOR_OTHERS,
    ASKING_FOR_REVIEWS,
    PAYING_FOR_REVIEWS,
)
_END_OF_SENTENCE = re.compile(r"(?<=[。！？!?；;\n])|(?<=\.)(?=\s)")


@lru_cache(maxsize=20_000)
def unmannerly(text: str) -> tuple[str, ...]:
    """What is wrong with how a script speaks, each with the words that say it and what to write instead."""
    return tuple(dict.fromkeys(_found(text)))


def _found(text: str) -> Iterator[str]:
    text = text.lower().replace("’", "'")
    yield from _judged(APOLOGISING_ALONE, text, text)
    rudenesses = [rudeness for rudeness in _OF_A_SENTENCE if _may_be_in(rudeness, text)]
    sentences = _END_OF_SENTENCE.split(text) if rudenesses else []
    for place, sentence in enumerate(sentences):
        for rudeness in rudenesses:
            around = "".join(sentences[place : place + 2]) if rudeness is WAITING else sentence
            yield from _judged(rudeness, sentence, around)


def _may_be_in(rudeness: Rudeness, text: str) -> bool:
    """Whether it is worth while to look sentence by sentence: hardly a script has any of the words."""
    return (rudeness.about is None or bool(rudeness.about.search(text))) and bool(rudeness.words.search(text))


def _judged(rudeness: Rudeness, said: str, around: str) -> Iterator[str]:
    found = rudeness.words.search(said)
    if found and not (rudeness.unless and rudeness.unless.search(around)):
        yield f"“{found.group().strip()}” {rudeness.why}"
