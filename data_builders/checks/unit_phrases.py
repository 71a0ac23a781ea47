"""How people say that an action unit is there: a part and its move in either order, the manual's names, and everyday words.

"AU1|AU2" claims either, "AU1&AU2" both, "!AU43" that it is not there. Where two patterns begin at one word the first one
counts, so the longer phrase stands first.
"""

from typing import NamedTuple


class Move(NamedTuple):
    """A part and how it is moved, in either order: "brows raised", "raises the brows". Of the words that come before the part
    only those that end in no particle ("raised", not "pulled up") are in `acts`."""

    codes: str
    part: str
    moved: str
    acts: str = ""


_UP = r"raised|lifted|elevated|drawn up|pulled up|pushed up|ris(?:e|es|ing)|go up|up|rais(?:e|es|ing)|lift(?:s|ing)?|higher"
_RAISE = r"rais(?:e[sd]?|ing)|lift(?:s|ed|ing)?|elevat(?:e[sd]?|ing)"
_DOWN = r"lowered|drawn down|pulled down|pressed down|down|lower"
_LOWER = r"lower(?:s|ed|ing)?"
_BROW = r"(?:eye)?brows?"
_BROW_PART = r"(?:corners?|ends?|parts?|portions?|halves|tips?)"
_LIP_CORNERS = r"(?:(?:lip|mouth) corners?|corners? of (?:(?:the|his|her|their|both) )?(?:mouth|lips?))"
_LIDS = r"(?:eye)?lids?"

MOVES = (
    Move("AU1&AU2", rf"inner and outer (?:{_BROW}|{_BROW_PART} of the {_BROW})", _UP, _RAISE),
    Move("AU1", rf"inner (?:{_BROW}|{_BROW_PART} of (?:the |both )?{_BROW})", _UP, _RAISE),
    Move("AU2", rf"outer (?:{_BROW}|{_BROW_PART} of (?:the |both )?{_BROW})", _UP, _RAISE),
    Move(
        "AU4",
        _BROW,
        rf"{_DOWN}|(?:drawn|pulled|pinched|squeezed) together|knit(?:ted)?|furrowed|contracted",
        rf"{_LOWER}|furrow(?:s|ed|ing)?|knit(?:s|ted|ting)?|contract(?:s|ed|ing)?",
    ),
    Move("AU1|AU2", _BROW, _UP, rf"{_RAISE}|arch(?:es|ing)"),
    Move("!AU1&!AU2&!AU4", _BROW, "relaxed|at rest|neutral|unmoved|still", "relaxed|unmoved|neutral"),
    Move("AU5", rf"upper {_LIDS}", _UP, _RAISE),
    Move(
        "AU7",
        rf"(?:(?:upper|lower) )?{_LIDS}",
        "tightened|tensed?|tight|narrowed",
        "tighten(?:s|ed|ing)?|tensed?|narrow(?:s|ed|ing)?",
    ),
    Move("AU43", rf"(?:eyes?|{_LIDS})", "closed|shut|closing|close", "clos(?:e[sd]?|ing)|shut(?:s|ting)?"),
    Move("AU5", "eyes?", "(?:wide open|widened|opened wide|wide)", "widen(?:s|ed|ing)?"),
    Move("!AU43", "eyes?", "open(?:ed)?", "open(?:ed)?"),
    Move("AU6|AU7", "eyes?", "narrowed|squinted", "narrow(?:s|ed|ing)?"),
    Move("AU6", "cheeks?", _UP, _RAISE),
    Move(
        "AU9",
        "nose",
        "wrinkl(?:ed|es|e|ing)|scrunched|crinkled",
        "wrinkl(?:e[sd]?|ing)|scrunch(?:es|ed|ing)?|crinkl(?:e[sd]?|ing)",
    ),
    Move("AU10", "upper lip", rf"{_UP}|curled", rf"{_RAISE}|curl(?:s|ed|ing)?"),
    Move("AU16", "lower lip", rf"{_DOWN}|depressed", rf"{_LOWER}|depress(?:es|ed|ing)?"),
    Move(
        "AU12",
        _LIP_CORNERS,
        rf"{_UP}|turned up|upturned|upwards?|(?:curved?|curl(?:ed)?|pulled|drawn) (?:obliquely )?(?:up|upwards?|back)",
        rf"{_RAISE}|upturned",
    ),
    Move(
        "AU15",
        _LIP_CORNERS,
        rf"turned down|downturned|downwards?|{_DOWN}|depressed|droop(?:s|ing)?",
        rf"{_LOWER}|depress(?:es|ed|ing)?|downturned|drooping",
    ),
    Move(
        "AU14", _LIP_CORNERS, "tucked in|tucked|tightened|dimpled|drawn in|pressed in", "tuck(?:s|ed|ing)?|tighten(?:s|ed|ing)?"
    ),
    Move("AU17", "chin(?: boss)?", rf"{_UP}|wrinkled|dimpled", rf"{_RAISE}|wrinkled"),
    Move("AU27", "mouth", "stretched (?:wide open|open|wide|vertically)|wide open|open wide|gaping", "gaping|wide-open"),
    Move(
        "AU20",
        "(?:lips?|mouth)",
        "stretched sideways|stretched horizontally|stretched laterally|stretched(?! (?:wide|open|vert))",
        "",
    ),
    Move("AU18", "lips?", "puckered|pursed|pushed forward|protruded", "pucker(?:s|ed|ing)?|purs(?:e[sd]?|ing)"),
    Move("AU22", "lips?", "funnell?ed", "funnel(?:s|led|ed|ing|ling)?"),
    Move("AU24", "lips?", "press(?:ed|es|ing)?(?: together)?|compressed", "(?:com)?press(?:es|ed|ing)?"),
    Move("AU23", "lips?", "tightened|tight|tensed", "tighten(?:s|ed|ing)?"),
    Move("AU28", "lips?", "sucked in|sucked|rolled in|rolled inwards?|drawn in|tucked in", "suck(?:s|ed|ing)?(?: in)?"),
    Move(
        "AU25",
        "lips?",
        "parted|apart|part|open|opened|separated|separate",
        "part(?:s|ed|ing)?|open(?:s|ed|ing)?|separat(?:e[sd]?|ing)",
    ),
    Move("!AU25", "(?:mouth|lips?)", "closed|shut|together|sealed", "closed"),
    Move("AU25|AU26|AU27", "mouth", "open|opened|opens", "open(?:s|ed|ing)?"),
    Move("AU26", "jaw", "dropped|drops?|lowered|slack|hangs|open", rf"drop(?:s|ped|ping)?|{_LOWER}|slack"),
)

