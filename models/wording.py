"""What a customer wrote, as words that can be compared: Chinese and English, mixed, in any width, case and inflection.

Every word knows where it stands in the text, so that what was recognised can be shown as the customer wrote it.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

__all__ = ["LIGHT", "NEGATIONS", "Written", "is_chinese", "written"]


class Written(NamedTuple):
    """One word of a text: in its plain form, where it stands, and in which clause."""

    word: str
    start: int
    end: int
    clause: int


def written(text: str) -> tuple[Written, ...]:
    """The words of a text in order; a Chinese word is one character, and particles are left out."""
    plain, places = _plain(text)
    found: list[Written] = []
    clause = 0
    for match in _PIECES.finditer(plain):
        piece = match.group()
        if piece in _BREAKS:
            clause += 1
            continue
        start, end = places[match.start()], places[match.end() - 1] + 1
        found += [Written(word, start, end, clause) for word in _words(piece)]
        if _is_question(found):
            del found[-2:]
    return tuple(found)


def _is_question(found: list[Written]) -> bool:
    """Whether the last words only ask: 能不能, 是不是, 有没有 mean the same as 能, 是, 有, and deny nothing."""
    return len(found) > 2 and found[-2].word in "不没" and found[-1].word == found[-3].word


def is_chinese(word: str) -> bool:
    """Whether a word is a Chinese character."""
    return "㐀" <= word[0] <= "鿿"


# ── letters ───────────────────────────────────────────────────────────────────────────────────────

_APOSTROPHES = dict.fromkeys("’‘ʼ`´＇", "'")
#: Traditional characters that customers use when something is wrong, and the simplified ones that playbooks are in.
_TRADITIONAL = dict(
    zip(
        "壞貨錯寄發沒給換錢單號運費賣買質點開關機電話說這個還裡們來時間碼顏樣與圖遲誤議價優惠貼補點評級訴態務員經過師門"
        "裝線熱讀數據銀轉帳賬戶匯領簽單據紙邊斷裂損傷變濕髒舊碰壓碎縫鈕鏈頭條雙幾種類該對為無現請問題實際幫處應總讓認識",
        "坏货错寄发没给换钱单号运费卖买质点开关机电话说这个还里们来时间码颜样与图迟误议价优惠贴补点评级诉态务员经过师门"
        "装线热读数据银转账账户汇领签单据纸边断裂损伤变湿脏旧碰压碎缝钮链头条双几种类该对为无现请问题实际帮处应总让认识",
        strict=True,
    )
)
_PIECES = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+|没有(?!没)|[㐀-鿿]|[.,;:!?。、\n]")
_BREAKS = frozenset(".,;:!?。、\n")


def _plain(text: str) -> tuple[str, list[int]]:
    """The text in half width, small letters and simplified characters, and where each of its letters came from."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        plain = _letter(letter)
        letters.append(plain)
        places += [place] * len(plain)
    return "".join(letters), places


@lru_cache(maxsize=20_000)
def _letter(letter: str) -> str:
    found = unicodedata.normalize("NFKC", _APOSTROPHES.get(letter, letter)).casefold()
    return _TRADITIONAL.get(found, found)


# ── words ─────────────────────────────────────────────────────────────────────────────────────────

_PARTICLES = frozenset("了的得啊呢吗吧呀哦嘛哈呗就都也还很太挺又再才已请")
_CONTRACTED = re.compile(r"^(do|does|did|is|was|are|were|ca|can|could|wo|would|has|have|had|should)n'?t$")
_ENDED = re.compile(r"'(s|m|re|ve|ll|d)$")
_IRREGULAR = {
    form: base
    for base, forms in {
        "be": "am is are was were been being",
        "do": "does did done doing",
        "have": "has had having",
        "can": "could ca",
        "will": "wo",
        "not": "n't",
        "break": "broke broken",
        "send": "sent",
        "come": "came",
        "get": "got gotten",
        "give": "gave given",
        "go": "went gone goes",
        "lose": "lost",
        "buy": "bought",
        "pay": "paid",
        "take": "took taken",
        "tear": "tore torn",
        "find": "found",
        "leave": "left",
        "write": "wrote written",
        "wear": "wore worn",
        "tell": "told",
        "say": "said",
        "think": "thought",
        "make": "made",
        "sell": "sold",
        "keep": "kept",
        "freeze": "froze frozen",
        "bend": "bent",
        "shake": "shook shaken",
        "spill": "spilt",
        "burn": "burnt",
        "forget": "forgot forgotten",
        "choose": "chose chosen",
        "hang": "hung",
        "speak": "spoke spoken",
        "die": "died dying dead",
        "mean": "meant",
        "steal": "stole stolen",
        "bring": "brought",
        "catch": "caught",
        "stick": "stuck",
        "cannot": "",
    }.items()
    for form in forms.split()
}


def _words(piece: str) -> tuple[str, ...]:
    if is_chinese(piece):
        return () if piece in _PARTICLES else (piece[0],)
    return _english(piece)


@lru_cache(maxsize=20_000)
def _english(piece: str) -> tuple[str, ...]:
    if piece == "cannot":
        return ("can", "not")
    if contracted := _CONTRACTED.match(piece):
        return (_stem(contracted.group(1)), "not")
    return (_stem(_ENDED.sub("", piece)),)


def _stem(word: str) -> str:
    """A word without its simple inflections: `crushed`, `crushes` and `crushing` are one."""
    if word in _IRREGULAR:
        word = _IRREGULAR[word]
    if len(word) <= 3:
        return word
    return _ended(_uninflected(word))


def _uninflected(word: str) -> str:
    for ending, instead, least in _ENDINGS:
        if word.endswith(ending) and len(word) >= least:
            return _uninflected(word[: -len(ending)] + instead) if ending == "s" else word[: -len(ending)] + instead
    return word


#: What is taken off a word of at least so many letters, and what is put in its place.
_ENDINGS = (
    ("ies", "y", 5),
    ("ied", "y", 5),
    ("ing", "", 6),
    ("ed", "", 5),
    *((ending, ending[:-2], 5) for ending in ("sses", "xes", "zes", "ches", "shes")),
    *((ending, ending, 4) for ending in ("ss", "us", "is")),
    ("s", "", 4),
    ("our", "or", 5),
)


def _ended(word: str) -> str:
    """Without a last e and without doubled last letters, which inflection adds and takes away."""
    word = word[:-1] if word.endswith("e") else word
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


_DENYING = "not no never without none 不 没 未 无 别 非"
_EVERYWHERE = (
    "a an the i my me you your it this that there be do have can will would of to for in on at and or but so just with "
    "as if when from we our they them he she what how please 我 你 您 们 这 那 是 有 在 个 一 给 要"
)
#: Words that say that something is not so.
NEGATIONS = frozenset(_stem(word) for word in _DENYING.split())
#: Words that every sentence has; they count little.
LIGHT = frozenset(_stem(word) for word in _EVERYWHERE.split())
