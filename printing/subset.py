"""Make the font of slips: `python -m printing.subset FONT [NUMBER]`, from a font with Chinese glyphs.

Kept are all characters of GBK, which has the rare ones of people's names that GB2312 lacks, and every letter, sign and
kana that the font has for other languages. Korean syllables are left out: they would make the file half as large again.
"""

import sys
from pathlib import Path

TARGET = Path(__file__).parent / "fonts" / "aftercare-cjk.ttf"
NAME = "Aftercare CJK"


def wanted() -> frozenset[int]:
    """The characters that a slip may need."""
    pairs = (bytes((high, low)) for high in range(0x81, 0xFF) for low in range(0x40, 0xFF))
    decoded = (pair.decode("gbk", "ignore") for pair in pairs)
    others = [*range(0x20, 0x2E80), *range(0x3000, 0x3200), *range(0xFF00, 0xFFF0)]
    return frozenset(ord(text) for text in decoded if len(text) == 1).union(others)


def make(source: Path, number: int = 0) -> Path:
    """Write the subset of a font file (a collection's font by its number) and answer where."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(hinting=False, layout_features=[], name_IDs=[0, 1, 2, 4, 6, 13, 14], notdef_outline=True)
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "DSIG"]
    font = TTFont(source, fontNumber=number)
    cutting = subset.Subsetter(options)
    cutting.populate(unicodes=wanted())
    cutting.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4, 6):
            record.string = NAME.replace(" ", "") if record.nameID == 6 else NAME
    font.save(TARGET)
    return TARGET


if __name__ == "__main__":
    made = make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    sys.stdout.write(f"{made}: {made.stat().st_size:,} bytes\n")
