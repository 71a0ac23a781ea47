"""Action units in sentences: the taxonomy's words with level and side ("plain"), or the manual's names with code, letter and
side ("facs").

Plain words keep to the patterns of model/wording.py, because the assistant holds its texts against them: an adverb may stand
inside a unit's words, a level only as "at level 3 of 5", a side only after them.
"""

from collections.abc import Iterable, Sequence

from ...model.taxonomy import ACTION_UNITS, AU_WORDS
from ...model.wording import NO_ACTION, level, listed
from .labels import BOTH, LETTERS, Unit, Units

NAMES = {unit.code: unit.name for unit in ACTION_UNITS}
# What moves; the rest of a unit's words says how.
PARTS = {
    "AU1": "inner brows",
    "AU2": "outer brows",
    "AU4": "brows",
    "AU5": "upper lids",
    "AU6": "cheeks",
    "AU7": "lids",
    "AU9": "nose",
    "AU10": "upper lip",
    "AU12": "lip corners",
    "AU14": "lip corners",
    "AU15": "lip corners",
    "AU16": "lower lip",
    "AU17": "chin",
    "AU18": "lips",
    "AU20": "lips",
    "AU22": "lips",
    "AU24": "lips",
    "AU25": "lips",
    "AU26": "jaw",
    "AU27": "mouth",
    "AU28": "lips",
    "AU43": "eyes",
}
POSES = {code: AU_WORDS[code].removeprefix(f"{part} ") for code, part in PARTS.items()}
# With nouns of their own, because the manual's names before them have none that a pronoun could stand for.
WORK = {
    "AU1": "the inner part of the forehead muscle lifts the inner brows",
    "AU2": "the outer part of the forehead muscle lifts the outer brows",
    "AU4": "the muscles at the root of the nose draw the brows down and together",
    "AU5": "the lifters of the lids pull the upper lids further up than at rest",
    "AU6": "the outer ring muscle of the eye lifts the cheeks and gathers the skin at its corner",
    "AU7": "the inner ring muscle of the eye narrows the opening",
    "AU9": "the muscle along the nose pulls its skin up into folds",
    "AU10": "the lifter of the upper lip draws it up and deepens the fold beside the nose",
    "AU12": "the muscles from the cheekbones draw the lip corners up and back",
    "AU14": "the muscle of the cheek draws the lip corners inwards, against the teeth",
    "AU15": "the muscles from the jaw draw the lip corners down",
    "AU16": "the depressor of the lower lip draws it down from the lower teeth",
    "AU17": "the chin muscle pushes the chin and the lower lip up",
    "AU18": "the ring muscle of the mouth gathers the lips to a small round",
    "AU20": "the muscles beside the mouth draw its corners outwards",
    "AU22": "the ring muscle of the mouth turns the lips outwards like a funnel",
    "AU24": "the ring muscle of the mouth presses one lip on the other",
    "AU25": "the ring muscle of the mouth lets go, and the lips come apart",
    "AU26": "the muscles that close the jaw let go, and it sinks",
    "AU27": "the muscles below pull the jaw down as far as it goes",
    "AU28": "the ring muscle of the mouth rolls the lips in over the teeth",
    "AU43": "the lifters of the lids let go, and the lids come down",
}
NUMBERS = ("one level", "two levels", "three levels", "four levels", "five levels")
STRONGER = {"more": "stronger", "less": "weaker"}  # of a unit by its name
ADVERBS = ("slightly", "slightly", "clearly", "strongly", "strongly")  # of levels 1 to 5


def is_or_are(code: str) -> str:
    return "are" if PARTS[code].endswith("s") else "is"


def phrase(unit: Unit, facs: bool, adverb: bool = False) -> str:
    """ "cheeks slightly raised on the left", or "cheek raiser (AU6, B, left)"."""
    if facs:
        letter = () if unit.level is None else (LETTERS[level(unit.level) - 1],)
        side = () if unit.side == BOTH else (unit.side,)
        return f"{NAMES[unit.code]} ({', '.join((unit.code, *letter, *side))})"
    how = f"{ADVERBS[level(unit.level) - 1]} " if adverb and unit.level is not None else ""
    where = "" if unit.side == BOTH else f" on the {unit.side}"
    return f"{PARTS[unit.code]} {how}{POSES[unit.code]}{where}"


def phrases(units: Iterable[Unit], facs: bool, adverbs: bool = False) -> str:
    return listed([phrase(unit, facs, adverbs) for unit in units])


def level_words(unit: Unit, facs: bool) -> str:
    """ "at level 2 of 5"; "" where none is told, and where the manual's name has its letter already."""
    return "" if facs or unit.level is None else f"at level {level(unit.level)} of 5"


def claim(unit: Unit, facs: bool) -> str:
    """ "the cheeks are raised on the left at level 2 of 5"."""
    if facs:
        return f"{phrase(unit, facs)} is active"
    where = "" if unit.side == BOTH else f" on the {unit.side}"
    said = f"the {PARTS[unit.code]} {is_or_are(unit.code)} {POSES[unit.code]}{where}"
    return " ".join(part for part in (said, level_words(unit, facs)) if part)


def moved(units: Sequence[Unit], how: str, facs: bool) -> str:
    """ "the cheeks are raised by two levels more and ...", or "cheek raiser (AU6) is two levels stronger"; a unit's `level` is
    by how many."""
    told = []
    for unit in units:
        by, moving = NUMBERS[max(1, min(5, round(unit.level or 0))) - 1], Unit(unit.code, None, unit.side)
        told.append(f"{phrase(moving, facs)} is {by} {STRONGER[how]}" if facs else f"{claim(moving, facs)} by {by} {how}")
    return listed(told)


def shown_sentence(units: Sequence[Unit], facs: bool, adverbs: bool = False) -> str:
    """What the face shows; at least one unit."""
    said = phrases(units, facs, adverbs)
    if facs:
        return f"The active action unit{'s are' if len(units) > 1 else ' is'} {said}."
    return f"The face shows {said}."


def nothing_sentence(facs: bool) -> str:
    """Only where every unit is known."""
    return "No action unit is active." if facs else f"The face shows {NO_ACTION}."


def strongest_units(units: Units) -> list[Unit]:
    """Those of the highest level; none where a level is not told, for then nobody knows."""
    levels = [level(unit.level) for unit in units.active if unit.level is not None]
    if len(levels) < len(units.active):
        return []
    return [unit for unit, own in zip(units.active, levels, strict=True) if own == max(levels)]


def denied(codes: Iterable[str]) -> str:
    """ "the nose is not wrinkled and the lips are not parted"."""
    return listed([f"the {PARTS[code]} {is_or_are(code)} not {POSES[code]}" for code in codes])


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[0].upper()}{text[1:]}."
