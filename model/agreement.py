"""Words back to objects: what a text claims, whether it agrees with its object, and what it may not say.

What an engine writes is held against the object by these patterns; what they do not find is not a claim. Denied words claim nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .answer import Answer, Interval
from .movements import NUMBERS, expressions
from .readings import is_active
from .refusals import refusal
from .taxonomy import ATTACKS, AU_WORDS, CUES, EMOTIONS, NO_PROTOTYPE
from .wording import EMOTION_FORMS, NO_ACTION, VERDICT_SENTENCES, level, opening, percent, sentences

# Patterns of how everyday words begin -> the action units of which one at least must be active for a text to say so.
EVERYDAY_ACTIONS = {
    "smil": ("AU12",),
    "grin(?!d)": ("AU12",),
    "frown": ("AU4", "AU15"),
    "scowl": ("AU4",),
    "squint": ("AU6", "AU7"),
    "blink": ("AU43",),
    "wink": ("AU43",),
    "yawn": ("AU26", "AU27"),
    "pout": ("AU17", "AU18"),
    "sneer": ("AU9", "AU10", "AU14"),
    "smirk": ("AU12", "AU14"),
}
CLAIMS = {"live": ("live", "real", "genuine"), "spoof": ("spoof", "spoofed", "fake", "faked", "attack")}

_FILLER = r"\s+(?:(?:is|are|both|clearly|slightly|strongly)\s+){0,2}"
_SIDE = r"(?:\s+\(AU\d+\))?(?:\s+on the (left|right))?"
_AU_PATTERNS = {
    code: re.compile(rf"\b(?:{_FILLER.join(words.split())}\b|{code}\b){_SIDE}", re.IGNORECASE) for code, words in AU_WORDS.items()
}
# The model writes "cheeksraised" where "cheeks raised" is banned.
_RUN_TOGETHER = re.compile("|".join(words.replace(" ", "") for words in AU_WORDS.values() if " " in words), re.IGNORECASE)
_EMOTION_PATTERNS = {label: re.compile(rf"\b(?:{'|'.join(forms)})\b", re.IGNORECASE) for label, forms in EMOTION_FORMS.items()}
_ADJECTIVES = r"(?:un)?happy|joyful|sad|surprised|fearful|afraid|scared|disgusted|angry|contemptuous"
_INNER_STATE = re.compile(
    rf"\b(?:(?:is|are|was|being)\s+(?:\w+\s+)?(?:{_ADJECTIVES})|feel(?:s|ing)?\s+(?:\w+\s+)?(?:{_ADJECTIVES}|{'|'.join(EMOTIONS)}))\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(?:(live|genuine|spoof(?:ed)?|faked)\b|(real|fake)(?= (?:person|human|face|man|woman|photo|picture|recording)\b)"
    r"|(?:is|looks|appears|seems)\s+(?:to be\s+)?(?:(?:a|an|likely|probably|clearly)\s+)*(real|fake|attack)\b)",
    re.IGNORECASE,
)
# Of the configuration nothing else is said: it has no prototype, or resembles none clearly, or an emotion.
_CONFIGURATION = re.compile(
    rf"\bconfiguration\b(?! (?:has no clear prototype|resembles (?:no single emotion clearly|(?:an? )?(?:{'|'.join(form for forms in EMOTION_FORMS.values() for form in forms)})))\b)",
    re.IGNORECASE,
)
_LEANS = re.compile(r"\bevidence (?:\w+ )?(?:points?|leans?|speaks?|tends?)\b", re.IGNORECASE)
_OPEN = re.compile(r"\bevidence\b[^.!?]*\b(?:neither|(?:no|either|both) (?:side|way)s?)\b", re.IGNORECASE)
_NO_SIGN = re.compile(r"\bno (?:single |clear )?(?:sign|cue)s?\b", re.IGNORECASE)
_NO_PROTOTYPE = re.compile(r"\bno (?:clear |full |single )?prototype\b", re.IGNORECASE)
_STRONGEST_OF_NOTHING = re.compile(r"\bthe strongest is\b", re.IGNORECASE)  # no action stands before it
_HONESTY = re.compile(r"\b(?:decepti\w+|deceit\w*|deceiv\w+|l(?:ying|iars?)|(?:dis)?honest\w*|intent(?:ion)?s?)\b", re.IGNORECASE)
_SHOWS = re.compile(r"^the face shows\b", re.IGNORECASE)
_JOINING = re.compile(r"\b(?:and|is|are|both|clearly|slightly|strongly|on the (?:left|right))\b|\(AU\d+\)|[\s,.;]", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:no(?! doubt| question)|not(?! only| just| merely)|nor|never|without(?! doubt| question)|neither|\w+n't)\b"
    r"[^,.;:!?]*?(?=[,.;:!?]|$|\b(?:and|but|yet|while|though|although|however|whereas)\b)",
    re.IGNORECASE,
)
_CODE = re.compile(r"\bAU ?(\d+)\b")
_PARTS = re.compile(r"[,;]|\band\b", re.IGNORECASE)
_CODE_OR_VERB = re.compile(r"\(au\d+\)|\b(?:is|are)\b|[.!?]$")
_LEVEL = re.compile(r"\bat level (\d) of 5\b", re.IGNORECASE)
_SHARE = re.compile(r"\((\d+%)\)")
_STRONGEST = re.compile(r"\bthe strongest (?:\w+ )*?is (?:the )?", re.IGNORECASE)
_AGE = re.compile(r"\byears?[ -]old\b|\baged\b|\b(?:twen|thir|for|fif|six|seven|eigh)ties\b", re.IGNORECASE)
_MICRO = re.compile(r"\bm(?:i|a)cro.?(?:expression|movement)s?\b", re.IGNORECASE)
_HEDGED = re.compile(r"\b(?:possibl[ey]|candidates?|may|might|could|perhaps)\b", re.IGNORECASE)
# The regions of perception/patches.py, a side before them.
_REGION = re.compile(
    r"\b(?:(left|right)\s+)?(inner brow|outer brow|brow|upper lid|lower lid|lid|cheek|nose wing|lip corner|glabella|upper lip|lower lip|chin)s?\b",
    re.IGNORECASE,
)
_STILL = re.compile(
    r"\b(?:nothing (?:in the \w+ |at all )?(?:moves?|moved|happens|happened|changes|stands out)|no (?:\w+ ){0,2}(?:movement|expression)s?"
    r"|(?:stays|remains|keeps) (?:\w+ )?still)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    rf"\b({'|'.join(NUMBERS[1:])}|\d+) (?:(?:possible|brief|quick|facial|clear) )*(m[ia]cro)?[ -]?(?:movement|expression)s?\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[\w,] )(?!I\b)[A-Z][a-z]+")  # inside a sentence our words have no capitals


def mentioned_aus(text: str) -> list[str]:
    """Codes of the action units that a text says are there, in the taxonomy's order; denied ones do not count."""
    said = affirmed(text)
    return [code for code, pattern in _AU_PATTERNS.items() if pattern.search(said)]


