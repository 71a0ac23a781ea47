"""The numbers of one face as HTML that reads well without its colours: verdict, action units, appearance, quality and streams."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from ...model.answer import ActionUnitReading, Emotion, Quality
from ...model.readings import is_active
from ...model.taxonomy import AU_CODES, AU_WORDS, NO_PROTOTYPE

SIDES = {"both": "both sides", "left": "the person's left", "right": "the person's right"}
MISSING = {"motion": "missing, a photo has none"}
LIMITS = (
    "Facewise sees pictures, nothing else. It cannot know what a person feels, thinks or intends, whether they lie, who they are, or anything about "
    "their health or origin. An appearance is not a feeling, and a verdict is a probability."
)


def head(title: str, quality: Quality, streams: Mapping[str, bool]) -> str:
    """The face's name, whether it can be read, and which streams speak of it."""
    doubts = "".join(f'<li class="warn">{escape(reason)}</li>' for reason in quality.reasons)
    mark = doubts or '<li class="good">reads well</li>'
    active = "".join(
        f'<li class="{"on" if is_on else "off"}">{escape(name)}: {"active" if is_on else MISSING.get(name, "missing")}</li>'
        for name, is_on in streams.items()
    )
    return (
        f'<section class="fw-head"><h2>{escape(title)}</h2><ul class="fw-chips" aria-label="Quality">{mark}</ul>'
        f'<ul class="fw-chips streams" aria-label="Evidence streams">{active}</ul></section>'
    )


def gauge(answer: Mapping[str, Any] | None, calibration: Mapping[str, float] | None) -> str:
    """The verdict on a scale of live to spoof with the band where it stays uncertain; what is missing is said."""
    score = answer.get("score") if answer else None
    if answer is None:
        words = "Not judged yet: ask “Is this face real, and why?”"
    elif score is None:
        words = f"Uncertain: {answer.get('score_missing', 'there is no score')}."
    else:
        words = f"{answer['label'].capitalize()}: {share(score)} probable to be a presentation attack (print, screen, mask …)."
    marker = "" if score is None else f'<b style="left:{100 * score:.1f}%"></b>'
    zones = _zones(calibration["low"], calibration["high"]) if calibration else '<i class="plain"></i>'
    scale = '<p class="fw-scale" aria-hidden="true"><span>live</span><span>uncertain</span><span>spoof</span></p>'
    label = (answer or {}).get("label") or "none"
    return (
        f'<section class="fw-gauge verdict-{escape(str(label))}"><h3>Verdict</h3><p class="told">{escape(words)}</p>'
        f'<div class="track" aria-hidden="true">{zones}{marker}</div>{scale}{_signs(answer)}{_software(answer)}</section>'
    )


def share(score: float) -> str:
    """Percent; never 0 or 100: a model is not certain."""
    return "over 99%" if score > 0.99 else "under 1%" if score < 0.01 else f"{score:.0%}"


def brief(score: float) -> str:
    """The same for a row of bars, where little place is."""
    return "&lt;1%" if score < 0.005 else f"{min(score, 0.99):.0%}"


def _zones(low: float, high: float) -> str:
    shares = {"live": low, "unsure": high - low, "spoof": 1 - high}
    return "".join(f'<i class="{name}" style="width:{100 * share:.1f}%"></i>' for name, share in shares.items())


def _signs(answer: Mapping[str, Any] | None) -> str:
    """One line, there before it is filled, so that nothing below it jumps when a verdict comes."""
    if not answer or not answer.get("attack"):
        return '<div class="fw-sign"></div>'
    cues = "".join(f"<li>{escape(cue['name'])} {min(cue['p'], 0.99):.0%}</li>" for cue in answer.get("cues") or ())
    chips = f'<ul class="fw-chips" aria-label="Signs of it">{cues}</ul>' if cues else ""
    return f'<div class="fw-sign"><p>Looks most like: <strong>{escape(answer["attack"])}</strong></p>{chips}</div>'


def _software(answer: Mapping[str, Any] | None) -> str:
    """The answer beside the verdict; its line is always there, too."""
    told = (answer or {}).get("digital")
    said = f"{share(told['score'])} <small>experimental</small>" if told else "not judged"
    return f'<p class="fw-software">Made or altered by software: {said}</p>'


def action_units(readings: Mapping[str, ActionUnitReading], baseline: str) -> str:
    """A row a unit, the active ones first and strongest first, the silent ones folded away."""
    active = sorted(
        (code for code, reading in readings.items() if is_active(reading)), key=lambda code: -readings[code].intensity
    )
    silent = [code for code in AU_CODES if code in readings and code not in active]
    rows = "".join(_unit(code, readings[code], True) for code in active)
    shown = f'<ul class="fw-bars">{rows}</ul>' if active else '<p class="none">No action unit is active.</p>'
    quiet = "".join(_unit(code, readings[code], False) for code in silent)
    return (
        f'<section class="fw-aus"><h3>Muscle actions <small>intensity 0–5, compared with {escape(baseline)}</small></h3>{shown}'
        f'<details class="fw-more" data-keep="silent"><summary>{len(silent)} silent</summary><ul class="fw-bars">{quiet}</ul></details></section>'
    )


def _unit(code: str, reading: ActionUnitReading, is_loud: bool) -> str:
    side = reading.side or "both"
    mark = "" if side == "both" or not is_loud else f'<em class="side">{SIDES[side]}</em>'
    return (
        f'<li class="{"loud" if is_loud else "quiet"}"><span class="code">{code}</span><span class="name">{AU_WORDS[code]}{mark}</span>'
        f'<span class="bar" aria-hidden="true"><i style="width:{20 * reading.intensity:.0f}%"></i></span>'
        f'<span class="value">{reading.intensity:.1f}</span></li>'
    )


def appearance(emotion: Emotion) -> str:
    """What the configuration resembles, all labels with their share."""
    ordered = sorted(emotion.scores, key=lambda name: -emotion.scores[name])
    rows = "".join(
        f'<li class="{"loud" if name == emotion.label else "quiet"}{" proto" if name == NO_PROTOTYPE else ""}"><span class="name">{escape(name)}</span>'
        f'<span class="bar" aria-hidden="true"><i style="width:{100 * emotion.scores[name]:.0f}%"></i></span>'
        f'<span class="value">{brief(emotion.scores[name])}</span></li>'
        for name in ordered
    )
    lead = {"uncertain": "Resembles no emotion clearly.", NO_PROTOTYPE: "No clear prototype."}.get(
        emotion.label, f"An appearance of {emotion.label}."
    )
    return (
        f'<section class="fw-look"><h3>Appearance <small>not a feeling</small></h3><p class="told">{escape(lead)}</p>'
        f'<ul class="fw-bars short">{rows}</ul></section>'
    )


def limits() -> str:
    return f'<details class="fw-more fw-limits" data-keep="limits"><summary>What the model cannot know</summary><p>{LIMITS}</p></details>'
