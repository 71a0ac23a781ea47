"""Answers about presentation attacks: the verdict first, then type, area, and the cues that are visible in the final picture
and no others.

A verdict follows from `live` alone; where it is None there is none. What software did to a picture is another question with its
own answers, which never open with a verdict. The reasons walk over borders, surface and light as FaceShield's do.
"""

from random import Random

from ...model.wording import VERDICT_SENTENCES, listed
from ..records import GENUINE
from ..rows import BOX
from .exchanges import Box, Exchange, Write, asked
from .labels import Known
from .spoof_questions import SPOOF

LIVE, SPOOFED = VERDICT_SENTENCES["live"], VERDICT_SENTENCES["spoof"]
# What it is called in a sentence, and what then stands before the camera.
MEANS = {
    "print": ("a print", "a photograph on paper takes the place of the person"),
    "replay": ("a replay", "a screen plays a face to the camera"),
    "paper mask": ("a paper mask", "a face cut out of a sheet is worn over the wearer's own"),
    "rigid mask": ("a rigid mask", "a hard, moulded face is worn over the wearer's own"),
    "flexible mask": ("a flexible mask", "a soft, skin-like face is worn over the wearer's own"),
    "fake head": ("a fake head", "a made head stands where a person would be"),
    "glasses": ("an attack with glasses", "what is worn on the nose puts something else in the place of the eyes"),
    "partial eye": ("a partial eye attack", "only the eyes are covered, by a piece that shows others"),
    "partial mouth": ("a partial mouth attack", "only the mouth is covered, by a piece that shows another"),
    "makeup": ("an attack by makeup", "paint gives the face other features"),
    "tattoo": ("an attack by tattoo", "designs on the skin give the face other features"),
}
ALTERED = {
    "face swap": ("a face swap", "the features of another face were put into this one"),
    "reenactment": ("a reenactment", "a program moves the face as another one moved"),
    "synthetic": ("a synthetic face", "a program generated it, and nobody was photographed"),
    "morph": ("a morph", "the faces of two people were blended into one"),
}
SHOWS = {
    "edge": "the edge of what carries the face shows against the background",
    "bezel": "a bezel frames the face, as devices have one",
    "moire": "moire runs over the face in bands, as where two rasters meet",
    "halftone": "halftone breaks the skin up into dots of ink",
    "glare": "glare lies over the face as on something smooth and flat",
    "flat shading": "flat shading takes the depth out of the face",
    "cut-out rim": "a cut-out rim runs round the face or its openings",
    "blend seam": "a blend seam shows where two surfaces were joined",
    "eye hole": "an eye hole leaves a rim round the eye behind it",
    "paper texture": "paper texture covers what should be skin",
    "screen grid": "a screen grid runs finely through the skin",
}
PLACES = {
    "borders": ("edge", "bezel", "cut-out rim", "blend seam", "eye hole"),
    "surface": ("halftone", "moire", "screen grid", "paper texture"),
    "light": ("glare", "flat shading"),
}
AREAS = {"eyes": "the eyes", "mouth": "the mouth", "half of the face": "half of the face"}  # as readers tell them
NO_CUE = "No single cue is clear."
NO_SIGN = "No single sign of an attack is clear."
PERSON = ("A person is before the camera.", "What the camera sees is a person.")
NOT_SEEN, NAMED_AS_MISSING = 4, 2  # cues that a live face, and a place of the walk, are said to be without
CONCLUDED = 0.4  # of the walks
CONCLUSIONS = (
    "Taken together, these signs decide it.",
    "That settles it.",
    "Together they speak against a person before the camera.",
)


def label(known: Known) -> str:
    return "live" if known.record.live else "spoof"


def verdict(known: Known, rng: Random, explained: bool = True) -> Exchange | None:
    """`explained`: what the type means may be said with it."""
    if known.record.live is None:
        return None
    said = _live(known, rng) if known.record.live else accused(known, rng, explained)
    return Exchange(asked(SPOOF["verdict"], known, rng), f"{_opening(known)} {said}", label(known))


def attack_type(known: Known, rng: Random) -> Exchange | None:
    if known.record.live is None or (not known.record.live and known.record.attack is None):
        return None
    said = "There is no attack, and so no type." if known.record.live else accused(known, rng)
    return Exchange(asked(SPOOF["type"], known, rng), f"{_opening(known)} {said}", label(known))


def why(known: Known, rng: Random) -> Exchange | None:
    if known.record.live is None:
        return None
    said = " ".join(part for part in (_opening(known), _named(known), reasons(known, rng)) if part)
    return Exchange(asked(SPOOF["why"], known, rng), said, label(known))


def where(known: Known, rng: Random) -> Exchange | None:
    record = known.record
    if record.live:
        return Exchange(asked(SPOOF["where"], known, rng), f"{LIVE} There is no attack, and so no area to mark.", "live")
    if record.live is None or not (lies := area(known, rng)):
        return None
    said = " ".join(part for part in (SPOOFED, lies, signs(known, rng)) if part)
    return Exchange(asked(SPOOF["where"], known, rng), said, "spoof", boxes(known))


def digital(known: Known, rng: Random, with_area: bool = True) -> Exchange | None:
    """About the pixels; `GENUINE` is an answer, too, and of an attack before the camera not the whole one."""
    record = known.record
    if record.digital is None:
        return None
    question = asked(SPOOF["digital"], known, rng)
    if record.digital == GENUINE:
        return Exchange(question, f"{untouched(known, rng)}{attacked(known, 'though')}", GENUINE)
    said, also = manipulation(known, rng), attacked(known, "too")
    if record.box is None or not with_area:
        return Exchange(question, said + also, record.digital)
    return Exchange(question, f"{said} {altered_area()}{also}", record.digital, boxes(known))


