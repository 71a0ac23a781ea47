"""Evidence to words: the prompt's evidence lines and the settled sentences of an answer.

Training answers, the assistant and the metrics all read these words. An action unit is named by the words of the taxonomy, so that a
text can be held against its object (agreement.py); emotion words speak of a configuration, never of a feeling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from .answer import ActionUnitReading, Answer, Digital, Emotion
from .readings import action_units, attack_type, is_active, sigmoid, visible_cues
from .taxonomy import AU_WORDS, NO_PROTOTYPE

if TYPE_CHECKING:
    from .network.evidence import Evidence

ROOM_IN_EVIDENCE = 27  # words and marks for action units: keeps the evidence line within 50 SmolLM2 tokens
ROOM_IN_MOVEMENT = 18  # its time stands before it
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
ALTERED = (0.2, 0.8)  # what the words say of a reading that is not calibrated
VERDICT_SENTENCES = {"live": "Live.", "spoof": "Spoof.", "uncertain": "Uncertain."}

_SIDES = {"both": "", "left": " left", "right": " right"}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


# Evidence to words


def evidence_text(evidence: Evidence) -> str:
    """The line before a face's tokens: "live 97%; lip corners pulled up 3, eyes closed 1 left; happiness 80%".

    The likelier class is named, since a small language model copies a word more surely than it holds a number against one half; an attack
    with its clearest signs: "spoof 93%, print, edge, halftone; ...". Of the active action units the strongest that fit are named.
    """
    leading = max(evidence.emotion, key=evidence.emotion.__getitem__)
    signs = attack_signs(evidence)
    room = ROOM_IN_EVIDENCE - sum(map(_cost, signs))
    parts = (
        ", ".join((f"{'spoof' if signs else 'live'} {percent(sigmoid(abs(evidence.spoof_logit)))}", *signs)),
        ", ".join(_fitting(_strongest_first(evidence), room)) or NO_ACTION,
        f"{leading} {percent(evidence.emotion[leading])}",
    )
    return "; ".join(parts)


def movement_text(beyond_rest: Evidence, regions: Mapping[str, tuple[float, float]]) -> str:
    """A movement's line: the action units that it added, else the region that moved most, and the emotion that it resembles most: "no clear
    muscle action, left cheek moved; neutral 83%"."""
    named = ", ".join(_fitting(_strongest_first(beyond_rest), ROOM_IN_MOVEMENT))
    if not named:
        most = max(regions, key=lambda name: sum(part**2 for part in regions[name]), default="")
        named = f"{NO_ACTION}, {most} moved" if most else NO_ACTION
    leading = max(beyond_rest.emotion, key=beyond_rest.emotion.__getitem__)
    return f"{named}; {leading} {percent(beyond_rest.emotion[leading])}"


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


def software_sentence(digital: Digital | None) -> str:
    """What the object says of the pixels; between ALTERED's bounds nothing."""
    if digital is None:
        return "Whether software generated or altered it was not judged."
    low, high = ALTERED
    if low < digital.score < high:
        return "Whether software generated or altered it cannot be told."
    who = "Software seems" if digital.score >= high else "No software seems"
    return f"{who} to have generated or altered it; this reading is experimental."


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
