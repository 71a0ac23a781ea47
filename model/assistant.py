"""The only path to an answer: perceive -> evidence -> prompt -> engine -> settle the label -> text -> object.

Numbers come from the evidence, words from the language model. A label is settled before the text begins and the text continues from it
(passages.py); a clip's movements are settled before one of them is put into words (clips.py).
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .answer import Answer, Face, Reply
from .asked import NO_MOVEMENT, Asked, asked_for
from .checkpoint import load_checkpoint, names_server
from .clips import Filmed, ToldMovement, as_filmed, clip_drafts
from .drafts import Draft, composed, grown, passages
from .engines.protocol import Engine, Request
from .errors import FacewiseError
from .passages import written
from .perception.picture import Picture, as_picture
from .perception.video import Clip
from .questions import prompt
from .readings import action_units, emotion, less_neutral
from .refusals import refusal
from .taxonomy import NO_FACE, NO_FACE_IN_CLIP
from .verdicts import Shot, judged

if TYPE_CHECKING:
    from .network.evidence import Evidence
    from .network.perceive import PerceivedFace, Perceiver

AT_ONCE = 8  # pictures and clips


def load(model: str = "default", engine: str = "hf") -> Assistant:
    """An assistant of a model (`default` or a folder) on an engine (`hf`, `vllm` or `fake`), or of the URL of an OpenAI-compatible server.

    Raises FacewiseError, listing the choices, and for a server that does not answer.
    """
    if names_server(model):
        return _served(model, engine)
    from .network import register

    register()
    checkpoint = load_checkpoint(model)
    return Assistant(checkpoint.perceiver, checkpoint.engine(engine), checkpoint.config.calibration, checkpoint.name)


def _served(url: str, engine: str) -> Assistant:
    """The server writes the words, the embedded model's own encoder gives the numbers, on the same pictures."""
    from .engines.http import HttpEngine

    if engine != "hf":  # the default of every door
        raise FacewiseError(f"engine {engine!r}: the model is run by the server {url}; leave the engine out")
    http = HttpEngine(url)
    perceiver = load_checkpoint().perceiver
    perceiver.max_faces = http.server.max_faces or perceiver.max_faces
    return Assistant(perceiver, http, http.server.calibration, f"{http.server.model} at {http.url}")


@dataclass(frozen=True, eq=False)
class Sight:
    """What was found in a picture or a clip: so many `people`, those of them that are asked about on their way to answers."""

    drafts: tuple[Draft, ...]
    people: int
    not_shown: int
    backend: str | None
    nobody: str