# The manual's names, and everyday words that stand for a part and its move.
UNITS = {
    "AU1": r"inner (?:eye)?brow rais(?:ers?|ing|e)",
    "AU2": r"outer (?:eye)?brow rais(?:ers?|ing|e)",
    "AU4": r"(?:eye)?brow lower(?:ers?|ing)|scowl\w*|vertical lines between the (?:eye)?brows",
    "AU1|AU2": r"(?:eye)?brow raise",
    "AU5": r"upper (?:eye)?lid rais(?:ers?|ing)",
    "AU6": r"cheek rais(?:ers?|ing)|crow'?s[- ]feet|duchenne",
    "AU7": r"(?:eye)?lid tighten(?:ers?|ing)",
    "AU9": r"nose wrinkl(?:ers?|ing)",
    "AU10": r"upper lip rais(?:ers?|ing)",
    "AU11": r"nasolabial(?: furrow)? deepen(?:ers?|ing)",
    "AU12": r"lip corners? pull(?:ers?|ing)|smil\w+|grin(?!d)\w*|zygomatic\w* major",
    "AU13": r"sharp lip pull(?:ers?|ing)|cheek puff(?:ers?|ing)",
    "AU14": r"dimpl(?:ers?|es?|ing)",
    "AU15": r"lip corners? depress(?:ors?|ion|ing)",
    "AU16": r"lower lip depress(?:ors?|ion|ing)",
    "AU17": r"chin rais(?:ers?|ing)",
    "AU18": r"lip pucker(?:ers?|ing)?",
    "AU20": r"lip stretch(?:ers?|ing)?",
    "AU22": r"lip funnell?(?:ers?|ing)",
    "AU23": r"lip tighten(?:ers?|ing)",
    "AU24": r"lip press(?:ors?|ers?|ing)?",
    "AU25": r"lips part",
    "AU26": r"jaw drop",
    "AU27": r"mouth stretch(?:ing)?(?!ed)",
    "AU28": r"lip suck(?:ing)?",
    "AU43": r"eye clos(?:ure|ing)",
    "AU43|AU45": r"blink\w*",
    "AU43|AU46": r"wink\w*",
    "AU4|AU15": r"frown\w*",
    "AU6|AU7": r"squint\w*",
    "AU26|AU27": r"yawn\w*",
    "AU17|AU18": r"pout\w*",
    "AU9|AU10|AU14": r"sneer\w*",
    "AU12|AU14": r"smirk\w*",
}
