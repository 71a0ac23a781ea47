"""Answers on the three levels of a description: what the muscles do, which emotion that resembles and why, and the face as a
whole.

Openings are those that the assistant settles before its model writes ("The face shows", "The configuration resembles"). Emotion
words speak of a configuration. Of units that a record does not tell nothing is said, not even that they are at rest.
"""

from collections.abc import Sequence
from random import Random

from ...model.taxonomy import AU_WORDS, EMOTIONS, NO_PROTOTYPE
from ...model.wording import listed
from ..rig.expressions import PROTOTYPES
from .exchanges import Exchange, Write, asked
from .face_questions import CHANGE, EMOTIONS_ASKED, OF_CODES, ONE_UNIT, UNITS, WHOLE
from .labels import BOTH, LEFT, RIGHT, Known, changes
from .person_answers import outward
from .unit_words import (
    PARTS,
    WORK,
    claim,
    denied,
    is_or_are,
    level_words,
    moved,
    nothing_sentence,
    phrases,
    sentence,
    shown_sentence,
    strongest_units,
)

TELLING = {emotion: {code for variant in variants for code in variant} for emotion, variants in PROTOTYPES.items()}
DENIED = 4  # silent units at most that one answer names
CAUTION = (
    "That is how it looks, and not what somebody feels.",
    "A look is all that it is: what goes on behind it cannot be told.",
)
CAUTIOUS = 0.15
SIDED = "made of"  # of simulated pictures: whose sides are known even where all are equal
PLEASANT = 0.25  # of valence and arousal, -1 to 1


# Muscles


def named(known: Known, rng: Random) -> Exchange | None:
    return _about_units("named", units_text(known, rng, adverbs=rng.random() < 0.3), known, rng)


def graded(known: Known, rng: Random) -> Exchange | None:
    if not strongest_units(known.units):
        return None
    shown = shown_sentence(known.units.active, known.facs)
    levels = listed([claim(unit, known.facs) for unit in known.units.active])
    return _about_units("graded", shown if known.facs else f"{shown} {sentence(levels)}", known, rng)


def strongest(known: Known, rng: Random) -> Exchange | None:
    """Those that share the highest level are named together."""
    most = strongest_units(known.units)
    if not most or len(known.units.active) < 2:
        return None
    many = len(most) > 1
    levels = level_words(most[0], known.facs)
    said = f"{phrases(most, known.facs)}{', ' * bool(levels)}{levels}{' each' * (many and bool(levels))}"
    told = f"The strongest {'are' if many else 'is'} {said}."
    return _about_units("strongest", f"{shown_sentence(known.units.active, known.facs)} {told}", known, rng)


def strength(known: Known, rng: Random) -> Exchange | None:
    if not strongest_units(known.units):
        return None
    return _about_units("strength", shown_sentence(known.units.active, known.facs, adverbs=True), known, rng)


def muscles(known: Known, rng: Random) -> Exchange | None:
    """A sentence for each."""
    if not known.units.active:
        return None
    lines = [sentence(f"{claim(unit, known.facs)}: {WORK[unit.code]}") for unit in known.units.active]
    return _about_units("muscles", " ".join((shown_sentence(known.units.active, known.facs), *lines)), known, rng)


def sides(known: Known, rng: Random) -> Exchange | None:
    """Where a record tells sides at all: equal levels of a dataset without sides are no symmetry."""
    said = sides_text(known)
    return _about_units("sides", said, known, rng) if said else None


def one_unit(known: Known, rng: Random) -> Exchange | None:
    """Yes or no, both equally often where a record can tell both, after what the face shows, as the assistant opens."""
    active, silent = known.units.active, known.units.silent
    if active and (not silent or rng.random() < 0.5):
        unit = rng.choice(active)
        return Exchange(asked(ONE_UNIT[unit.code], known, rng), _so("yes", claim(unit, known.facs), known), units_label(known))
    if not silent:
        return None
    code = rng.choice(silent)
    return Exchange(asked(ONE_UNIT[code], known, rng), _so("no", denied([code]), known), units_label(known))


def change(known: Known, rng: Random) -> Exchange | None:
    """From the partner's picture to the record's."""
    if known.record.change is None or known.partner is None:
        return None
    more, less = changes({code: both for code, both in known.record.change.items() if code in AU_WORDS})
    parts = [moved(units, how, known.facs) for units, how in ((more, "more"), (less, "less")) if units]
    said = f"In the second picture {'; '.join(parts)}." if parts else "Between the two pictures nothing in the face changes."
    label = " ".join(dict.fromkeys([f"+{unit.code}" for unit in more] + [f"-{unit.code}" for unit in less])) or "none"
    return Exchange(rng.choice(_in_wording(CHANGE, known)), said, label)


def units_text(known: Known, rng: Random, adverbs: bool = False) -> str:
    """What is active; else what is known to be at rest; "" where nothing is known."""
    units = known.units
    if units.active:
        return shown_sentence(units.active, known.facs, adverbs)
    if units.complete or not units.silent:
        return _rest(known)
    chosen = sorted(rng.sample(units.silent, min(DENIED, len(units.silent))), key=list(AU_WORDS).index)
    return sentence(denied(chosen))


def sides_text(known: Known) -> str:
    active = known.units.active
    uneven = [unit for unit in active if unit.side != BOTH]
    if not active or not (uneven or SIDED in known.record.source):
        return ""
    shown = shown_sentence(active, known.facs)
    if not uneven:
        return f"{shown} Both sides do the same."
    left, right = (list(dict.fromkeys(PARTS[unit.code] for unit in uneven if unit.side == side)) for side in (LEFT, RIGHT))
    places = {
        "more on the person's own left": [part for part in left if part not in right],
        "more on the person's own right": [part for part in right if part not in left],
        "on each side in its own way": [part for part in left if part in right],
    }
    told = "; ".join(f"{where}: {listed(parts)}" for where, parts in places.items() if parts)
    even = " The rest is even." if len(uneven) < len(active) else ""
    return f"{shown} {sentence(told)}{even}"