def mentioned_emotions(text: str) -> list[str]:
    said = affirmed(text)
    return [label for label, pattern in _EMOTION_PATTERNS.items() if pattern.search(said)]


def affirmed(text: str) -> str:
    """The text, blanks in place of what follows a "no", "not", "without" ... up to the next comma, "and" or "but"."""
    return _DENIED.sub(lambda denied: " " * len(denied[0]), text)


def with_codes(text: str) -> str:
    """Adds "(AU12)" after the first mention of each action unit in words; what is denied gets none."""
    for code, words in AU_WORDS.items():
        said = affirmed(text)
        mention = re.search(rf"\b{_FILLER.join(words.split())}\b", said, re.IGNORECASE)
        if mention and not re.search(rf"\b{code}\b", said):
            text = f"{text[: mention.end()]} ({code}){text[mention.end() :]}"
    return text


def banned_phrases(answer: Answer) -> tuple[str, ...]:
    """What a text about this object may not say, as it stands inside a sentence and at its start."""
    silent = (AU_WORDS[code] for code in AU_WORDS if not is_active_in(answer, code))
    label = answer.emotion.label if answer.emotion else None
    others = (form for name, forms in EMOTION_FORMS.items() if name != label for form in forms)
    phrases = (*silent, *others)
    return (*phrases, *(phrase.capitalize() for phrase in phrases))


def is_active_in(answer: Answer, code: str) -> bool:
    reading = (answer.aus or {}).get(code)
    return reading is not None and is_active(reading)


