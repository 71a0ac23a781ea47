"""The object that every answer is: one Reply per input, one Face per face, one Answer per face.

The dataclasses are the contract: the JSON schema is generated from them, so that a field has one home.
`python -m facewise.model.answer` prints it; model/answer.schema.json is that print, and a test compares the two.
"""

from __future__ import annotations

import json
import types
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from . import taxonomy

T = TypeVar("T")
# A field that may be missing from the JSON but is never null in it; all other optional fields may be both.
LEFT_OUT = "left out"
Omitted = Annotated[T | None, LEFT_OUT]


@dataclass(frozen=True, eq=False)
class Says:
    """What a type hint adds to its JSON schema; with a `name` it is written once, under $defs. (A dict has no hash.)"""

    schema: dict[str, Any]
    name: str = ""


def one_of(*choices: str) -> Says:
    """A string from a vocabulary."""
    return Says({"enum": list(choices)})


Share = Annotated[float, Says({"minimum": 0, "maximum": 1})]
Count = Annotated[int, Says({"minimum": 0})]
Measure = Annotated[float, Says({"minimum": 0})]
Box = Annotated[tuple[float, float, float, float], Says({"items": {"type": "number"}, "minItems": 4, "maxItems": 4}, "box")]


@dataclass(frozen=True)
class Quality:
    """Whether the face can be read well; `reasons` says what stands in the way ("small", "dark" ...)."""

    ok: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActionUnitReading:
    """Intensity on the FACS scale, 0 to 5 (A to E are 1 to 5); `p` that it is active; the person's own side."""

    intensity: Annotated[float, Says({"minimum": 0, "maximum": 5})]
    p: Share
    side: Omitted[Annotated[str, Says({"enum": list(taxonomy.SIDES), "description": "the person's own"})]] = None


AUs = Annotated[dict[str, ActionUnitReading], Says({"propertyNames": {"pattern": "^AU([1-9]|[1-6][0-9]|7[0-2])$"}}, "aus")]


@dataclass(frozen=True)
class Emotion:
    """What the configuration resembles; `scores` holds every label that the model scores."""

    label: Annotated[str, one_of(*taxonomy.EMOTIONS, "uncertain", taxonomy.NO_PROTOTYPE)]
    scores: dict[str, Share]
    coarse: Annotated[str, one_of("positive", "negative", "surprise", "other")] | None = None
    source_label: str | None = None


EmotionPart = Annotated[Emotion, Says({}, "emotion")]


@dataclass(frozen=True)
class Cue:
    """A visible sign of a presentation attack."""

    name: Annotated[str, one_of(*taxonomy.CUES)]
    p: Share
    box: Box | None = None


@dataclass(frozen=True)
class Digital:
    """Generated or manipulated pixels: a question apart from `label` and `score`."""

    score: Share
    type: Annotated[str, one_of(*taxonomy.DIGITAL_TYPES)] | None = None


@dataclass(frozen=True)
class Interval:
    """One movement in a clip; frames count from 0 and both ends belong to it. `regions` that rose above their noise, the strongest first."""

    onset: Count
    apex: Count
    offset: Count
    kind: Annotated[str, one_of("micro", "macro", "blink")]
    score: Share
    aus: AUs | None = None
    emotion: EmotionPart | None = None
    text: Omitted[str] = None
    onset_s: Omitted[Measure] = None
    apex_s: Omitted[Measure] = None
    offset_s: Omitted[Measure] = None
    fps: Omitted[Measure] = None
    regions: Omitted[tuple[str, ...]] = None


@dataclass(frozen=True)
class Answer:
    """The answer about one face. `score` is the calibrated probability of a presentation attack, of a clip the mean over its `frames`."""

    task: Annotated[str, one_of(*taxonomy.TASKS)]
    text: Annotated[str, Says({"minLength": 1})]
    label: str | None = None
    score: Share | None = None
    score_missing: Omitted[Annotated[str, Says({"description": "why score is null"})]] = None
    frames: Omitted[Annotated[tuple[Count, ...], Says({"description": "of a clip, those that the verdict was taken of"})]] = None
    attack: Annotated[str, one_of(*taxonomy.ATTACKS)] | None = None
    boxes: tuple[Box, ...] | None = None
    cues: tuple[Cue, ...] | None = None
    digital: Digital | None = None
    aus: AUs | None = None
    baseline: Annotated[str, one_of("given", "clip", "population")] | None = None
    emotion: EmotionPart | None = None
    intervals: tuple[Interval, ...] | None = None
    age: Annotated[float, Says({"minimum": 0, "maximum": 120})] | None = None
    attributes: dict[str, Share] | None = None


