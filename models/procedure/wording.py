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
#: Traditional characters that customers use when something is wrong, each with the simplified one.
_PAIRS = (
    "壞坏 貨货 錯错 發发 沒没 給给 換换 錢钱 單单 號号 運运 費费 賣卖 買买 質质 點点 開开 "
    "關关 機机 電电 話话 說说 這这 個个 還还 裡里 們们 來来 時时 間间 碼码 顏颜 樣样 與与 "
    "圖图 遲迟 誤误 議议 價价 優优 貼贴 補补 評评 級级 訴诉 態态 務务 員员 經经 過过 師师 "
    "門门 裝装 線线 熱热 讀读 數数 據据 銀银 轉转 帳账 賬账 戶户 匯汇 領领 簽签 紙纸 邊边 "
    "斷断 損损 傷伤 變变 濕湿 髒脏 舊旧 壓压 縫缝 鈕钮 鏈链 頭头 條条 雙双 幾几 種种 類类 "
    "該该 對对 為为 無无 現现 請请 問问 題题 實实 際际 幫帮 處处 應应 總总 讓让 認认 識识 "
    "顯显 嗎吗 麼么 後后 錄录 許许 會会 親亲 聯联 繫系 遞递 遺遗 丟丢 達达 遠远 鎮镇 鄉乡 "
    "區区 縣县 驗验 貴贵 碩硕 嚴严 鑰钥 殼壳 螢萤 幣币 賠赔 責责 負负 騙骗 暫暂 動动 確确 "
    "簡简 詢询 順顺 豐丰 郵邮 編编 鄰邻 軟软 係系 擠挤 餿馊 爛烂 臟脏 繼继 續续 維维 測测 "
    "緊紧 "
)
_TRADITIONAL = {pair[0]: pair[1] for pair in _PAIRS.split()}
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
    "as if when from we our they them he she what how please about also very really some any then than which because "
    "hi hello thank dear 我 你 您 们 这 那 是 有 在 个 一 给 要 来 去 下 会 能 可 以 什 么 天 人 想 好 点 家"
)
#: Words that say that something is not so.
NEGATIONS = frozenset(_stem(word) for word in _DENYING.split())
#: Words that every sentence has; they count little.
LIGHT = frozenset(_stem(word) for word in _EVERYWHERE.split())
