"""What no script says (handbook section 10, K5, K8), good and bad sentences beside each other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.playbook import Playbook
from playbooks.loading.manners import unmannerly
from tests.playbooks.shops import KETTLE, problems_of
from tests.shipped import shipped

PATIENCE, BLAME, PROMISE = "merely asks for patience", "blames the", "promises what others have to do"
APOLOGY, REVIEW = "apologises without an answer", "nothing of ours depends on one"

#: What was meant, how it must not be said and why, and how it can be.
SENTENCES = [
    ("请稍等。", PATIENCE, "请稍等，我{due}前把结果告诉您。"),
    ("您好，请您耐心等待，我们会尽快处理。", PATIENCE, "您好，我们正在核实，{due}前给您答复。"),
    ("请稍候片刻。", PATIENCE, "请稍候，10分钟内我来电告诉您查到了什么。"),
    ("别着急，已经在催了。", PATIENCE, "我已请仓库今天查货架和打包台，当天把结果告诉您。"),
    ("Please wait.", PATIENCE, "Please wait until {due}: by then I will have looked at your photos."),
    ("Please be patient, we are working on it.", PATIENCE, "We look for the parcel and tell you the result by {due}."),
    ("Thank you for your patience.", PATIENCE, "Thank you for the photos; you have my answer within 2 hours."),
    ("Bear with us while we check.", PATIENCE, "We check the warehouse today and I write to you by {due}."),
    ("One moment, please.", PATIENCE, "I am looking it up now and answer within 15 minutes."),
    ("这是快递的错。", BLAME, "包裹在途中受损，我们今天补发一件。"),
    ("It is the courier’s fault.", BLAME, "The parcel was delayed; we have asked where it is."),
    ("这是快递的责任。", BLAME, "包裹在运输途中丢失，我们为您补发一件。"),
    ("快递公司把您的包裹弄丢了。", BLAME, "经核实包裹已确认丢失，您可以选择补发或退款。"),
    ("这不是我们的问题，是物流太慢。", BLAME, "包裹比预计晚到，我们已请快递查找，{due}前告诉您结果。"),
    ("The courier lost your parcel.", BLAME, "Your parcel was lost on the way; choose a new one or a refund."),
    ("It is the courier's fault.", BLAME, "The parcel was delayed on its way; we have asked where it is."),
    ("This is not our fault.", BLAME, "Here is what we can do about it."),
    ("It is out of our hands.", BLAME, "We asked the courier today and tell you the answer by {due}."),
    ("是您自己操作不当造成的。", BLAME, "检测结果是进水，照片附在单上；维修报价为{amount}。"),
    ("您没看清说明。", BLAME, "说明第3页有一步容易漏掉，我来陪您一步一步做。"),
    ("您填错地址了。", BLAME, "订单上的地址与您说的不同，我现在就为您改。"),
    ("You should have read the manual.", BLAME, "Step 3 is easily missed; let us go through it together."),
    ("It broke because you dropped it.", BLAME, "The inspection found traces of a fall; the photos are in your case."),
    ("This was your own mistake.", BLAME, "The size ordered was M; we can still change it."),
    ("快递一定会明天送到。", PROMISE, "我们已请快递优先派送，送达后请告诉我。"),
    ("快递员会联系您的。", PROMISE, "我们已请快递联系您；{due}前没有消息，由我打给您。"),
    ("银行会在3天内退到您卡上。", PROMISE, "我们{due}前付出，银行入账通常还需1至3个工作日。"),
    ("退款{due}前到账。", PROMISE, "我们会在{due}前把退款{amount}付出，原路退回。"),
    ("您会在{due}前收到包裹。", PROMISE, "我们在{due}前把包裹交给快递，并告诉您单号。"),
    ("The courier will deliver it by Friday.", PROMISE, "We hand it to the courier by {due} and tell you the waybill."),
    ("Your parcel will arrive by {due}.", PROMISE, "We send your parcel by {due}."),
    ("You will receive your refund within 3 days.", PROMISE, "We pay by {due}; banks usually need 1 to 3 days more."),
    ("Your bank will credit it tomorrow.", PROMISE, "We pay it today, back the way you paid."),
    ("The supplier will replace it.", PROMISE, "We ask the supplier, and tell you the answer by {due}."),
    ("It will be delivered tomorrow.", PROMISE, "It leaves our warehouse tomorrow."),
    ("非常抱歉给您带来不便，感谢您的理解！", APOLOGY, "非常抱歉给您带来不便，我们为您补发一件，{due}前发出。"),
    ("对不起，我们会尽快处理。", APOLOGY, "对不起，少发的配件今天补寄，不需要您退回任何东西。"),
    ("We are sorry for the inconvenience.", APOLOGY, "We are sorry; we refund {amount} by {due}."),
    ("Our sincere apologies.", APOLOGY, "Our apologies: we send you a new one today."),
    ("给五星好评，返现10元。", REVIEW, "如果还有问题，直接回复我。"),
    ("麻烦您给个评价哦。", REVIEW, "您的评价我们看到了，想了解一下哪里没有做好。"),
    ("删除差评后我们退款。", REVIEW, "退款与评价无关，今天就为您办理。"),
    ("请您修改一下评价，我们补偿您。", REVIEW, "无论您的评价如何，这次的补偿都照付。"),
    ("Please leave us a five-star review.", REVIEW, "Tell me if anything is still wrong."),
    ("We refund you once the review is removed.", REVIEW, "Your refund does not depend on any review."),
    ("A voucher for a positive review!", REVIEW, "We read your review and would like to put this right."),
    ("Please rate us.", REVIEW, "Was everything solved?"),
]


@pytest.mark.parametrize(("rude", "why", "kind"), SENTENCES)
def test_what_is_not_said_and_what_is_said_instead(rude: str, why: str, kind: str) -> None:
    found = unmannerly(rude)
    assert any(why in told for told in found), found
    assert unmannerly(kind) == ()


@pytest.mark.parametrize(
    "text",
    [
        "快递丢失的包裹，我们为您补发一件，{due}前发出。",
        "我们已请快递查找，同时为您补发，不需要等快递的结果。",
        "We are asking the courier now and will tell you the answer by {due}.",
        "请提供您本人的收款账户，我们{due}前付款。",
        "{due}前我告诉您到货情况。",
        "我们试过也不行，不是您不会用，是商品有问题：{due}前给您换货。",
        "Version 2.5 of the manual is on page 3. Please wait for the green light, it takes 5 minutes.",
        "",
    ],
)
def test_what_only_looks_rude_is_let_pass(text: str) -> None:
    assert unmannerly(text) == ()


def test_a_rude_script_is_refused_with_its_line_and_the_words(tmp_path: Path) -> None:
    text = KETTLE.replace('zh: "{customer}您好"', 'zh: "{customer}您好，请耐心等待。"')
    found = problems_of(tmp_path, text)
    assert [(p.file, p.line, p.field) for p in found] == [("leaking_kettle.yaml", 15, "scripts.requested.zh")]
    assert found[0].message.startswith("“耐心等” merely asks for patience; say what happens")


KINDS = shipped().kinds


def texts_of(scripts: dict[str, Any]) -> Iterator[str]:
    for texts in scripts.values():
        yield from texts.values()


@pytest.mark.parametrize("playbook", KINDS.values(), ids=list(KINDS))
def test_every_shipped_script_keeps_its_manners(playbook: Playbook) -> None:
    layers = [*(sub.changes for sub in playbook.subcategories), *(v.changes for v in playbook.variants.values())]
    for scripts in (playbook.scripts, *(layer.get("scripts", {}) for layer in layers)):
        for text in texts_of(scripts):
            assert unmannerly(text) == (), text
