"""Find the order, then one question a page, then check and send. Every answer is kept as soon as it is given."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api.customer.desk import MOST_PHOTOS, CustomerDesk, OrderVisit
from api.customer.finding import Unmatched
from api.limits import TooManyTries
from console.customer.zones import read_by
from console.language import N_
from console.visit import Here, Visit
from models.errors import AftercareError

router = APIRouter()
COOKIE: Final = "aftercare_order"
COOKIE_SECONDS: Final = 86_400
#: More than nine photos from a good camera.
MOST_BYTES: Final = 120 * 1024 * 1024
MOST_WORDS: Final = 2_000
#: The questions in their order: the page, and the answer without which it goes no further.
STEPS: Final = (
    ("customer_items", "lines"),
    ("customer_why", "kind"),
    ("customer_which", "described"),
    ("customer_photos", "photographed"),
    ("customer_wish", "wanted"),
)
OVER: Final = N_("For your safety your visit has ended. Enter your order again: your answers are kept.")
PHOTO_HEADINGS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=600",
}


def customers(here: Visit) -> CustomerDesk:
    """The use cases of customers."""
    return CustomerDesk(here.desk)


async def order_visit(here: Visit) -> OrderVisit | None:
    """The visit that this browser has proved."""
    return await customers(here).visit(here.request.cookies.get(COOKIE))


def find_again(here: Visit, **kept: str) -> Response:
    """The visit is over: prove it again; what was typed just now goes with the form."""
    values: dict[str, Any] = {"order_no": "", "proof": "", "wrong": {}, "told": here.tongue.say(OVER), "kept": kept}
    return here.page("customer/find.html", code=200 if here.request.method == "GET" else 403, **values)


# ── finding the order ─────────────────────────────────────────────────────────────────────────────


@router.get("/r", name="customer_find")
async def find(here: Here, order: str = "", another: bool = False) -> Response:
    """The order's number and something that only its customer knows; who has proved it already goes on to it."""
    visit = await order_visit(here)
    if visit and not another and order in ("", visit.order_no):
        return here.go(here.url("customer_items"))
    return here.page("customer/find.html", order_no=order[:100], proof="", wrong={}, told="", kept={})


@router.post("/r", name="customer_do_find")
async def do_find(here: Here) -> Response:
    """Begin a visit; a wrong pair is told the same whether there is such an order or not."""
    form = await here.form()
    order_no, proof = form.text("order_no")[:100], form.text("proof")[:200]
    kept = {name: form.text(name)[:MOST_WORDS] for name in ("description",) if form.text(name)}
    wrong = {
        name: here.tongue.say(told)
        for name, given, told in (
            ("order_no", order_no, N_("Enter the order number.")),
            ("proof", proof, N_("Enter the end of the phone number, or the e-mail address.")),
        )
        if not given
    }
    shown: dict[str, Any] = {"order_no": order_no, "proof": proof, "told": "", "kept": kept}
    if wrong:
        return here.page("customer/find.html", code=422, wrong=wrong, **shown)
    try:
        secret = await customers(here).find(order_no, proof, here.address)
    except Unmatched:
        told = here.tongue.say("We found no order with these details. Check both, or call us.")
        return here.page("customer/find.html", code=422, wrong={"order_no": told}, **shown)
    except TooManyTries as refused:
        wait = int(refused.extra["retry_after"])
        told = here.tongue.say("Too many tries. Wait %(time)s, then try again.", time=here.tongue.length(wait))
        answer = here.page("customer/find.html", code=429, wrong={"order_no": told}, **shown)
        answer.headers["Retry-After"] = str(wait)
        return answer
    visit = await customers(here).visit(secret)
    if visit and kept and not visit.draft.get("sent"):
        await customers(here).keep(visit, **kept)
    answer = here.go(here.url("customer_items"))
    here.cookie(answer, COOKIE, secret, COOKIE_SECONDS)
    return answer


@router.post("/r/leave", name="customer_leave")
async def leave(here: Here) -> Response:
    """Done on this device: nobody after him sees the order."""
    visit = await order_visit(here)
    if visit is not None:
        await customers(here).leave(visit)
    answer = here.go(here.url("customer_find"))
    here.cookie(answer, COOKIE, "", None)
    return answer