def agrees(text: str, answer: Answer) -> bool:
    """Names what the object shows and nothing else.

    An answer to au or describe names every active action unit and its side, one to emotion or describe the leading emotion, one that
    calls a face a spoof the attack's type and its cues; no answer names a silent unit or one that does not exist, a wrong side or
    number, another emotion, verdict or sign of attack, says what a person feels, who or what they are, or speaks of honesty. Of a clip it
    names regions of its intervals alone, and states no micro-expression as a fact. Nothing is said twice.
    """
    return not contradicts(text, answer) and not _unsaid(text, answer) and not repeats(text)


def contradicts(text: str, answer: Answer) -> bool:
    """Whether the text says what the object does not show."""
    said = affirmed(text)
    return bool(
        _INNER_STATE.search(said)
        or _RUN_TOGETHER.search(text)
        or _HONESTY.search(text)
        or _NAME.search(text)
        or any(map(refusal, sentences(text)))
        or _wrong_number(text, answer)
        or _wrong_level(text, answer)
        or _unknown_action(said)
        or _wrong_action(said, answer)
        or _wrong_emotion(said, answer)
        or _wrong_configuration(text, answer)
        or _wrong_claim(said, answer)
        or (answer.task == "spoof" and _wrong_balance(text, answer))
        or any(_MICRO.search(part) and not _HEDGED.search(part) for part in sentences(said))
        or (answer.intervals is not None and (_wrong_region(said, answer) or _wrong_count(text, answer.intervals)))
        or (answer.task == "spoof" and _wrong_sign(said, answer))
    )


def _unsaid(text: str, answer: Answer) -> bool:
    if answer.task in ("au", "describe") and not all(
        _is_said(code, text, answer) for code in AU_WORDS if is_active_in(answer, code)
    ):
        return True
    label = answer.emotion.label if answer.emotion else None
    if answer.task in ("emotion", "describe") and label in EMOTIONS:
        return label not in mentioned_emotions(text)
    return answer.task == "spoof" and not (text.startswith(opening(answer)) and _names_attack(text, answer))


def _is_said(code: str, text: str, answer: Answer) -> bool:
    """Names an active action unit, at least once with its side if it has one."""
    side = _side(answer, code)
    return any(side == "both" or (found[1] or "").lower() == side for found in _AU_PATTERNS[code].finditer(affirmed(text)))


def _side(answer: Answer, code: str) -> str:
    return (answer.aus or {})[code].side or "both"


def _names_attack(text: str, answer: Answer) -> bool:
    if answer.label != "spoof":
        return True
    signs = [answer.attack or "", *(cue.name for cue in answer.cues or () if cue.name != "other")]
    return all(sign in text for sign in signs)


def _unknown_action(said: str) -> bool:
    """Lists among what the face shows something that is no action unit's words."""
    for sentence in filter(_SHOWS.match, sentences(said)):
        rest = _SHOWS.sub("", sentence).replace(NO_ACTION, "")
        for pattern in _AU_PATTERNS.values():
            rest = pattern.sub("", rest)
        if _JOINING.sub("", rest):
            return True
    return False


def _wrong_action(said: str, answer: Answer) -> bool:
    if not all(is_active_in(answer, f"AU{number}") for number in _CODE.findall(said)):
        return True
    for code, pattern in _AU_PATTERNS.items():
        for found in pattern.finditer(said):
            if not is_active_in(answer, code) or (found[1] and found[1].lower() != _side(answer, code)):
                return True
    everyday = (codes for word, codes in EVERYDAY_ACTIONS.items() if re.search(rf"\b{word}", said, re.IGNORECASE))
    return not all(any(is_active_in(answer, code) for code in codes) for codes in everyday)


def _wrong_number(text: str, answer: Answer) -> bool:
    """Holds an age, or a number that is neither a code, nor a level of 5, nor the share of the emotion."""
    share = {percent(answer.emotion.scores.get(answer.emotion.label, 0.0))} if answer.emotion else set()
    rest = _LEVEL.sub("", _SHARE.sub("", _CODE.sub("", text)))
    return bool(_AGE.search(text) or re.search(r"\d", rest) or set(_SHARE.findall(text)) - share)


def _wrong_level(text: str, answer: Answer) -> bool:
    """Gives the action unit named before a level another one, or calls one the strongest that is not."""
    intensities = {code: reading.intensity for code, reading in (answer.aus or {}).items()}
    for found in _LEVEL.finditer(text):
        named = _in_order(text[: found.start()])
        if not named or level(intensities.get(named[-1], 0.0)) != int(found[1]):
            return True
    strongest = (code for found in _STRONGEST.finditer(text) for code in _in_order(text[found.end() :])[:1])
    return any(intensities.get(code, 0.0) < max(intensities.values(), default=0.0) for code in strongest)


