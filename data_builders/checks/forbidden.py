"""What no text about a face may say, whatever its labels: inner states, honesty, names, origin, health, religion, looks, and
what it was written from.

A sentence that declines ("I cannot tell someone's race or origin from a face ...") may name what it declines.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from ...model.refusals import DECLINED, refusal
from ...model.taxonomy import ACTION_UNITS, ATTACKS, CUES, DIGITAL_TYPES, EMOTIONS
from .claims import REMEMBERED, Claim
from .phrases import Phrases

_EMOTIONAL = (
    r"happy|joyful|cheerful|delighted|glad|sad|unhappy|sorrowful|surprised|astonished|startled|shocked|fearful|afraid|scared"
    r"|frightened|terrified"
    r"|disgusted|angry|furious|annoyed|irritated|contemptuous|scornful|amused|pleased|anxious|nervous|worried|bored"
    r"|relaxed and happy|stressed|confused|excited"
)
# A name of the fault and the pattern of what is one, in lower case.
FORBIDDEN = {
    "says what someone feels": (
        rf"(?:is|are|was|were|being|be|becomes?|feels?|feeling|felt)(?: \w+ly| \w+)? (?:{_EMOTIONAL})\b|(?:feels?|feeling|felt"
        rf"|experienc(?:es?|ed|ing)|suffers?|enjoys?)"
        rf"(?: \w+)? (?:{'|'.join(EMOTIONS[1:])}|pain|joy|grief|stress|emotions?)\b|(?:inner|mental|emotional) states?"
        rf"|state of mind|(?:true|real|hidden|inner|genuine) (?:feelings?|emotions?)"
        r"|(?:wants?|thinks?|believes?|intends?|hopes?|tr(?:ies|ying)|pretend(?:s|ing)?) (?:to|that)\b(?! be a print)"
        r"|in a (?:good|bad) mood|moods?\b"
    ),
    "speaks of honesty": r"decepti\w+|deceit\w*|l(?:ying|iars?)\b(?! (?:on|down|flat|in|against|over|under))|(?:dis)?honest\w*"
    r"|trustworth\w+|insincer\w+|intent(?:ion|ions|ionally)?\b"
    r"|(?:hid(?:es|ing)|conceal(?:s|ing)?) (?:something|anything|the truth|(?:his|her|their) (?:\w+ )?(?:emotions?|feelings?))"
    r"|guilt\w*|suspicious\w*",
    "says what no face tells": r"(?:un)?attractive\w*|beautiful\w*|beauty|handsome|ugl(?:y|iness)|gorgeous|sexy|good[- ]looking"
    r"|chubby|overweight|obese|\bfat\b|skinny"
    r"|(?:un)?health(?:y|ier)|\bill(?:ness)?\b|sick(?:ly|ness)?|diseases?|depress(?:ion|ive)\b|diagnos\w+|autis\w+|pregnan\w+"
    r"|drunk|intoxicated|disab\w+|muslims?|islam\w*|jew(?:s|ish)?"
    r"|christians?|hindus?|buddhists?|catholics?|gay|lesbian|bisexual|homosexual|heterosexual|transgender|criminals?"
    r"|terrorists?|intelligen(?:t|ce)|nationalit\w+|immigrants?",
    "speaks of its labels": r"ground[- ]truth|metadata|annotat(?:ed|ion|ions|or|ors)|(?:the|its|given|provided|my|your) labels?"
    r"|labell?ed|(?:given|provided|stated) (?:facts|information)"
    r"|as an ai|language model|reference answer|as instructed|the prompt",
}
_PLACEHOLDERS = re.compile(
    r"\{\w*\}|\[[a-z_ ]+\]|(?<=[a-z] )None\b(?! of)|\b(?:nan|null|undefined|TODO)\b|<(?!bbox>)[a-z/|_]+>|```", re.ASCII
)
_DECLINES = re.compile(
    r"\b(?:(?:cannot|can't|can not|could not|will not|won't)(?: \w+)? (?:tell|say|know|judge|identify|name|infer|read|determine"
    r"|guess|answer|be (?:\w+ )?(?:told|said|known|judged|inferred|read|determined|seen from))"
    r"|no (?:face|picture|clip|photo|image|video|recording|expression) (?:can |could )?(?:tells?|says?|reveals?)"
    r"|(?:does|do) not (?:tell|say|reveal)|is not (?:told|known)|(?:says?|tells?) nothing|no evidence (?:of|for|that)|decline)\b"
)
_NAME = re.compile(r"(?<=[a-z,] )(?!I\b)[A-Z][a-z]+")
_FIELD = (
    "duchenne davison ekman friesen facs facewise poisson fourier laplace gauss gaussian moire moiré live spoof uncertain"
    " micro macro level class face english action unit units facial coding system zygomaticus orbicularis corrugator frontalis"
    " levator depressor mentalis procerus risorius buccinator platysma"
)


@cache
def _phrases() -> Phrases:
    return Phrases(FORBIDDEN.items())


@cache
def _own_words() -> frozenset[str]:
    texts = (_FIELD, *EMOTIONS, *ATTACKS, *CUES, *DIGITAL_TYPES, *(f"{unit.name} {unit.words}" for unit in ACTION_UNITS))
    return frozenset(word for text in texts for word in text.lower().split())


def declines(lower: str) -> bool:
    """A sentence that says that something cannot be told."""
    return bool(_DECLINES.search(lower))


@lru_cache(maxsize=REMEMBERED)
def forbidden(sentence: str, free: bool) -> tuple[str, ...]:
    """Faults of a sentence, whatever the labels say. `free`: no template of ours, so that it is held against the patterns of
    refusals, too, which take 2 ms."""
    lower = sentence.lower()
    faults = [f"holds a placeholder: {found[0]}" for found in _PLACEHOLDERS.finditer(sentence)]
    if declines(lower):
        return tuple(faults)
    faults += [f"{name}: {found[0]}" for name, found in _phrases().find(lower)]
    names = (found[0] for found in _NAME.finditer(sentence) if found[0].lower() not in _own_words())
    faults += [f"names somebody or something: {name}" for name in names]
    if free and not faults and refusal(sentence):
        faults.append(f"says what no face tells: {_topic(sentence)}")
    return tuple(faults)


def _topic(sentence: str) -> str:
    told = refusal(sentence) or ""
    return next((topic for topic in DECLINED if topic in told), "who someone is")


def ties(told: tuple[Claim, ...]) -> Iterator[str]:
    """Demographic words of a sentence that also names an emotion."""
    emotions = [claim.names[0] for claim in told if claim.topic == "emotion" and not claim.denied]
    for claim in told:
        if emotions and claim.topic in ("gender", "age group", "ethnicity"):
            yield f"ties a demographic word to an emotion: {claim.words} and {emotions[0]}"