@router.post("/r/again", name="customer_again")
async def again(here: Here) -> Response:
    """Another request about the same order."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    await customers(here).begin_again(visit)
    return here.go(here.url("customer_items"))


# ── the questions ─────────────────────────────────────────────────────────────────────────────────


def on(here: Visit, visit: OrderVisit, after: str) -> Response:
    """On to the next question, or back to the check where the others are answered already."""
    names = [page for page, _ in STEPS]
    missing = next((page for page, answer in STEPS if answer not in visit.draft), None)
    following = names[names.index(after) + 1 :]
    return here.go(
        here.url(missing or ("customer_check" if visit.draft.get("checked") or not following else following[0]))
    )


def before(here: Visit, visit: OrderVisit, page: str) -> Response | None:
    """Back to an earlier question that has no answer yet; and after sending to what was sent."""
    if visit.draft.get("sent"):
        return here.go(here.url("customer_sent"))
    for name, answer in STEPS:
        if name == page:
            return None
        if answer not in visit.draft:
            return here.go(here.url(name))
    return None


@router.get("/r/items", name="customer_items")
async def items(here: Here) -> Response:
    """The order: what is open about it already, and which lines this is about."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here) if here.request.cookies.get(COOKIE) else here.go(here.url("customer_find"))
    return await _items(here, visit, {})


async def _items(here: Visit, visit: OrderVisit, wrong: Mapping[str, str]) -> Response:
    desk = customers(here)
    cases = await desk.cases(visit)
    links = {case["case_no"]: _case_path(here, (await desk.link(case["case_no"])).token) for case in cases}
    shown: dict[str, Any] = {
        "lines": await desk.items(visit),
        "chosen": visit.draft.get("lines", {}),
        "cases": cases,
        "parcels": await desk.parcels(visit),
        "links": links,
    }
    return here.page("customer/items.html", code=422 if wrong else 200, visit=visit, wrong=wrong, **shown)


def _case_path(here: Visit, token: str) -> str:
    return here.url("customer_case", token=token)


@router.post("/r/items", name="customer_do_items")
async def do_items(here: Here) -> Response:
    """Which lines, and how many of each."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    if visit.draft.get("sent"):
        return here.go(here.url("customer_sent"))
    form, chosen = await here.form(), {}
    for line in await customers(here).items(visit):
        number = str(line["line_no"])
        many = form.text(f"quantity_{number}", "1")
        if number in form.texts("line") and many.isascii() and many.isdigit() and 1 <= int(many) <= line["free"]:
            chosen[number] = int(many)
    if not chosen:
        return await _items(here, visit, {"line": here.tongue.say("Choose what it is about.")})
    return on(here, await customers(here).keep(visit, lines=chosen), "customer_items")


@router.get("/r/why", name="customer_why")
async def why(here: Here) -> Response:
    """What has happened, in the customer's words."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    return before(here, visit, "customer_why") or await _why(here, visit, {})


async def _why(here: Visit, visit: OrderVisit, wrong: Mapping[str, str]) -> Response:
    reasons = await customers(here).reasons(visit)
    return here.page(
        "customer/why.html",
        code=422 if wrong else 200,
        visit=visit,
        reasons=reasons,
        wrong=wrong,
        back="customer_items",
    )


@router.post("/r/why", name="customer_do_why")
async def do_why(here: Here) -> Response:
    """Another reason makes other finer sorts and wishes."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    if visit.draft.get("sent"):
        return here.go(here.url("customer_sent"))
    kind = (await here.form()).text("kind")
    if kind not in {reason["kind"] for reason in await customers(here).reasons(visit)}:
        return await _why(here, visit, {"kind": here.tongue.say("Choose what happened.")})
    if kind != visit.draft.get("kind"):
        draft = {
            name: value for name, value in visit.draft.items() if name not in ("subcategory", "wanted", "described")
        }
        visit = visit.model_copy(update={"draft": draft})
    return on(here, await customers(here).keep(visit, kind=kind), "customer_why")


@router.get("/r/which", name="customer_which")
async def which(here: Here) -> Response:
    """Which it is more exactly, and in his own words."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    return before(here, visit, "customer_which") or await _which(here, visit, {}, visit.draft.get("description", ""))


