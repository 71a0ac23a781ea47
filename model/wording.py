"""Evidence to words and words back to evidence: the prompt's evidence line, settled sentences, bans, the check of a text.

Training answers, the assistant and the metrics all read these words. An action unit is named by the words of the
taxonomy, so that a text can be held against its object; emotion words speak of a configuration, never of a feeling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from .answer import ActionUnitReading, Answer, Emotion
from .readings import action_units, attack_type, is_active, sigmoid, visible_cues
from .refusals import refusal
from .taxonomy import ATTACKS, AU_WORDS, CUES, EMOTIONS, NO_PROTOTYPE

if TYPE_CHECKING:
    from .network.evidence import Evidence

ROOM_IN_EVIDENCE = 27  # words and marks for action units: keeps the evidence line within 50 SmolLM2 tokens
NO_ACTION = "no clear muscle action"
CHOICES = ("Live", "Spoof")

EMOTION_FORMS = {
    "neutral": ("neutral",),
    "happiness": ("happiness", "happy", "joy", "joyful"),
    "sadness": ("sadness", "sad"),
    "surprise": ("surprise", "surprised"),
    "fear": ("fear", "fearful", "afraid", "scared"),
    "disgust": ("disgust", "disgusted"),
    "anger": ("anger", "angry"),
    "contempt": ("contempt", "contemptuous"),
}
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
VERDICT_SENTENCES = {"live": "Live.", "spoof": "Spoof.", "uncertain": "Uncertain."}
CLAIMS = {"live": ("live", "real", "genuine"), "spoof": ("spoof", "spoofed", "fake", "faked", "attack")}

_SIDES = {"both": "", "left": " left", "right": " right"}
_FILLER = r"\s+(?:(?:is|are|both|clearly|slightly|strongly)\s+){0,2}"
_SIDE = r"(?:\s+\(AU\d+\))?(?:\s+on the (left|right))?"
_AU_PATTERNS = {
    code: re.compile(rf"\b(?:{_FILLER.join(words.split())}\b|{code}\b){_SIDE}", re.IGNORECASE) for code, words in AU_WORDS.items()
}
# The model writes "cheeksraised" where "cheeks raised" is banned.
_RUN_TOGETHER = re.compile("|".join(words.replace(" ", "") for words in AU_WORDS.values() if " " in words), re.IGNORECASE)
_EMOTION_PATTERNS = {label: re.compile(rf"\b(?:{'|'.join(forms)})\b", re.IGNORECASE) for label, forms in EMOTION_FORMS.items()}
_ADJECTIVES = r"happy|joyful|sad|surprised|fearful|afraid|scared|disgusted|angry|contemptuous"
_INNER_STATE = re.compile(
    rf"\b(?:(?:is|are|was|being)\s+(?:\w+\s+)?(?:{_ADJECTIVES})|feel(?:s|ing)?\s+(?:\w+\s+)?(?:{_ADJECTIVES}|{'|'.join(EMOTIONS)}))\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(?:(live|genuine|spoof(?:ed)?|faked)\b|(real|fake)(?= (?:person|human|face|man|woman|photo|picture|recording)\b)"
    r"|(?:is|looks|appears|seems)\s+(?:to be\s+)?(?:(?:a|an|likely|probably|clearly)\s+)*(real|fake|attack)\b)",
    re.IGNORECASE,
)
_HONESTY = re.compile(r"\b(?:decepti\w+|deceit\w*|deceiv\w+|l(?:ying|iars?)|(?:dis)?honest\w*|intent(?:ion)?s?)\b", re.IGNORECASE)
_SHOWS = re.compile(r"^the face shows\b", re.IGNORECASE)
_JOINING = re.compile(r"\b(?:and|is|are|both|clearly|slightly|strongly|on the (?:left|right))\b|\(AU\d+\)|[\s,.;]", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:no(?! doubt| question)|not(?! only| just| merely)|nor|never|without(?! doubt| question)|neither|\w+n't)\b"
    r"[^,.;:!?]*?(?=[,.;:!?]|$|\b(?:and|but|yet|while|though|although|however|whereas)\b)",
    re.IGNORECASE,
)
_CODE = re.compile(r"\bAU ?(\d+)\b")
_LEVEL = re.compile(r"\bat level (\d) of 5\b", re.IGNORECASE)
_SHARE = re.compile(r"\((\d+%)\)")
_STRONGEST = re.compile(r"\bthe strongest (?:\w+ )*?is (?:the )?", re.IGNORECASE)
_AGE = re.compile(r"\byears?[ -]old\b|\baged\b|\b(?:twen|thir|for|fif|six|seven|eigh)ties\b", re.IGNORECASE)
_NAME = re.compile(r"(?<=[\w,] )(?!I\b)[A-Z][a-z]+")  # inside a sentence our words have no capitals
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


# Evidence to words


def evidence_text(evidence: Evidence) -> str:
    """The line before a face's tokens: "spoof 3%; lip corners pulled up 3, eyes closed 1 left; happiness 80%".

    A probable attack is named with its clearest signs: "spoof 93%, print, edge, halftone; ...". Of the active action units the strongest
    that fit are named.
    """
    leading = max(evidence.emotion, key=evidence.emotion.__getitem__)
    signs = attack_signs(evidence)
    room = ROOM_IN_EVIDENCE - sum(map(_cost, signs))
    parts = (
        ", ".join((f"spoof {percent(sigmoid(evidence.spoof_logit))}", *signs)),
        ", ".join(_fitting(_strongest_first(evidence), room)) or NO_ACTION,
        f"{leading} {percent(evidence.emotion[leading])}",
    )
    return "; ".join(parts)


def movement_text(beyond_rest: Evidence, regions: Mapping[str, tuple[float, float]]) -> str:
    """A movement's line: the action units that it added, else the region that moved most: "no clear muscle action, left brow moved"."""
    named = ", ".join(_fitting(_strongest_first(beyond_rest), ROOM_IN_EVIDENCE))
    if named or not regions:
        return named or NO_ACTION
    most = max(regions, key=lambda name: sum(part**2 for part in regions[name]))
    return f"{NO_ACTION}, {most.replace('_', ' ')} moved"