def boxes(known: Known) -> tuple[tuple[str, Box], ...]:
    """The area of the attack or of what was altered, by its name."""
    record = known.record
    return () if record.box is None else ((record.attack or record.digital or "attack", record.box),)


# Sentences


def type_sentence(known: Known, rng: Random) -> str:
    """Names the type; "" where it is not told."""
    if known.record.attack is None:
        return ""
    name, means = MEANS[known.record.attack]
    told = (_named(known), f"It is most likely {name}: {means}.", f"This has the looks of {name}: {means}.")
    return rng.choice(told)


def signs(known: Known, rng: Random) -> str:
    """What is visible by its names; that nothing is; nothing at all where cues are not known."""
    if known.cues is None:
        return ""
    if not known.cues:
        return NO_CUE
    return rng.choice(("Visible signs: {}.", "What gives it away: {}.", "Visible here: {}.")).format(listed(known.cues))


def reasons(known: Known, rng: Random) -> str:
    """Borders, surface and light in turn where cues are known, else what the class means."""
    if known.record.live:
        looked = f"{_not_seen(known, rng)} " if known.cues is not None else ""
        return f"{looked}{rng.choice(PERSON)}"
    if not known.cues:
        return f"{NO_CUE} {meaning(known)}" if known.cues == [] else meaning(known)
    walk = " ".join(_place(name, known) for name in PLACES)
    return f"{walk} {rng.choice(CONCLUSIONS)}" if rng.random() < CONCLUDED else walk


def accused(known: Known, rng: Random, explained: bool = True) -> str:
    """Type and signs, as far as they are known."""
    told = [part for part in (type_sentence(known, rng) if explained else _named(known), signs(known, rng)) if part]
    return " ".join(told) or meaning(known)


def area(known: Known, rng: Random) -> str:
    """The box, else the part of the face that the source tells in words; "" where neither is told."""
    part = AREAS.get(known.record.source.get("area", ""))
    if known.record.box is None and part is None:
        return ""
    name = known.record.attack or "instrument"
    plural = name == "glasses"
    name = f"{name} piece" if "partial" in name else name
    if known.record.box is None:
        return f"The {name} {'cover' if plural else 'covers'} {part}."
    verb = rng.choice(("cover", "take up", "lie in") if plural else ("covers", "takes up", "lies in"))
    return f"The {name} {verb} {BOX}."


def altered_area() -> str:
    return f"What was altered lies in {BOX}."


def manipulation(known: Known, rng: Random) -> str:
    name, means = ALTERED[known.record.digital or ""]
    told = rng.choice(
        (
            f"Software was at work here. It is {name}: {means}.",
            f"This {known.noun} shows {name}: {means}.",
            f"The likely manipulation is {name}: {means}.",
        )
    )
    return f"{told} {signs(known, rng)}" if known.cues else told


def untouched(known: Known, rng: Random) -> str:
    return rng.choice(
        (
            f"No manipulation by software shows: the {known.noun} is as a camera took it.",
            f"The {known.noun} was taken by a camera, and no program changed the face afterwards.",
            f"I find no face swap, no reenactment, no morph and no generated face in this {known.noun}.",
        )
    )


def attacked(known: Known, but: str) -> str:
    """What was before the camera, after an answer about the pixels; "" where it was a person or is not known."""
    if known.record.live is not False:
        return ""
    name = f": {known.record.attack}" if known.record.attack else ""
    return f" What the camera saw is a presentation attack, {but}{name}."


def meaning(known: Known) -> str:
    """What the class says."""
    if known.record.attack is None:
        return "What the camera sees is no person but an instrument."
    name, means = MEANS[known.record.attack]
    return f"With {name}, {means}."


def _opening(known: Known) -> str:
    return LIVE if known.record.live else SPOOFED


def _named(known: Known) -> str:
    return f"The likely attack type is {known.record.attack}." if known.record.attack else ""


def _live(known: Known, rng: Random) -> str:
    """Of signs only where cues are known."""
    if known.cues is None:
        return rng.choice(PERSON)
    return rng.choice(PERSON if known.cues else (*PERSON, NO_SIGN)) if rng.random() < 0.5 else _not_seen(known, rng)


def _not_seen(known: Known, rng: Random) -> str:
    names = [name for name in SHOWS if name in known.missing]
    missing = [names.pop(int(rng.random() * len(names))) for _ in range(min(NOT_SEEN, len(names)))]
    if not missing:
        return NO_SIGN
    return f"I looked for signs of an attack and found {listed([f'no {name}' for name in missing])}."


def _place(name: str, known: Known) -> str:
    """What is visible there; else that what belongs there is not."""
    found = [SHOWS[cue] for cue in PLACES[name] if cue in (known.cues or ())]
    missing = [f"no {cue}" for cue in PLACES[name] if cue in known.missing]
    told = _joined(found) if found else listed(missing[:NAMED_AS_MISSING]) or "nothing is clear"
    return f"{name.capitalize()}: {told}."


def _joined(clauses: list[str]) -> str:
    """With a comma before the "and", because each is a sentence of its own."""
    return ", and ".join(part for part in (", ".join(clauses[:-1]), clauses[-1]) if part)


KINDS: dict[str, Write] = {"verdict": verdict, "type": attack_type, "why": why, "where": where, "digital": digital}