async def _which(here: Visit, visit: OrderVisit, wrong: Mapping[str, str], text: str) -> Response:
    book = await customers(here).book(visit)
    shown: dict[str, Any] = {"book": book, "description": text, "back": "customer_why", "most": MOST_WORDS}
    return here.page("customer/which.html", code=422 if wrong else 200, visit=visit, wrong=wrong, **shown)


@router.post("/r/which", name="customer_do_which")
async def do_which(here: Here) -> Response:
    """Words are kept also where the choice is missing."""
    visit, form = await order_visit(here), await here.form()
    text = form.text("description")
    if visit is None:
        return find_again(here, description=text[:MOST_WORDS])
    if visit.draft.get("sent"):
        return here.go(here.url("customer_sent"))
    book, key = await customers(here).book(visit), form.text("subcategory")
    if book is None:
        return here.go(here.url("customer_why"))
    wrong = {}
    if book.subcategories and key not in {one["key"] for one in book.subcategories}:
        wrong["subcategory"] = here.tongue.say("Choose which it is.")
    if len(text) > MOST_WORDS:
        wrong["description"] = here.tongue.say("At most %(count)s characters.", count=MOST_WORDS)
    if wrong:
        return await _which(here, visit, wrong, text)
    changed = key != (visit.draft.get("subcategory") or "")
    draft = {name: value for name, value in visit.draft.items() if not (changed and name == "wanted")}
    kept = visit.model_copy(update={"draft": draft})
    answers = {"subcategory": key or None, "description": _printable(text), "described": True}
    return on(here, await customers(here).keep(kept, **answers), "customer_which")


def _printable(text: str) -> str:
    """What was typed without control characters, which nothing can keep and nobody means."""
    return "".join(c for c in text.replace("\r\n", "\n") if c == "\n" or c == "\t" or c.isprintable() or ord(c) > 0x9F)


@router.get("/r/photos", name="customer_photos")
async def photos(here: Here) -> Response:
    """Photos, and what they should show."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    return before(here, visit, "customer_photos") or await _photos(here, visit, {})


async def _photos(here: Visit, visit: OrderVisit, wrong: Mapping[str, str]) -> Response:
    book = await customers(here).book(visit)
    shown: dict[str, Any] = {
        "book": book,
        "photos": visit.draft.get("photos", []),
        "most": MOST_PHOTOS,
        "back": "customer_which",
    }
    return here.page("customer/photos.html", code=422 if wrong else 200, visit=visit, wrong=wrong, **shown)


@router.post("/r/photos", name="customer_do_photos")
async def do_photos(here: Here) -> Response:
    """Take photos in, or go on; a file that is no photo keeps the others."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    if visit.draft.get("sent"):
        return here.go(here.url("customer_sent"))
    if too_large(here):
        return await _photos(
            here, visit, {"photo": here.tongue.say("These photos are too large together. Send fewer.")}
        )
    form, wrong = await here.form(), []
    before_ = len(visit.draft.get("photos", []))
    for file in form.files("photo"):
        try:
            visit = await customers(here).add_photo(visit, file.file, file.filename)
        except AftercareError as refused:
            wrong.append(file_refusal(here, refused, file.filename or ""))
    await form.data.close()
    if form.text("drop"):
        visit = await customers(here).drop_photo(visit, form.text("drop"))
    if wrong:
        return await _photos(here, visit, {"photo": " ".join(wrong)})
    if form.text("then") != "on":
        added = len(visit.draft.get("photos", [])) - before_
        told = here.tongue.say_many("%(count)s photo was added.", "%(count)s photos were added.", added)
        return here.go(here.url("customer_photos"), told if added > 0 else None)
    return on(here, await customers(here).keep(visit, photographed=True), "customer_photos")


def too_large(here: Visit) -> bool:
    """Whether more is being sent than photos can be; said before any of it is read."""
    said = here.request.headers.get("content-length", "")
    return not said.isdigit() or int(said) > MOST_BYTES


