"""Answers as JSON: the flat schema of words for each task, and grammars by which an engine keeps to a schema while it writes.

A grammar cannot hold the whole object of an answer (answer.py: conditions, names by pattern), so these schemas ask for the words alone, the
verdict before its reason. xgrammar overlooks what it does not know, so a schema with anything else is refused here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from .errors import FacewiseError
from .taxonomy import ATTACKS, AU_WORDS, EMOTIONS, NO_PROTOTYPE, VERDICTS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
    from xgrammar import GrammarCompiler, GrammarMatcher, TokenizerInfo

REASON_CHARS = 200
TEXT_CHARS = 400
MOST_MOVEMENTS = 15  # as many as a prompt shows of one person
CACHED_BYTES = 64_000_000  # a grammar with one bounded string takes 2 MB
# Each takes 1.3 s of one core to compile over a vocabulary of 50,000 tokens, however long it may be; ours have one.
MOST_BOUNDED_STRINGS = 4
DEEPEST = 16

_ACTIONS = {"type": "array", "items": {"enum": list(AU_WORDS.values())}, "maxItems": len(AU_WORDS)}
_EMOTION = {"enum": [*EMOTIONS, NO_PROTOTYPE]}
_WORDS: dict[str, dict[str, Any]] = {
    "spoof": {
        "verdict": {"enum": list(VERDICTS)},
        "attack": {"enum": [*ATTACKS, None]},
        "reason": {"type": "string", "maxLength": REASON_CHARS},
    },
    "au": {"action_units": _ACTIONS},
    "emotion": {"emotion": _EMOTION, "reason": {"type": "string", "maxLength": REASON_CHARS}},
    "micro": {
        "movements": {"type": "array", "items": {"enum": ["micro", "macro"]}, "maxItems": MOST_MOVEMENTS},
        "action_units": _ACTIONS,
        "description": {"type": "string", "maxLength": TEXT_CHARS},
    },
    "describe": {"action_units": _ACTIONS, "emotion": _EMOTION, "description": {"type": "string", "maxLength": TEXT_CHARS}},
    "chat": {"answer": {"type": "string", "maxLength": TEXT_CHARS}},
}

# What a grammar keeps, by the keyword that says what kind of schema it is; beside it these may stand.
_BESIDE = {
    "$ref": (),
    "anyOf": (),
    "oneOf": (),
    "enum": ("type",),
    "const": ("type",),
    "type": (),
}
_OF_TYPE: dict[str, tuple[str, ...]] = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "boolean": (),
    "null": (),
}
_SAYS_NOTHING = ("$schema", "$id", "$defs", "definitions", "title", "description", "default", "examples")


def response_schema(task: str) -> dict[str, Any]:
    """The JSON schema of a task's words, for `response_format` and `Request.schema`. Raises FacewiseError for a task that is not answered."""
    if task not in _WORDS:
        raise FacewiseError(f"task {task!r} has no schema; there are {', '.join(_WORDS)}")
    words = _WORDS[task]
    return {"type": "object", "properties": words, "required": list(words), "additionalProperties": False}


def check_schema(schema: Any) -> None:
    """Raises FacewiseError for a schema that no grammar of ours keeps."""
    if not isinstance(schema, dict):
        raise FacewiseError(f"the schema is {str(schema)[:40]!r}; it must be an object of JSON")
    parts = list(_parts(schema))
    for part in parts:
        _check_part(part)
    _check_references(schema)
    bounded = sum("minLength" in part or "maxLength" in part for part in parts)
    if bounded > MOST_BOUNDED_STRINGS:
        raise FacewiseError(f"the schema bounds the length of {bounded} strings; at most {MOST_BOUNDED_STRINGS} can be kept")