class Assistant:
    """Asks a perceiver for numbers and an engine for words. `calibration` joins both log-odds of a verdict (config.calibration)."""

    def __init__(self, perceiver: Perceiver, engine: Engine, calibration: Mapping[str, float] | None = None, name: str = ""):
        self.perceiver = perceiver
        self.engine = engine
        self.calibration = calibration
        self.name = name

    def ask(
        self,
        paths: Any,
        question: str | None = None,
        task: str | None = None,
        neutral: Any = None,
        emotion: bool = True,
        prior: float = 0.5,
    ) -> Any:
        """A Reply for one picture (path, bytes, PIL image, array, Picture) or clip (path, Clip, Filmed, ToldMovement), a list of them for a list, tuple or iterator.

        Without a `task` the question's words decide, without a question the task's default one is asked; without both a picture's faces are
        described and a clip's movements told. `neutral`: a picture of the same person at rest, taken off the intensities. `emotion` False
        leaves emotion words out. `prior`: expected share of spoofs, 0 < prior < 1. Raises FacewiseError for what cannot be asked and for a
        single input that cannot be read; among many, that one's Reply carries the error.
        """
        wanted = {is_clip: asked_for(question, task, neutral is not None, emotion, prior, is_clip) for is_clip in (False, True)}
        if neutral is not None:
            rest = self._neutral(neutral)
            wanted = {is_clip: replace(asked, neutral=rest) for is_clip, asked in wanted.items()}
        if isinstance(paths, list | tuple | Iterator):
            return list(self._replies(list(paths), wanted))
        reply = next(self._replies([paths], wanted))
        if reply.error:
            raise FacewiseError(reply.error)
        return reply

    def stream(self, source: Any, face: int, asked: Asked) -> Generator[str, None, Reply]:
        """What `ask` says of one face, the whole text each time it grows; returns the Reply with that face alone, whose text is the settled one.

        A stream that is closed early writes no further word. Raises FacewiseError as `ask` does, and for a face that is not there.
        """
        started = time.perf_counter()
        sight = self._seen(source, {False: asked, True: asked}, only=face)
        if isinstance(sight, str):
            raise FacewiseError(sight)
        perceived = time.perf_counter()
        if refusal(asked.question):
            faces = self._answered(sight.drafts, asked)
        else:
            (draft,) = self._judged(sight.drafts, asked)
            faces = [(yield from grown(draft, self.engine))]
        timing = _timing({"perceive": perceived - started, "answer": time.perf_counter() - perceived})
        return self._reply(_name(source), replace(sight, not_shown=0), iter(faces), timing)

    def _neutral(self, source: Any) -> Evidence:
        perceived = self.perceiver.perceive(as_picture(source))
        if not perceived.faces:
            raise FacewiseError(f"{_name(source)}: no face was found in the neutral picture")
        return perceived.faces[0].evidence

    def _replies(self, sources: Sequence[Any], wanted: Mapping[bool, Asked]) -> Iterator[Reply]:
        for start in range(0, len(sources), AT_ONCE):
            yield from self._together(sources[start : start + AT_ONCE], wanted)

    def _together(self, sources: Sequence[Any], wanted: Mapping[bool, Asked]) -> list[Reply]:
        """Replies to a few inputs, their faces asked about in one batch."""
        started = time.perf_counter()
        sights = [self._seen(source, wanted) for source in sources]
        perceived = time.perf_counter()
        drafts = [draft for sight in sights if not isinstance(sight, str) for draft in sight.drafts]
        faces = iter(self._answered(drafts, wanted[False]))
        each = 1 / len(sources)
        timing = _timing({"perceive": (perceived - started) * each, "answer": (time.perf_counter() - perceived) * each})
        return [self._reply(_name(source), sight, faces, timing) for source, sight in zip(sources, sights, strict=True)]

    # What is seen

    def _seen(self, source: Any, wanted: Mapping[bool, Asked], only: int | None = None) -> Sight | str:
        """What was found, or what is wrong with it. `only`: the id of the one face that is asked about."""
        try:
            filmed = as_filmed(source, self.perceiver)
            sight = self._picture(source, wanted[False], only) if filmed is None else self._clip(filmed, wanted[True], only)
        except FacewiseError as error:
            return str(error)
        if only is not None and not sight.drafts:
            return f"face {only + 1}: {_name(source)} shows {sight.people}; choose one of them"
        return sight

    def _picture(self, source: Any, asked: Asked, only: int | None) -> Sight:
        picture = as_picture(source)
        if asked.task == "micro":
            raise FacewiseError(f"{picture.name}: {NO_MOVEMENT}")
        found = self.perceiver.perceive(picture)
        drafts = tuple(_picture_draft(picture, face, asked) for face in found.faces if only in (None, face.id))
        return Sight(drafts, len(found.faces), found.not_shown, found.backend, NO_FACE)

    def _clip(self, filmed: Filmed, asked: Asked, only: int | None) -> Sight:
        watched = filmed.seen.moments.watched
        drafts = tuple(clip_drafts(filmed, self.perceiver, asked, only))
        people = min(len(watched.faces), self.perceiver.max_faces)
        backend = watched.faces[0].backend if watched.faces else None
        return Sight(drafts, people, len(watched.faces) - people, backend, NO_FACE_IN_CLIP)

    def _reply(self, name: str, sight: Sight | str, faces: Iterator[Face], timing: dict[str, float]) -> Reply:
        if isinstance(sight, str):
            return Reply(name, error=sight)
        shown = tuple(next(faces) for _ in sight.drafts)
        note = None if shown else sight.nobody
        return Reply(name, shown, self.name, timing, note=note, faces_not_shown=sight.not_shown or None, backend=sight.backend)

    # What the engine says

    def _answered(self, drafts: Sequence[Draft], asked: Asked) -> list[Face]:
        declined = refusal(asked.question)
        if declined:
            return [replace(draft.face, answer=Answer("chat", declined)) for draft in drafts]
        drafts = self._judged(drafts, asked)
        wanted = [passages(draft) for draft in drafts]
        texts = iter(written([passage for some in wanted for passage in some], self.engine))
        return [composed(draft, [next(texts) for _ in some]) for draft, some in zip(drafts, wanted, strict=True)]

    def _judged(self, drafts: Sequence[Draft], asked: Asked) -> list[Draft]:
        """Those that want a verdict have it afterwards."""
        waiting = [draft for draft in drafts if draft.answer.task == "spoof"]
        if not waiting:
            return list(drafts)
        shots = [draft.shots for draft in waiting]
        verdicts = iter(judged(shots, asked.question, self.engine, self.calibration, asked.prior))
        return [draft.with_verdict(next(verdicts), asked.question) if draft.answer.task == "spoof" else draft for draft in drafts]


def _picture_draft(picture: Picture, face: PerceivedFace, asked: Asked) -> Draft:
    """A verdict's label and score are settled later."""
    request = Request(prompt(asked.question, face.id), (picture,), face.id)
    told = Face(face.id, face.box, face.quality, face.streams, _read(face, asked))
    return Draft(told, request, (Shot(picture, face),) if asked.task == "spoof" else ())


def _read(face: PerceivedFace, asked: Asked) -> Answer:
    """The object of a face without its text."""
    if asked.task == "spoof":
        return Answer("spoof", "-")
    evidence = less_neutral(face.evidence, asked.neutral) if asked.neutral else face.evidence
    return Answer(
        asked.task,
        "-",
        aus=action_units(evidence),
        baseline="given" if asked.neutral else "population",
        emotion=emotion(evidence) if asked.emotion and asked.task != "au" else None,
    )


def _timing(spent: Mapping[str, float]) -> dict[str, float]:
    return {name: round(1000 * seconds, 1) for name, seconds in spent.items()}


def _name(source: Any) -> str:
    if isinstance(source, Filmed | ToldMovement):
        return source.clip.name
    if isinstance(source, Picture | Clip):
        return source.name
    return str(source) if isinstance(source, str | Path) else "picture"
