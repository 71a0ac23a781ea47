"""Several questions about one medium, of which the later ones presuppose the earlier answers."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from . import clip_answers, face_answers, person_answers, spoof_answers
from .clip_questions import CLIP_FOLLOW_UPS
from .exchanges import Exchange, asked
from .face_questions import FACE_FOLLOW_UPS
from .labels import Known
from .person_questions import PERSON_FOLLOW_UPS
from .spoof_questions import SPOOF_FOLLOW_UPS

CHANGED_ORDER = 0.3  # of the conversations take their follow-ups in another order, or begin with the whole
CLOSELY = 0.25  # of those about muscles and emotion ask for levels and sides, too
Turns = list[Exchange]
Talk = Callable[[Known, Random], Turns]


def conversation(known: Known, rng: Random) -> tuple[str, Turns] | None:
    """(task, turns) of the first of TALKS that has at least two answers."""
    for task, talk in TALKS:
        if len(turns := talk(known, rng)) > 1:
            return task, turns
    return None


def _attack(known: Known, rng: Random) -> Turns:
    """The verdict opens it; what follows needs no verdict again."""
    if (first := spoof_answers.verdict(known, rng, explained=False)) is None:
        return []
    later: Turns = []
    if known.record.attack:
        later = [_next(SPOOF_FOLLOW_UPS["how"], spoof_answers.meaning(known), first, known, rng)]
    if known.cues:
        later.append(_next(SPOOF_FOLLOW_UPS["why"], spoof_answers.reasons(known, rng), first, known, rng))
    if not known.record.live and (lies := spoof_answers.area(known, rng)):
        later.append(_next(SPOOF_FOLLOW_UPS["where"], lies, first, known, rng, spoof_answers.boxes(known)))
    if known.record.live and known.record.digital is not None:
        later.append(_next(SPOOF_FOLLOW_UPS["pixels"], spoof_answers.untouched(known, rng), first, known, rng))
    return [first, *_ordered(later, rng)]


def _pixels(known: Known, rng: Random) -> Turns:
    first = spoof_answers.digital(known, rng, with_area=False)
    if first is None or known.record.live is not None or known.record.box is None:
        return []
    area = spoof_answers.altered_area()
    return [first, _next(SPOOF_FOLLOW_UPS["where"], area, first, known, rng, spoof_answers.boxes(known))]


def _movements(known: Known, rng: Random) -> Turns:
    """Where a later question is from when to when, the first answer leaves that open."""
    kinds = ("when", rng.choice(("apex", "duration")), "units", "class")
    told = [(kind, turn) for kind in kinds if (turn := clip_answers.MICRO_KINDS[kind](known, rng))]
    first = clip_answers.spotted(known, rng, timed="when" not in dict(told))
    return _talked(CLIP_FOLLOW_UPS, [("spotted", first), *_ordered(told, rng)], known, rng) if first else []


def _levels(known: Known, rng: Random) -> Turns:
    """Muscles, then the emotion, then the whole, or the other way round; where there is no emotion, the muscles more closely."""
    feeling = face_answers.emotion_why(known, rng) or face_answers.emotion(known, rng)
    turns = [("named", face_answers.named(known, rng)), ("emotion", feeling), ("face", face_answers.whole(known, rng))]
    if feeling is None or rng.random() < CLOSELY:
        turns[1:1] = [_strength(known, rng), ("sides", face_answers.sides(known, rng))]
    elif rng.random() < CHANGED_ORDER:
        turns.reverse()
    return _talked(FACE_FOLLOW_UPS, [(kind, turn) for kind, turn in turns if turn], known, rng)


def _strength(known: Known, rng: Random) -> tuple[str, Exchange | None]:
    """Of all, or the strongest; the manual's names bear their levels, so that of all is nothing more to tell."""
    if known.facs or rng.random() < 0.5:
        return "strongest", face_answers.strongest(known, rng)
    return "graded", face_answers.graded(known, rng)


def _looks(known: Known, rng: Random) -> Turns:
    kinds = {**person_answers.ATTRIBUTE_KINDS, **person_answers.AGE_KINDS}
    told = [(kind, turn) for kind in ("hair", "beard", "worn", "age") if (turn := kinds[kind](known, rng))]
    return _talked(PERSON_FOLLOW_UPS, _ordered(told, rng), known, rng)


def _talked(questions: Mapping[str, Sequence[str]], turns: list[tuple[str, Exchange]], known: Known, rng: Random) -> Turns:
    """The first as it is, the others asked about as what follows."""
    later = [Exchange(asked(questions[kind], known, rng), turn.answer, turn.label, turn.boxes) for kind, turn in turns[1:]]
    return [*(turn for _, turn in turns[:1]), *later]


def _next(questions: Sequence[str], answer: str, first: Exchange, known: Known, rng: Random, boxes: tuple = ()) -> Exchange:
    return Exchange(asked(questions, known, rng), answer, first.label, boxes)


def _ordered(turns: list, rng: Random) -> list:
    return rng.sample(turns, len(turns)) if rng.random() < CHANGED_ORDER else turns


TALKS: tuple[tuple[str, Talk], ...] = (
    ("spoof", _attack),
    ("spoof", _pixels),
    ("micro", _movements),
    ("describe", _levels),
    ("attributes", _looks),
)
