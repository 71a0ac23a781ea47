"""Claims against labels: each topic has its own way to be right, wrong, or not known."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from ...model.readings import ACTIVE_INTENSITY, VISIBLE_CUE
from ...model.taxonomy import AU_CODES
from ..records import GENUINE, Record
from .claims import Claim
from .labels import Shown, area, coarse, emotions, events, gender, is_altered, units
from .vocabulary import AGE_YEARS

LEVEL_OFF = 0.5  # a level is a rounded intensity
SLIGHT, STRONG = 3.5, 1.5  # levels from which on a movement is not slight, up to which it is not strong
# Instruments that are themselves printed or cut from paper: to say so names no other attack.
OF_PAPER = ("paper mask", "glasses", "partial eye", "partial mouth", "print")
WORN = {"Eyeglasses": ("glasses",), "Heavy_Makeup": ("makeup", "tattoo")}  # attribute words that an attack may be described with
_OF_THE_CODED = re.compile(r"\b(?:coded|scored|of (?:the|its|these))\b")  # else all are meant


@dataclass(frozen=True)
class Held:
    """The labels that the claims of one row are held against; `change`: it shows two pictures and speaks of their difference."""

    record: Record
    change: bool = False
    task: str = ""
    wording: str = ""

    @cached_property
    def known(self) -> dict[str, list[Shown]]:
        """Code -> codings."""
        return units(self.record, self.change)


def stated_faults(told: Iterable[Claim], held: Held) -> list[str]:
    told = list(told)
    return [fault for claim in told if not _inside(claim, told) for fault in _CHECKS[claim.topic](claim, held)]


def _inside(claim: Claim, told: list[Claim]) -> bool:
    """Part of a longer phrase: the "print" of "print dots", the "man" of "rubber man mask"."""
    end = claim.at + len(claim.words)
    return claim.topic in ("attack", "verdict", "attribute", "coarse", "area") and any(
        other.at <= claim.at and end <= other.at + len(other.words) and len(other.words) > len(claim.words) for other in told
    )


def wrong(claim: Claim, what: str = "") -> str:
    return f"contradicts the label: {_words(claim)}{what}"


def unknown(claim: Claim, what: str = "") -> str:
    return f"is not in the labels: {_words(claim)}{what}"


def _words(claim: Claim) -> str:
    return f"{claim.words}, denied" if claim.denied else claim.words


# Action units


def _unit(claim: Claim, held: Held) -> Iterator[str]:
    told = {code: held.known[code] for code in claim.names if code in held.known}
    active = [shown for codings in told.values() for shown in codings if shown.is_active]
    if claim.code and claim.code not in claim.names:
        yield f"gives words another unit's code: {claim.words} ({claim.code})"
    if not told:
        yield unknown(claim)
    elif claim.denied:
        active = [shown for shown in active if shown.sign > 0]  # what became less may be denied
        if len(active) and all(any(shown.is_active for shown in codings) for codings in told.values()):
            yield wrong(claim)
    elif not active:
        yield wrong(claim) if len(told) == len(claim.names) else unknown(claim)
    else:
        yield from _extent(claim, active, held)


def _extent(claim: Claim, active: list[Shown], held: Held) -> Iterator[str]:
    """Side, level and adverb of a unit that is there; of several codings one has to fit."""
    if held.change and claim.direction:
        active = [shown for shown in active if shown.sign == claim.direction]
        if not active:
            yield wrong(claim, " (less)" if claim.direction < 0 else " (more)")
            return
    if not any(_fits_side(claim, shown) for shown in active):
        yield wrong(claim, f" ({claim.side})")
    levels = [level for shown in active if (level := shown.level(claim.side)) is not None]
    if claim.level is not None and not levels:
        yield unknown(claim, f" (level {claim.level:g})")
    elif claim.level is not None and not any(
        abs(level - claim.level) <= LEVEL_OFF or (level < 1 and claim.level == 1) for level in levels
    ):
        yield wrong(claim, f" (level {claim.level:g})")
    elif levels and claim.strength < 0 and min(levels) >= SLIGHT:
        yield wrong(claim, " (slight)")
    elif levels and claim.strength > 0 and max(levels) <= STRONG:
        yield wrong(claim, " (strong)")


def _fits_side(claim: Claim, shown: Shown) -> bool:
    if claim.side is None or claim.side == shown.side:
        return True
    if claim.side == "both" or shown.left is None or shown.right is None:
        return False
    more, less = (shown.left, shown.right) if claim.side == "left" else (shown.right, shown.left)
    has_extent = claim.level is not None or claim.direction != 0  # a side with its own is no claim about the other one
    return (claim.more and more > less) or (has_extent and more >= ACTIVE_INTENSITY)


def _nothing(claim: Claim, held: Held) -> Iterator[str]:
    """ "no clear muscle action", "no movement is seen", "no micro-expression"."""
    if claim.names != ("action",):
        kinds = ("micro", "macro") if claim.names == ("event",) else claim.names
        if not claim.denied and any(event.get("kind") in kinds for event in events(held.record)):
            yield wrong(claim)
    elif not claim.denied and any(shown.is_active for codings in held.known.values() for shown in codings):
        yield wrong(claim)
    elif not held.known or (not _OF_THE_CODED.search(claim.words) and not set(AU_CODES) <= held.known.keys()):
        yield unknown(claim)


# Labels with one value


def _one_of(claim: Claim, labels: set[str]) -> Iterator[str]:
    """The record tells `labels`, which exclude all others; none of them told is not known."""
    if not labels:
        yield unknown(claim)
    elif claim.denied == bool(labels.intersection(claim.names)):
        yield wrong(claim)


def _emotion(claim: Claim, held: Held) -> Iterator[str]:
    """Surprise is a coarse class, too."""
    if claim.names == ("surprise",) and not claim.denied and "surprise" in coarse(held.record):
        return
    yield from _one_of(claim, emotions(held.record))


def _coarse(claim: Claim, held: Held) -> Iterator[str]:
    if held.task == "micro" or held.record.affect is not None:
        yield from _one_of(claim, coarse(held.record))


def _kind(claim: Claim, held: Held) -> Iterator[str]:
    if held.record.clip is not None and not claim.denied:
        yield from _one_of(claim, {event.get("kind", "") for event in events(held.record)} or {"no event"})


def _gender(claim: Claim, held: Held) -> Iterator[str]:
    if not claim.denied:
        yield from _one_of(claim, {told} if (told := gender(held.record)) else set())


def _ethnicity(claim: Claim, held: Held) -> Iterator[str]:
    yield f"says what no face tells: {claim.words}"


def _age_group(claim: Claim, held: Held) -> Iterator[str]:
    low, high = AGE_YEARS[claim.names[0]]
    told = (held.record.attributes or {}).get("Young")
    if held.record.age is not None:
        right = low <= held.record.age <= high
    elif isinstance(told, bool) and claim.names[0] in ("young", "old"):
        right = told == (claim.names[0] == "young")
    else:
        yield unknown(claim)
        return
    if right == claim.denied:
        yield wrong(claim)


def _attribute(claim: Claim, held: Held) -> Iterator[str]:
    name = claim.names[0]
    if held.record.attack in WORN.get(name, ()):
        return
    told = (held.record.attributes or {}).get(name)
    if not isinstance(told, bool):
        yield unknown(claim)
    elif told == claim.denied:
        yield wrong(claim)


# Spoofs and manipulations


def _verdict(claim: Claim, held: Held) -> Iterator[str]:
    says_live = (claim.names == ("live",)) != claim.denied
    if held.record.live is not None:
        if says_live != held.record.live:
            yield wrong(claim)
    elif (altered := is_altered(held.record)) is None or claim.words.startswith(
        ("live", "spoof", "attack", "presentation", "bona")
    ):
        yield unknown(claim)
    elif says_live == altered:
        yield wrong(claim)


def _attack(claim: Claim, held: Held) -> Iterator[str]:
    record, name = held.record, claim.names[0]
    if name == "makeup" and held.task != "spoof" and record.attack is None:
        yield from _attribute(claim._replace(names=("Heavy_Makeup",)), held)
    elif record.live is None:
        yield unknown(claim)
    elif record.live:
        if not claim.denied:
            yield wrong(claim)
    elif record.attack is None:
        yield unknown(claim)
    elif claim.denied == (name == record.attack) and not (name == "print" and record.attack in OF_PAPER):
        yield wrong(claim)


def _digital(claim: Claim, held: Held) -> Iterator[str]:
    if held.record.digital is None:
        yield unknown(claim)
    elif claim.denied == (claim.names[0] == held.record.digital):
        yield wrong(claim)


def _altered(claim: Claim, held: Held) -> Iterator[str]:
    if held.record.digital is None:
        yield unknown(claim)
    elif claim.denied != (held.record.digital == GENUINE):
        yield wrong(claim)


def _cue(claim: Claim, held: Held) -> Iterator[str]:
    name = claim.names[0]
    if held.record.cues is None:
        yield unknown(claim)
    elif not claim.denied and held.record.cues.get(name, 0.0) < VISIBLE_CUE:
        yield f"names a cue that is not visible: {claim.words} ({name})"
    elif claim.denied and held.record.cues.get(name, 0.0) >= VISIBLE_CUE:
        yield wrong(claim)


def _area(claim: Claim, held: Held) -> Iterator[str]:
    told = area(held.record)
    if held.task == "spoof" and told is not None and not claim.denied and claim.names[0] != told:
        yield wrong(claim)


_CHECKS: dict[str, Callable[[Claim, Held], Iterator[str]]] = {
    "au": _unit,
    "nothing": _nothing,
    "emotion": _emotion,
    "coarse": _coarse,
    "kind": _kind,
    "verdict": _verdict,
    "attack": _attack,
    "digital": _digital,
    "altered": _altered,
    "cue": _cue,
    "area": _area,
    "attribute": _attribute,
    "gender": _gender,
    "pronoun": _gender,
    "age group": _age_group,
    "ethnicity": _ethnicity,
}