@dataclass(frozen=True)
class Face:
    """One face; `box` is x1, y1, x2, y2 in pixels of the picture as the user sees it."""

    id: Count
    box: Box
    quality: Quality
    streams: Annotated[dict[str, bool], Says({"required": ["landmarks", "spoof", "motion"]})]
    answer: Answer
    frame: Omitted[Count] = None

    @property
    def text(self) -> str:
        return self.answer.text

    @property
    def label(self) -> str | None:
        return self.answer.label

    @property
    def score(self) -> float | None:
        return self.answer.score

    @property
    def boxes(self) -> tuple[Box, ...] | None:
        return self.answer.boxes


@dataclass(frozen=True)
class Reply:
    """What one input gets: its faces, largest first, or a note that there is none, or the error."""

    input: str
    faces: Omitted[tuple[Face, ...]] = None
    model: Omitted[str] = None
    timing_ms: Omitted[dict[str, Measure]] = None
    note: Omitted[str] = None
    error: Omitted[str] = None
    faces_not_shown: Omitted[Count] = None
    backend: Omitted[Annotated[str, Says({"description": "landmark backend"})]] = None

    @property
    def text(self) -> str:
        """The largest face's text; without a face, the note or the error."""
        return self.faces[0].text if self.faces else self.note or self.error or ""

    @property
    def label(self) -> str | None:
        return self.faces[0].label if self.faces else None

    @property
    def score(self) -> float | None:
        return self.faces[0].score if self.faces else None

    def to_dict(self) -> dict[str, Any]:
        """As in `facewise ask --json`: absent parts are left out, the nulls that the schema asks for stay."""
        return _plain(self)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        kept = ("label", "score") if isinstance(value, Answer) and value.task == "spoof" else ()
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _plain(part) for name, part in pairs if part is not None or name in kept}
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _when(task: str, required: list[str], **properties: Any) -> dict[str, Any]:
    then = {"required": required, "properties": properties}
    return {"if": {"properties": {"task": {"const": task}}}, "then": then}


_SPOOF = _when("spoof", ["label", "score"], label={"enum": list(taxonomy.VERDICTS)})
_SPOOF["then"]["anyOf"] = [{"properties": {"score": {"type": "number"}}}, {"required": ["score_missing"]}]

# What no type can say: which parts an answer to a task must have, and what a reply without faces must say.
CONDITIONS: dict[type, dict[str, Any]] = {
    Answer: {
        "allOf": [
            _SPOOF,
            _when("au", ["aus"], aus={"$ref": "#/$defs/aus"}),
            _when("emotion", ["emotion"], emotion={"$ref": "#/$defs/emotion"}),
            _when("micro", ["intervals"], intervals={"type": "array"}),
        ]
    },
    Reply: {
        "anyOf": [{"required": ["faces", "model"]}, {"required": ["error"]}],
        "allOf": [
            {
                "if": {"properties": {"faces": {"maxItems": 0}}, "required": ["faces"]},
                "then": {"required": ["note"]},
            }
        ],
    },
}
PLAIN_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of one line of `facewise ask --json`."""
    definitions: dict[str, Any] = {}
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One line of `facewise ask --json`",
    }
    return head | _object(Reply, definitions) | {"$defs": definitions}


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        "type": "object",
        "required": [field.name for field in fields(kind) if field.default is not None],
        "properties": {name: _of(hint, definitions) for name, hint in hints.items()},
        **CONDITIONS.get(kind, {}),
    }


def _of(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of one type hint; a hint that has a name goes into `definitions`."""
    if get_origin(hint) is Annotated:
        inner, mark = get_args(hint)
        return _of(_not_none(inner), definitions) if mark == LEFT_OUT else _marked(inner, mark, definitions)
    if get_origin(hint) in (Union, types.UnionType):
        return _or_null(_of(_not_none(hint), definitions))
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _of(get_args(hint)[0], definitions)}
    if get_origin(hint) is dict:
        return {"type": "object", "additionalProperties": _of(get_args(hint)[1], definitions)}
    return _object(hint, definitions) if isinstance(hint, type) and is_dataclass(hint) else {"type": PLAIN_TYPES[hint]}


def _not_none(hint: Any) -> Any:
    return next(part for part in get_args(hint) if part is not types.NoneType)


def _marked(inner: Any, says: Says, definitions: dict[str, Any]) -> dict[str, Any]:
    made = _of(inner, definitions) | says.schema
    if "enum" in made:
        del made["type"]  # the enum says it, and null may join it
    if not says.name:
        return made
    definitions[says.name] = made
    return {"$ref": f"#/$defs/{says.name}"}


def _or_null(made: dict[str, Any]) -> dict[str, Any]:
    if "enum" in made:
        return made | {"enum": [*made["enum"], None]}
    if "$ref" in made or "properties" in made:
        return {"anyOf": [{"type": "null"}, made]}
    return made | {"type": [made["type"], "null"]}


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1))
