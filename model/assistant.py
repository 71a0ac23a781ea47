"""The only path to an answer: perceive -> evidence -> prompt -> engine -> settle the label -> text -> object.

Numbers come from the evidence, words from the language model. A label is settled before the text begins and the text continues from it;
a text that says what the object does not show is written once more from a longer beginning, then cut to the sentences that agree.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .answer import Answer, Face, Reply
from .checkpoint import load_checkpoint, names_server
from .engines.protocol import MAX_TOKENS, Completion, Engine, Request
from .errors import FacewiseError
from .perception.picture import Picture, as_picture
from .questions import DEFAULT_QUESTIONS, prompt, task_of
from .readings import action_units, attack_boxes, attack_type, emotion, less_neutral, spoof_score, verdict, visible_cues
from .refusals import refusal
from .taxonomy import ANSWERED, NO_FACE
from .wording import CHOICES, agreeing, agrees, banned_phrases, joined, opening, sentences, settled, whole_sentences, with_codes

if TYPE_CHECKING:
    from .network.evidence import Evidence
    from .network.perceive import Perceived, PerceivedFace, Perceiver

PICTURES_AT_ONCE = 8


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


@dataclass(frozen=True)
class Asked:
    """What is wanted of every face: the question in words, its task, and how the numbers are to be read."""

    question: str
    task: str
    emotion: bool = True
    prior: float = 0.5
    neutral: Evidence | None = None


def asked_for(
    question: str | None = None, task: str | None = None, has_neutral: bool = False, emotion: bool = True, prior: float = 0.5
) -> Asked:
    """What `Assistant.ask` makes of its arguments, the neutral face still to be read. Raises FacewiseError for those that cannot be."""
    if question is not None and not (isinstance(question, str) and question.strip()):
        raise FacewiseError(f"the question is {question!r}; write one in words, or leave it out")
    task = task or (task_of(question) if question else "describe")
    if task not in ANSWERED:
        raise FacewiseError(f"task {task!r} is not answered; there are {', '.join(ANSWERED)}")
    if task == "chat" and not question:
        raise FacewiseError("the task chat needs a question")
    if task == "emotion" and not emotion:
        raise FacewiseError("an emotion is asked for and emotion words are switched off; ask for au, or leave them on")
    if task == "spoof" and has_neutral:
        raise FacewiseError("a neutral picture is taken off muscle intensities, a verdict has none; leave it out, or ask for au")
    if not isinstance(prior, Real) or not 0 < prior < 1:
        raise FacewiseError(f"the prior is {prior!r}; it must be a number between 0 and 1")
    return Asked(question or DEFAULT_QUESTIONS[task], task, emotion, float(prior))


@dataclass(frozen=True, eq=False)
class Draft:
    """One face on its way to an answer."""

    picture: Picture
    face: PerceivedFace
    answer: Answer


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
        """A Reply for one picture (path, bytes, PIL image, array, Picture), a list of them for a list, tuple or iterator of pictures.

        Without a `task` the question's words decide, without a question the task's default one is asked, without both the face is
        described. `neutral`: a picture of the same person at rest, taken off the intensities. `emotion` False leaves emotion words out.
        `prior`: expected share of spoofs, 0 < prior < 1. Raises FacewiseError for what cannot be asked and for a single picture that
        cannot be read; among many, that one's Reply carries the error.
        """
        asked = asked_for(question, task, neutral is not None, emotion, prior)
        if neutral is not None:
            asked = replace(asked, neutral=self._neutral(neutral))
        if isinstance(paths, list | tuple | Iterator):
            return list(self._replies(list(paths), asked))
        reply = next(self._replies([paths], asked))
        if reply.error:
            raise FacewiseError(reply.error)
        return reply

    def stream(self, source: Any, face: int, asked: Asked) -> Generator[str, None, Reply]:
        """What `ask` says of one face, the whole text each time it grows; returns the Reply with that face alone, whose text is the settled one.

        A stream that is closed early writes no further word. Raises FacewiseError as `ask` does, and for a face that is not there.
        """
        started = time.perf_counter()
        pair = self._seen(source)
        if isinstance(pair, str):
            raise FacewiseError(pair)
        picture, found = pair
        one = replace(found, faces=tuple(seen for seen in found.faces if seen.id == face), not_shown=0)
        if not one.faces:
            raise FacewiseError(f"face {face + 1}: {picture.name} shows {len(found.faces)}; choose one of them")
        perceived = time.perf_counter()
        drafts = [Draft(picture, one.faces[0], self._read(one.faces[0], asked))]
        if refusal(asked.question):
            answers = self._answers(drafts, asked)
        else:
            drafts = self._judged(drafts, asked) if asked.task == "spoof" else drafts
            text = yield from self._growing(drafts[0], asked)
            answers = self._settled(drafts, asked, [text])
        spent = {"perceive": perceived - started, "answer": time.perf_counter() - perceived}
        timing = {name: round(1000 * value, 1) for name, value in spent.items()}
        return self._reply(_name(source), (picture, one), iter(answers), timing)

    def _growing(self, draft: Draft, asked: Asked) -> Generator[str, None, str]:
        prefix, written, pieces = opening(draft.answer), "", 0
        stream = iter(self.engine.stream(_asking(draft, asked, prefix)))
        while True:
            try:
                written += next(stream)
            except StopIteration as ended:  # an engine that counts returns the completion
                tokens = ended.value.tokens if ended.value else pieces
                return _whole(prefix, Completion(written, tokens=tokens))
            pieces += 1
            yield joined(prefix, written)

    def _neutral(self, source: Any) -> Evidence:
        perceived = self.perceiver.perceive(as_picture(source))
        if not perceived.faces:
            raise FacewiseError(f"{_name(source)}: no face was found in the neutral picture")
        return perceived.faces[0].evidence

    def _replies(self, sources: Sequence[Any], asked: Asked) -> Iterator[Reply]:
        for start in range(0, len(sources), PICTURES_AT_ONCE):
            yield from self._together(sources[start : start + PICTURES_AT_ONCE], asked)

    def _together(self, sources: Sequence[Any], asked: Asked) -> list[Reply]:
        """Replies to a few pictures, their faces asked about in one batch."""
        started = time.perf_counter()
        seen = [self._seen(source) for source in sources]
        perceived = time.perf_counter()
        drafts = [
            Draft(picture, face, self._read(face, asked))
            for picture, found in (pair for pair in seen if not isinstance(pair, str))
            for face in found.faces
        ]
        answers = iter(self._answers(drafts, asked))
        per_picture = 1000 / len(sources)
        spent = {"perceive": (perceived - started) * per_picture, "answer": (time.perf_counter() - perceived) * per_picture}
        timing = {name: round(value, 1) for name, value in spent.items()}
        return [self._reply(_name(source), pair, answers, timing) for source, pair in zip(sources, seen, strict=True)]

    def _seen(self, source: Any) -> tuple[Picture, Perceived] | str:
        """The picture with what was found on it, or what is wrong with it."""
        try:
            picture = as_picture(source)
        except FacewiseError as error:
            return str(error)
        return picture, self.perceiver.perceive(picture)

    def _reply(
        self, name: str, pair: tuple[Picture, Perceived] | str, answers: Iterator[Answer], timing: dict[str, float]
    ) -> Reply:
        if isinstance(pair, str):
            return Reply(name, error=pair)
        found = pair[1]
        faces = tuple(Face(face.id, face.box, face.quality, face.streams, next(answers)) for face in found.faces)
        return Reply(
            name,
            faces,
            self.name,
            timing,
            note=None if faces else NO_FACE,
            faces_not_shown=found.not_shown or None,
            backend=found.backend,
        )

    # One face: what the numbers say

    def _read(self, face: PerceivedFace, asked: Asked) -> Answer:
        """The object of a face without its text; a verdict's label and score are settled later."""
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

    # All faces: what the engine says

    def _answers(self, drafts: Sequence[Draft], asked: Asked) -> list[Answer]:
        declined = refusal(asked.question)
        if declined:
            return [Answer("chat", declined) for _ in drafts]
        if not drafts:
            return []
        if asked.task == "spoof":
            drafts = self._judged(drafts, asked)
        return self._settled(drafts, asked, self._texts(drafts, asked, [opening(draft.answer) for draft in drafts]))

    def _settled(self, drafts: Sequence[Draft], asked: Asked, texts: list[str]) -> list[Answer]:
        """The answers with their texts, those that say what the object does not show written once more, then cut."""
        again = [i for i, text in enumerate(texts) if not agrees(text, drafts[i].answer)]
        longer = self._texts([drafts[i] for i in again], asked, [settled(drafts[i].answer) for i in again])
        for i, text in zip(again, longer, strict=True):
            texts[i] = agreeing(sentences(text), drafts[i].answer)
        return [  # an engine may write nothing, or nothing that ends or agrees
            replace(draft.answer, text=with_codes(text or settled(draft.answer)))
            for draft, text in zip(drafts, texts, strict=True)
        ]

    def _judged(self, drafts: Sequence[Draft], asked: Asked) -> list[Draft]:
        """The verdict of each face: the first call to the engine scores the two first words."""
        requests = [replace(_request(draft, asked), choices=CHOICES, max_tokens=0) for draft in drafts]
        scored = self.engine.complete(requests)
        return [
            replace(draft, answer=self._verdict(draft, completion.choice_logprobs, asked.prior))
            for draft, completion in zip(drafts, scored, strict=True)
        ]

    def _verdict(self, draft: Draft, choices: Mapping[str, float] | None, prior: float) -> Answer:
        missing = self._score_missing(choices)
        if missing or choices is None or self.calibration is None:
            return replace(draft.answer, label="uncertain", score_missing=missing, cues=())
        live, spoof = (choices[choice] for choice in CHOICES)
        evidence = draft.face.evidence
        score = spoof_score(spoof - live, evidence.spoof_logit, self.calibration, prior)
        answer = replace(draft.answer, label=verdict(score, self.calibration), score=score, cues=())
        if answer.label != "spoof":
            return answer
        height, width = draft.picture.pixels.shape[:2]
        boxes = attack_boxes(evidence.attack_map, draft.face.wide_box, (width, height))
        return replace(answer, attack=attack_type(evidence), cues=visible_cues(evidence), boxes=boxes)

    def _score_missing(self, choices: Mapping[str, float] | None) -> str | None:
        if choices is None:
            return f"the engine {self.engine.name} gives no log-probabilities"
        return None if self.calibration else "the model's config holds no calibration of the verdict"

    def _texts(self, drafts: Sequence[Draft], asked: Asked, prefixes: Sequence[str]) -> list[str]:
        requests = [_asking(draft, asked, prefix) for draft, prefix in zip(drafts, prefixes, strict=True)]
        written = self.engine.complete(requests) if requests else []
        return [_whole(prefix, completion) for prefix, completion in zip(prefixes, written, strict=True)]


def _request(draft: Draft, asked: Asked) -> Request:
    return Request(prompt(asked.question, draft.face.id), (draft.picture,), draft.face.id)


def _asking(draft: Draft, asked: Asked, prefix: str) -> Request:
    return replace(_request(draft, asked), prefix=prefix, banned=banned_phrases(draft.answer))


def _whole(prefix: str, completion: Completion) -> str:
    return whole_sentences(joined(prefix, completion.text), ended=completion.tokens < MAX_TOKENS)


def _name(source: Any) -> str:
    if isinstance(source, Picture):
        return source.name
    return str(source) if isinstance(source, str | Path) else "picture"