def _strongest_first(evidence: Evidence) -> Iterator[str]:
    active = sorted(active_aus(evidence).items(), key=lambda item: -item[1][0])
    return (f"{AU_WORDS[code]} {level(i)}{_SIDES[side]}" for code, (i, side) in active)


def attack_signs(evidence: Evidence) -> list[str]:
    """The attack's likely type and its two clearest cues; nothing when the head finds live likelier."""
    if evidence.spoof_logit < 0:
        return []
    return [attack_type(evidence), *(cue.name for cue in visible_cues(evidence)[:2])]


def _fitting(named: Iterable[str], room: int) -> list[str]:
    """The first of them, as many as there is room for."""
    kept = []
    for name in named:
        room -= _cost(name)
        if room < 0:
            break
        kept.append(name)
    return kept


def _cost(name: str) -> int:
    """At most this many tokens: a number costs a blank of its own, and a comma follows."""
    return len(name.split()) + 2


def level(intensity: float) -> int:
    """The FACS level 1 to 5 (A to E) of an active action unit."""
    return min(max(int(intensity + 0.5), 1), 5)


def percent(share: float) -> str:
    return f"{100 * share:.0f}%"


# Objects to sentences


def active_aus(evidence: Evidence) -> dict[str, tuple[float, str]]:
    """Code -> (intensity, side) of what is active, in the taxonomy's order."""
    return {code: (r.intensity, r.side or "both") for code, r in action_units(evidence).items() if is_active(r)}


def au_phrase(code: str, side: str | None = "both") -> str:
    return AU_WORDS[code] if side in (None, "both") else f"{AU_WORDS[code]} on the {side}"


def au_sentence(aus: dict[str, ActionUnitReading]) -> str:
    active = [au_phrase(code, reading.side) for code, reading in aus.items() if is_active(reading)]
    return f"The face shows {listed(active) or NO_ACTION}."