def units_label(known: Known) -> str:
    return " ".join(unit.code for unit in known.units.active) or "none"


def _about_units(kind: str, said: str, known: Known, rng: Random) -> Exchange | None:
    return Exchange(asked(_in_wording(UNITS[kind], known), known, rng), said, units_label(known)) if said else None


def _in_wording(questions: Sequence[str], known: Known) -> Sequence[str]:
    return questions if known.facs else [question for question in questions if question not in OF_CODES]


def _so(word: str, said: str, known: Known) -> str:
    shown = shown_sentence(known.units.active, known.facs) if known.units.active else _rest(known)
    return f"{shown} So {word}, {said}." if shown else f"{word.capitalize()}, {said}."


def _rest(known: Known) -> str:
    return nothing_sentence(known.facs) if known.units.complete else ""


# Emotion


def emotion(known: Known, rng: Random) -> Exchange | None:
    if (said := emotion_text(known)) is None:
        return None
    caution = f" {rng.choice(CAUTION)}" if rng.random() < CAUTIOUS else ""
    return Exchange(asked(EMOTIONS_ASKED["named"], known, rng), said + caution, known.record.emotion or "")


def emotion_why(known: Known, rng: Random) -> Exchange | None:
    """Where the units are known."""
    said, grounds = emotion_text(known), why_text(known)
    if said is None or not grounds:
        return None
    return Exchange(asked(EMOTIONS_ASKED["why"], known, rng), f"{said} {grounds}", known.record.emotion or "")


def affect(known: Known, rng: Random) -> Exchange | None:
    said, told = emotion_text(known), affect_text(known)
    if said is None or not told:
        return None
    return Exchange(asked(EMOTIONS_ASKED["affect"], known, rng), f"{said} {told}", known.record.emotion or "")


def emotion_text(known: Known) -> str | None:
    """The word that the configuration resembles; None where it is not told."""
    name = known.record.emotion
    if name == NO_PROTOTYPE:
        return f"The configuration has {NO_PROTOTYPE}."
    if name not in EMOTIONS:
        return None
    return f"The configuration resembles {'a neutral face' if name == 'neutral' else name}."


def why_text(known: Known) -> str:
    """What of the units speaks for the emotion, as far as they are told."""
    name, units = known.record.emotion or "", known.units
    telling = [unit for unit in units.active if unit.code in TELLING.get(name, ())]
    if telling:
        said, many = phrases(telling, known.facs), len(telling) > 1
        if _is_full(known):
            return sentence(f"{said} make{'s' * (not many)} up its full prototype")
        verb = "are" if many or (not known.facs and is_or_are(telling[0].code) == "are") else "is"
        return sentence(f"{said} {verb} part of its prototype")
    if units.active and name == NO_PROTOTYPE:
        return sentence(f"{phrases(units.active, known.facs)} make{'s' * (len(units.active) == 1)} up no full prototype")
    if units.active:
        return shown_sentence(units.active, known.facs)
    return "No muscle action is clear." if units.complete and name == "neutral" else ""


def _is_full(known: Known) -> bool:
    """Contempt's is one of one side."""
    active = {unit.code for unit in known.units.active if known.record.emotion != "contempt" or unit.side != BOTH}
    return any(set(variant) <= active for variant in PROTOTYPES.get(known.record.emotion or "", ()))


def affect_text(known: Known) -> str:
    if known.record.affect is None:
        return ""
    valence, arousal = known.record.affect
    pleasant = _word(valence, "pleasant", "unpleasant", "neither pleasant nor unpleasant")
    return f"As a look, it is {pleasant} and {_word(arousal, 'excited', 'calm', 'of middling energy')}."


def _word(value: float, high: str, low: str, middle: str) -> str:
    return high if value >= PLEASANT else low if value <= -PLEASANT else middle


# The whole face


def whole(known: Known, rng: Random) -> Exchange | None:
    said = whole_text(known, rng)
    return Exchange(asked(WHOLE, known, rng), said, known.record.emotion or units_label(known)) if said else None


def whole_text(known: Known, rng: Random) -> str:
    """Muscles, emotion and why, then what else is told of the looks; "" where that is no more than a single level tells."""
    units = units_text(known, rng, adverbs=rng.random() < 0.5) if known.units.active or known.units.complete else ""
    feeling, looks = emotion_text(known) or "", outward(known)
    if sum(map(bool, (units, feeling, looks))) < 2 and not looks:
        return ""
    grounds = _grounds(known) if units and feeling else ""
    return " ".join(part for part in (units, feeling, grounds, affect_text(known) if feeling else "", looks) if part)


def _grounds(known: Known) -> str:
    """Which parts of the face, because what they do was named before."""
    parts = [PARTS[unit.code] for unit in known.units.active if unit.code in TELLING.get(known.record.emotion or "", ())]
    verb = "make" if len(set(parts)) > 1 or (parts and parts[0].endswith("s")) else "makes"
    return f"It is {listed([f'the {part}' for part in dict.fromkeys(parts)])} that {verb} it look so." if parts else ""


UNIT_KINDS: dict[str, Write] = {
    "named": named,
    "graded": graded,
    "strongest": strongest,
    "strength": strength,
    "muscles": muscles,
    "sides": sides,
    "one unit": one_unit,
}
EMOTION_KINDS: dict[str, Write] = {"named": emotion, "why": emotion_why, "affect": affect}
WHOLE_KINDS: dict[str, Write] = {"whole": whole}
CHANGE_KINDS: dict[str, Write] = {"change": change}