def _parts(schema: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The schema and all schemas in it."""
    if isinstance(schema, bool):  # additionalProperties, items
        return
    if not isinstance(schema, dict) or depth > DEEPEST:
        what = f"is deeper than {DEEPEST}" if depth > DEEPEST else f"holds {str(schema)[:40]!r} in the place of an object"
        raise FacewiseError(f"the schema {what}; write a flatter or a right one")
    yield schema
    inner = [schema[name] for name in ("items", "additionalProperties") if name in schema]
    for name in ("anyOf", "oneOf", "prefixItems"):
        inner += _of_kind(schema.get(name, []), list, name)
        if name in schema and not schema[name]:
            raise FacewiseError(f"the schema's {name} is empty; name what it may be")
    for name in ("properties", "$defs", "definitions"):
        inner += _of_kind(schema.get(name, {}), dict, name).values()
    for part in inner:
        yield from _parts(part, depth + 1)


def _of_kind(value: Any, kind: type, name: str) -> Any:
    if not isinstance(value, kind):
        raise FacewiseError(f"the schema's {name} is {str(value)[:40]!r}; it must be {'a list' if kind is list else 'an object'}")
    return value


def _check_part(part: dict[str, Any]) -> None:
    told = [name for name in part if name not in _SAYS_NOTHING]
    kind = next((name for name in _BESIDE if name in part), None)
    types = part.get("type", [])
    types = types if isinstance(types, list) else [types]
    strange = [name for name in types if not isinstance(name, str) or name not in _OF_TYPE]
    if strange or (kind == "type" and not types):
        raise FacewiseError(f"the schema's type {strange[0] if strange else types!s:.40} is none of {', '.join(_OF_TYPE)}")
    if kind is None and told:
        raise FacewiseError(f"the schema's {told[0]} stands without a type; give one of {', '.join(_OF_TYPE)}")
    kept = {kind, *_BESIDE.get(kind or "", ()), *(name for one in types if kind == "type" for name in _OF_TYPE[one])}
    lost = [name for name in told if name not in kept]
    if lost:
        raise FacewiseError(f"the schema's {lost[0]} cannot be kept while words are written{_beside(kind, types)}; leave it out")
    required = _of_kind(part.get("required", []), list, "required")
    unknown = [name for name in required if not isinstance(name, str) or name not in part.get("properties", {})]
    if unknown:
        raise FacewiseError(f"the schema's required holds {unknown[0]!r:.40}, which is none of its properties")
    for least, most in (("minLength", "maxLength"), ("minItems", "maxItems")):
        bounds = [part[name] for name in (least, most) if name in part]
        if any(type(bound) is not int or bound < 0 for bound in bounds) or bounds != sorted(bounds):
            raise FacewiseError(
                f"the schema's {least} and {most} are {bounds!s:.40}; they must be whole numbers, the larger one last"
            )


def _check_references(schema: dict[str, Any]) -> None:
    """Only to its own definitions, and never in a circle: a grammar would begin such a text and not find its end."""
    named = {f"#/{kind}/{name}": part for kind in ("$defs", "definitions") for name, part in schema.get(kind, {}).items()}
    named["#"] = schema
    meant = {name: [inner["$ref"] for inner in _parts(part) if "$ref" in inner] for name, part in named.items()}
    for reference in meant["#"]:
        if not isinstance(reference, str) or reference not in named:
            raise FacewiseError(f"the schema's $ref is {reference!r:.60}; it must name a definition of its own, as #/$defs/NAME")
    try:
        TopologicalSorter(meant).prepare()
    except CycleError as error:
        raise FacewiseError(f"the schema refers to itself by {error.args[1][0]}; write it without") from None


def _beside(kind: str | None, types: Sequence[str]) -> str:
    return f" beside {kind}{' ' + '/'.join(types) if kind == 'type' else ''}" if kind else ""


class Grammars:
    """Schemas as grammars over a tokenizer's tokens, the last ones kept. `vocabulary` is the number of a model's logits."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, vocabulary: int, end_tokens: Sequence[int]):
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.end_tokens = list(end_tokens)

    def matcher(self, schema: dict[str, Any]) -> GrammarMatcher:
        """A fresh one, which follows one text. Raises FacewiseError for a schema that cannot be kept, and where xgrammar is not installed."""
        check_schema(schema)
        compiler = self._compiler
        from xgrammar import GrammarMatcher

        try:
            # Without free blanks: a small model that may write them writes nothing else.
            grammar = compiler.compile_json_schema(json.dumps(schema), any_whitespace=False, separators=(",", ":"))
        except RuntimeError as error:
            raise FacewiseError(f"the schema cannot be kept: {str(error).partition(': ')[2] or error}".strip()) from None
        return GrammarMatcher(grammar)

    @cached_property
    def unwritable(self) -> list[int]:
        """Tokens that no JSON text of ours holds: special ones, and control characters, which xgrammar lets into bounded strings."""
        special = set(self.tokenizer.all_special_ids) | set(self.tokenizer.added_tokens_decoder)
        control = (number for number, token in enumerate(self._info.decoded_vocab) if any(byte < 32 for byte in token))
        return sorted({*control, *(number for number in special if number < self.vocabulary)} - set(self.end_tokens))

    @cached_property
    def _compiler(self) -> GrammarCompiler:
        info = self._info
        from xgrammar import GrammarCompiler

        return GrammarCompiler(info, max_threads=1, cache_limit_bytes=CACHED_BYTES)

    @cached_property
    def _info(self) -> TokenizerInfo:
        try:
            from xgrammar import TokenizerInfo
        except ImportError:
            raise FacewiseError("a JSON schema is kept by xgrammar, which is not installed: pip install xgrammar") from None
        return TokenizerInfo.from_huggingface(self.tokenizer, vocab_size=self.vocabulary, stop_token_ids=self.end_tokens)