def emotion_sentence(emotion: Emotion) -> str:
    if emotion.label == "uncertain":
        return "The configuration resembles no single emotion clearly."
    share = percent(emotion.scores[emotion.label])
    if emotion.label == NO_PROTOTYPE:
        return f"The configuration has {NO_PROTOTYPE} ({share})."
    return f"The configuration resembles {'a neutral face' if emotion.label == 'neutral' else emotion.label} ({share})."


def verdict_sentence(answer: Answer) -> str:
    """The settled label, and what the object names as its reason."""
    opening_word = VERDICT_SENTENCES[answer.label or "uncertain"]
    if answer.label == "live":
        return f"{opening_word} No single sign of an attack is clear."
    if answer.label != "spoof":
        return f"{opening_word} The evidence points clearly to neither side."
    cues = [cue.name for cue in answer.cues or () if cue.name != "other"]
    reason = f"Visible signs: {listed(cues)}." if cues else "No single cue is clear."
    return f"{opening_word} The likely attack type is {answer.attack}. {reason}"


def opening(answer: Answer) -> str:
    """The first words of an answer, settled before the model writes. No blank at the end: the next token brings its own."""
    if answer.task == "spoof":
        return VERDICT_SENTENCES[answer.label or "uncertain"]
    if answer.task == "emotion" and answer.emotion:
        return emotion_sentence(answer.emotion)
    if answer.task in ("au", "describe") and answer.aus is not None:
        return "The face shows" if any(map(is_active, answer.aus.values())) else f"The face shows {NO_ACTION}."
    return ""


def settled(answer: Answer) -> str:
    """The whole of what the object says, in sentences that agree with it."""
    if answer.task == "spoof":
        return verdict_sentence(answer)
    aus, feeling = au_sentence(answer.aus or {}), emotion_sentence(answer.emotion) if answer.emotion else ""
    parts = {"au": (aus,), "emotion": (feeling, aus)}.get(answer.task, (aus, feeling))
    return " ".join(part for part in parts if part)


def listed(parts: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)


# Words back to objects


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
    number, another emotion, verdict or sign of attack, says what a person feels, who or what they are, or speaks of honesty.
    """
    return not contradicts(text, answer) and not _unsaid(text, answer)


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
        or _wrong_claim(said, answer)
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


def _wrong_claim(said: str, answer: Answer) -> bool:
    """Says live or spoof against the label, or without one."""
    right = CLAIMS.get(answer.label or "", ())
    openings = [word for label, word in VERDICT_SENTENCES.items() if label != answer.label]
    if any(sentence.startswith(tuple(openings)) for sentence in sentences(said)):
        return True
    return any(found[found.lastindex or 0].lower() not in right for found in _CLAIM.finditer(said))


def _wrong_sign(said: str, answer: Answer) -> bool:
    shown = {answer.attack, *(cue.name for cue in answer.cues or ())}
    names = (name for name in (*ATTACKS, *CUES) if name != "other" and name not in shown)
    return any(re.search(rf"\b{name}(?:s|ed)?\b", said, re.IGNORECASE) for name in names)


# Cleaning


def sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE_END.split(text.strip()) if part]


def whole_sentences(text: str, ended: bool) -> str:
    """The text without a last sentence that was cut off; one that ended by itself gets its full stop."""
    parts = sentences(text)
    if parts and not parts[-1].endswith((".", "!", "?")):
        parts[-1:] = [parts[-1] + "."] if ended else []
    return " ".join(parts)


def joined(prefix: str, text: str) -> str:
    """Prefix and continuation with a blank between them where the engine gave none."""
    gap = " " if prefix and text and not text[0].isspace() and text[0] not in ",.;:!?" else ""
    return prefix + gap + text


def agreeing(parts: Iterable[str], answer: Answer) -> str:
    """Those of the sentences that do not contradict the object."""
    return " ".join(part for part in parts if not contradicts(part, answer))
