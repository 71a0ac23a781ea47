"""What a record's labels say, in lines that a prompt gives as facts: what is there, what was looked for and is not, and what nobody looked for.

The third kind matters most: a unit that was never coded is neither there nor absent, and a model that is not told so fills the gap. Attributes stand in the
template's answer alone, which leaves out those that nobody should say.
"""

from collections.abc import Iterable, Iterator

from ...model.taxonomy import ACTION_UNITS, AU_CODES
from ...model.wording import level
from ..instructions.labels import BOTH, LETTERS, Known, Movement, Unit, changes, known_of
from ..records import GENUINE, Record
from ..rows import Row

KINDS = {"micro": "possible micro-expression", "macro": "macro-expression"}
_UNITS = {unit.code: f"{unit.code} {unit.words} ({unit.name})" for unit in ACTION_UNITS}


class Facts:
    """Called with a row and its record: one fact a line, of a part of a longer video those of the part.

    What holds for all rows of a record is kept until another comes: they follow each other.
    """

    def __init__(self) -> None:
        self._known: Known | None = None
        self._shared: list[str] = []

    def __call__(self, row: Row, record: Record) -> list[str]:
        known = self._known
        if known is None or known.record is not record:
            known = self._known = known_of(record)
            self._shared = [*_spoof(known), *_units(known), *_looks(record)]
        return [*self._shared, *_changes(record, row), *_movements(known, row), *_places(row)]


def _spoof(known: Known) -> Iterator[str]:
    record = known.record
    if record.live is not None:
        yield "Verdict: live, a person before the camera." if record.live else "Verdict: spoof, a presentation attack."
    if record.live is False:
        yield f"Attack type: {record.attack}." if record.attack else "Attack type: not labelled; name none."
    if record.digital not in (None, GENUINE):
        yield f"Digital manipulation: {record.digital}."
    elif record.digital == GENUINE:
        yield "Digital manipulation: none."
    if record.live is not None or record.digital is not None:
        yield _signs(known)


def _signs(known: Known) -> str:
    if known.cues is None:
        return "Signs of an attack: not labelled; name none, and claim the absence of none."
    return (
        f"Signs of an attack that are visible: {', '.join(known.cues)}; no others are."
        if known.cues
        else "No sign of an attack is visible."
    )


def _units(known: Known) -> Iterator[str]:
    units = known.units
    if not units.known:
        return
    yield f"Action units present: {_listed(units.active) or 'none of those that were coded'}."
    if units.silent:
        yield f"Action units coded and not present: {'; '.join(map(_UNITS.__getitem__, units.silent))}."
    if not units.complete:
        yield f"The other {len(AU_CODES) - units.known} action units were not coded: say nothing of them, neither that they are there nor that they are not."


def _listed(units: Iterable[Unit]) -> str:
    return "; ".join(map(_unit, units))


def _unit(unit: Unit) -> str:
    """A level that was not coded is left out, and a side where there is no difference between them."""
    words = [_UNITS[unit.code]]
    if unit.level is not None:
        words.append(f"level {level(unit.level)} of 5 ({LETTERS[level(unit.level) - 1]})")
    if unit.side != BOTH:
        words.append(f"on the {unit.side}")
    return ", ".join(words)


def _changes(record: Record, row: Row) -> Iterator[str]:
    """Of a row about two pictures; `_unit`'s level is the number of levels."""
    if record.change is None or len(row.images) < 2:
        return
    for words, units in zip(("stronger", "weaker"), changes(record.change), strict=True):
        moved = [f"{_UNITS.get(unit.code, unit.code)} by {unit.level or 0:.1f} levels" for unit in units]
        yield f"In the second picture {words} than in the first: {'; '.join(moved) or 'nothing'}."


def _looks(record: Record) -> Iterator[str]:
    if record.emotion and record.clip is None:  # a clip's are its movements'
        yield f"Expression: labelled {record.emotion}; that is how it looks, not what anybody feels."
    if record.affect:
        valence, arousal = record.affect
        yield f"Valence {valence:+.2f}, arousal {arousal:+.2f}, each from -1 to 1."
    if record.age is not None:
        yield f"Age: {record.age:g} years."


def _movements(known: Known, row: Row) -> Iterator[str]:
    clip = known.record.clip or {}
    if "events" not in clip:
        return
    first, last = row.meta.get("frames") or known.record.frames or (0, float("inf"))
    inside = [movement for movement in known.movements if movement.onset <= last and movement.offset >= first]
    if not inside:
        yield "Movements in this clip: none was labelled."
    for number, movement in enumerate(inside, start=1):
        yield f"Movement {number}: {_movement(movement, clip.get('fps'))}."


def _movement(movement: Movement, fps: float | None) -> str:
    parts = [KINDS.get(movement.kind, movement.kind)]
    for moment in ("onset", "apex", "offset"):
        if (frame := getattr(movement, moment)) is not None:
            parts.append(f"{moment} at frame {frame}" + (f" ({frame / fps:.2f} s)" if fps else ""))
    parts += [f"action units: {_listed(movement.units)}"] if movement.units else []
    names = {"emotion": "expression", "coarse": "coarse class", "objective": "objective class"}
    return "; ".join([*parts, *(f"{words}: {told}" for name, words in names.items() if (told := getattr(movement, name)))])


def _places(row: Row) -> Iterator[str]:
    if row.objects:
        yield f"Marked places, in the order of their <bbox>: {', '.join(row.objects['ref'])}."