def _in_order(text: str) -> list[str]:
    """Codes of the action units that a text names, in the text's order."""
    return [
        code
        for _, code in sorted((found.start(), code) for code, pattern in _AU_PATTERNS.items() for found in pattern.finditer(text))
    ]


def _wrong_emotion(said: str, answer: Answer) -> bool:
    label = answer.emotion.label if answer.emotion else None
    return any(name != label and pattern.search(said) for name, pattern in _EMOTION_PATTERNS.items())


def _wrong_configuration(text: str, answer: Answer) -> bool:
    """Says of it what it cannot be, that it has no prototype where it has, or what it resembles where no emotion was read."""
    label = answer.emotion.label if answer.emotion else None
    return bool(
        _CONFIGURATION.search(text)
        or (label != NO_PROTOTYPE and _NO_PROTOTYPE.search(text))
        or (label not in (None, "uncertain") and "no single emotion" in text)
        or (label is None and "configuration" in text.casefold())
    )


def _wrong_claim(said: str, answer: Answer) -> bool:
    """Says live or spoof against the label, or without one."""
    right = CLAIMS.get(answer.label or "", ())
    openings = [word for label, word in VERDICT_SENTENCES.items() if label != answer.label]
    if any(sentence.startswith(tuple(openings)) for sentence in sentences(said)):
        return True
    return any(found[found.lastindex or 0].lower() not in right for found in _CLAIM.finditer(said))


def _wrong_balance(text: str, answer: Answer) -> bool:
    """Says that the evidence leans where the label does not, or leans nowhere where it does, that no sign is clear beside those that are, or what "the
    strongest" is in a text without actions."""
    for part in sentences(text):
        is_open = bool(_OPEN.search(part))
        if (is_open and answer.label != "uncertain") or (
            not is_open and answer.label != "spoof" and _LEANS.search(affirmed(part))
        ):
            return True
    has_signs = any(cue.name != "other" for cue in answer.cues or ())
    return bool((has_signs and _NO_SIGN.search(text)) or _STRONGEST_OF_NOTHING.search(text))


def _wrong_region(said: str, answer: Answer) -> bool:
    """Says of a region that rose in no interval that it moved; the words of an action unit name a region without saying so."""
    for pattern in _AU_PATTERNS.values():
        said = pattern.sub("", said)
    moved = [name for interval in answer.intervals or () for name in interval.regions or ()]
    return not all(
        any(found[2].lower() in name and (found[1] or "").lower() in name for name in moved) for found in _REGION.finditer(said)
    )


def _wrong_count(text: str, intervals: Sequence[Interval]) -> bool:
    """Says that nothing moves where something does, or another number of movements."""
    kinds = [interval.kind for interval in expressions(intervals)]
    if kinds and _STILL.search(text):
        return True
    for found in _COUNTED.finditer(text):
        said = NUMBERS.index(found[1].lower()) if found[1].lower() in NUMBERS else int(found[1])
        if said != (kinds.count(found[2].lower()) if found[2] else len(kinds)):
            return True
    return False


def _wrong_sign(said: str, answer: Answer) -> bool:
    shown = {answer.attack, *(cue.name for cue in answer.cues or ())}
    names = (name for name in (*ATTACKS, *CUES) if name != "other" and name not in shown)
    return any(re.search(rf"\b{name}(?:s|ed)?\b", said, re.IGNORECASE) for name in names)


def repeats(text: str) -> bool:
    """Whether a sentence comes twice, or a part of one: what a small model writes that has nothing more to say."""
    said = [_bare(part) for part in sentences(text)]
    return len({*said}) < len(said) or any(map(_stutters, sentences(text)))


def _stutters(sentence: str) -> bool:
    parts = [part for part in map(_bare, _PARTS.split(_SHOWS.sub("", sentence.strip()))) if " " in part]
    return len({*parts}) < len(parts)


def _bare(words: str) -> str:
    """Without what may differ though the same is said: codes, "is" and "are", case and stops."""
    return " ".join(_CODE_OR_VERB.sub(" ", words.casefold()).split())


def agreeing(parts: Iterable[str], answer: Answer) -> str:
    """Those of the sentences that do not contradict the object, each once."""
    kept: dict[str, str] = {}
    for part in parts:
        if not contradicts(part, answer) and not _stutters(part):
            kept.setdefault(_bare(part), part)
    return " ".join(kept.values())