def file_refusal(here: Visit, refused: AftercareError, name: str) -> str:
    """Why a file was not taken, by its name."""
    reasons = {
        "file-refused": N_("%(name)s is no photo, PDF or film that we can read."),
        "too-large": N_("%(name)s is too large. A photo may have 25 MB."),
    }
    told = reasons.get(refused.code, N_("%(name)s was not taken: too many files, or an empty one."))
    return here.tongue.say(told, name=name[:60])


@router.get("/r/photos/{file_id}", name="customer_photo")
async def photo(here: Here, file_id: str) -> Response:
    """A photo of this visit, small."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    content, kind = await customers(here).photo(visit, file_id)
    return Response(content, media_type=kind, headers=PHOTO_HEADINGS)


@router.get("/r/wish", name="customer_wish")
async def wish(here: Here) -> Response:
    """What he would like, with what it comes to."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    return before(here, visit, "customer_wish") or await _wish(here, visit, {})


async def _wish(here: Visit, visit: OrderVisit, wrong: Mapping[str, str]) -> Response:
    desk = customers(here)
    wishes = await desk.wishes(visit)
    asked = visit.model_copy(update={"draft": {**visit.draft, "wanted": visit.draft.get("wanted") or _any(wishes)}})
    rules = await desk.checked(asked)
    book = await desk.book(visit)
    shown: dict[str, Any] = {"wishes": wishes, "rules": rules, "book": book, "back": "customer_photos"}
    return here.page("customer/wish.html", code=422 if wrong else 200, visit=visit, wrong=wrong, **shown)


def _any(wishes: Any) -> str:
    return next((wish.remedy for wish in wishes), "none")


@router.post("/r/wish", name="customer_do_wish")
async def do_wish(here: Here) -> Response:
    """The customer's wish; what becomes of it is decided afterwards."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    if visit.draft.get("sent"):
        return here.go(here.url("customer_sent"))
    wanted = (await here.form()).text("wanted")
    wishes = {wish.remedy: wish for wish in await customers(here).wishes(visit)}
    if wanted not in wishes or wishes[wanted].why_not:
        return await _wish(here, visit, {"wanted": here.tongue.say("Choose what you would like.")})
    return on(here, await customers(here).keep(visit, wanted=wanted), "customer_wish")


# ── check and send ────────────────────────────────────────────────────────────────────────────────


@router.get("/r/check", name="customer_check")
async def check(here: Here) -> Response:
    """All answers with a way to change each."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    return before(here, visit, "customer_check") or await _check(here, visit, "")


async def _check(here: Visit, visit: OrderVisit, told: str) -> Response:
    desk = customers(here)
    visit = await desk.keep(visit, checked=True)
    wishes = {wish.remedy: wish for wish in await desk.wishes(visit)}
    lines = [
        (line, visit.draft["lines"][str(line["line_no"])])
        for line in await desk.items(visit)
        if str(line["line_no"]) in visit.draft["lines"]
    ]
    shown: dict[str, Any] = {"lines": lines, "book": await desk.book(visit), "wish": wishes.get(visit.draft["wanted"])}
    return here.page("customer/check.html", code=409 if told else 200, visit=visit, told=told, **shown)


@router.post("/r/send", name="customer_send")
async def send(here: Here) -> Response:
    """Once, however often the button is pressed."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    if missing := before(here, visit, "customer_check"):
        return missing
    try:
        await customers(here).send(visit)
    except AftercareError as refused:
        if refused.status == 503:
            raise
        told = here.tongue.say("Something has changed about these goods meanwhile. Look at your choice again.")
        return await _check(here, visit, told)
    return here.go(here.url("customer_sent"))


@router.get("/r/sent", name="customer_sent")
async def sent(here: Here) -> Response:
    """The number, what happens next, and the link to keep."""
    visit = await order_visit(here)
    if visit is None:
        return find_again(here)
    if not visit.draft.get("sent"):
        return here.go(here.url("customer_items"))
    case_no = str(visit.draft["sent"])
    desk = customers(here)
    link = await desk.link(case_no)
    document = await desk.case(case_no)
    told = {"case": document, "link": _case_path(here, link.token), **read_by(here.tongue, document["country"])}
    return here.page("customer/sent.html", visit=visit, **told)
