"""The face endpoint: `POST /v1/faces/ask` answers as `facewise ask --json` does, `GET /v1/faces/config` tells how scores are read.

The routes know no engine: whoever serves puts `Faces` into the app's state, vLLM's server (endpoint.py) or ours (fallback.py).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from threading import Event
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException as FormFault

from ..model.answer import schema
from ..model.asked import asked_for
from ..model.assistant import Assistant
from ..model.clips import Filmed
from ..model.engines.protocol import Engine
from ..model.errors import FacewiseError
from ..model.network.configuration import FacewiseConfig
from ..model.network.perceive import Perceiver
from ..model.network.seen_clip import read_moments
from ..model.perception.picture import MAX_PIXELS, Picture, read_picture
from ..model.perception.video import open_clip
from ..model.structured import response_schema
from ..model.taxonomy import ANSWERED
from ..model.wording import CHOICES
from .clips import clip_moments
from .limits import Limits
from .visit import leaves_before

MAX_PICTURES = 32
PIXELS_AT_ONCE = MAX_PIXELS  # of pictures that are decoded together; a file may be a thousand times smaller

router = APIRouter(prefix="/v1/faces", tags=["faces"])


@dataclass(frozen=True, eq=False)
class Faces:
    """What the routes need: a perceiver, one engine a call (`engine`; one with `cancel` is told when its client has gone), config, name, limits
    and how long a clip may be."""

    perceiver: Perceiver
    engine: Callable[[], Engine]
    config: FacewiseConfig
    name: str
    limits: Limits
    max_clip_s: float

    def assistant(self) -> Assistant:
        return Assistant(self.perceiver, self.engine(), self.config.calibration, self.name)

    def filmed(self, data: bytes, name: str, has_left: Callable[[], bool]) -> Filmed:
        """A clip, watched or remembered. Raises FacewiseError for what is none or too long."""
        encoder = self.config.encoder_config
        wanted = (self.config.max_faces, encoder.image_size, tuple(encoder.views), self.max_clip_s)
        moments = clip_moments(data, *wanted, has_left)
        return Filmed(open_clip(data, name=name), read_moments(moments, self.perceiver.encoder))


class Question(BaseModel):
    """The JSON body; a form has the same fields, the pictures as files named `image` and a clip as one named `video`."""

    model_config = ConfigDict(extra="forbid")

    image: str | list[str] | None = Field(None, description="a data URI or the base64 of a picture's file, or a list of them")
    video: str | None = Field(
        None,
        description="a data URI or the base64 of a video file, in the place of pictures; every face's movements, or what is asked",
    )
    question: str | None = Field(None, description="in your own words; left out, the task's default question is asked")
    task: str | None = Field(None, description=f"one of {', '.join(ANSWERED)}; left out, the question's words decide")
    neutral: str | None = Field(None, description="the same person at rest, as a data URI or base64")
    emotion: bool = Field(True, description="false: action units only, no emotion words")
    prior: float = Field(0.5, description="expected share of spoofs, 0 < prior < 1")


def _described() -> dict[str, Any]:
    """What OpenAPI says of `ask`, beside its text."""
    asked = Question.model_json_schema()
    file = {"type": "string", "format": "binary"}
    pictures = {"image": {"type": "array", "items": file, "maxItems": MAX_PICTURES}, "video": file, "neutral": file}
    form = {**asked, "properties": asked["properties"] | pictures}
    one = {"$ref": "#/components/schemas/Answer"}
    several = {"type": "object", "required": ["answers"], "properties": {"answers": {"type": "array", "items": one}}}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": asked}, "multipart/form-data": {"schema": form}},
        },
        "responses": {"200": {"content": {"application/json": {"schema": {"oneOf": [one, several]}}}}},
    }


@router.post("/ask", openapi_extra=_described())
async def ask(request: Request) -> JSONResponse:
    """All faces of a picture or a clip with answer, score and evidence: the object that `facewise ask --json` prints, or {"answers": [...]} for
    several pictures, in which a bad one has an `error`. A clip is watched whole, up to the seconds of `max_clip_s` in /v1/faces/config; asked
    nothing, its movements are told."""
    faces: Faces = request.app.state.faces
    question, single = await _question(request, faces.limits)
    assistant = faces.assistant()
    has_left = Event()
    work = asyncio.ensure_future(run_in_threadpool(_answers, faces, assistant, question, has_left.is_set))
    if await leaves_before(work, request.receive):
        has_left.set()
        getattr(assistant.engine, "cancel", lambda: None)()
    try:
        answers = await work
    except FacewiseError as error:
        raise HTTPException(400, str(error)) from None
    _count(answers)
    if not single:
        return JSONResponse({"answers": answers})
    if "error" in answers[0]:
        raise HTTPException(400, answers[0]["error"])
    return JSONResponse(answers[0])


@router.get("/config")
async def config(request: Request) -> dict[str, Any]:
    """What a client needs to read log-probabilities as we do: first tokens of the verdict, and how both log-odds make a score."""
    faces: Faces = request.app.state.faces
    known = faces.config.calibration
    return {
        "model": faces.name,
        "version": version("facewise"),
        "engine": faces.engine().name,
        "choices": list(CHOICES),
        "verdict_ids": list(faces.config.verdict_ids),
        "calibration": known,
        "temperature": None if known is None or not known["llm"] else 1 / known["llm"],
        "threshold": None if known is None else known["high"],
        "band": None if known is None else [known["low"], known["high"]],
        "max_faces": faces.config.max_faces,
        "max_clip_s": faces.max_clip_s,
        "tasks": list(ANSWERED),
        "response_formats": {
            task: {"type": "json_schema", "json_schema": {"name": task, "schema": response_schema(task)}} for task in ANSWERED
        },
    }


@router.get("/openapi.json", include_in_schema=False)
async def openapi() -> dict[str, Any]:
    """These routes' own description, with the answer's schema."""
    described = get_openapi(title="Facewise", version=version("facewise"), routes=router.routes)
    place = "#/components/schemas/"
    answer = json.loads(json.dumps(schema()).replace("#/$defs/", place))  # there a reference begins at the whole document
    described.setdefault("components", {}).setdefault("schemas", {}).update({**answer.pop("$defs"), "Answer": answer})
    return described


def _answers(faces: Faces, assistant: Assistant, question: Question, has_left: Callable[[], bool]) -> list[dict[str, Any]]:
    asked = question.model_dump(exclude={"image", "video", "neutral"})
    is_clip = question.video is not None
    asked_for(asked["question"], asked["task"], question.neutral is not None, asked["emotion"], asked["prior"], is_clip)
    if question.neutral is not None:
        asked["neutral"] = _picture(question.neutral, "neutral")
    if question.video is not None:
        filmed = faces.filmed(_bytes(question.video, "video"), "video", has_left)
        return [assistant.ask(filmed, **asked).to_dict()]
    sources = [question.image] if isinstance(question.image, str) else question.image or []

    def answered(read: Sequence[Picture | dict[str, str]]) -> list[dict[str, Any]]:
        replies = iter(assistant.ask([found for found in read if isinstance(found, Picture)], **asked))
        return [next(replies).to_dict() if isinstance(found, Picture) else found for found in read]

    return [answer for some in map(answered, _read_in_turn(sources)) for answer in some]


def _read_in_turn(sources: Sequence[str]) -> Iterator[list[Picture | dict[str, str]]]:
    """The pictures, or what is wrong with one, few enough at a time; those before are forgotten by then."""
    read: list[Picture | dict[str, str]] = []
    pixels = 0
    for number, source in enumerate(sources, start=1):
        read.append(_read(source, f"image {number}"))
        pixels += read[-1].pixels[..., 0].size if isinstance(read[-1], Picture) else 0
        if pixels >= PIXELS_AT_ONCE or number == len(sources):
            yield read
            read, pixels = [], 0


def _read(source: str, name: str) -> Picture | dict[str, str]:
    try:
        return _picture(source, name)
    except FacewiseError as error:
        return {"input": name, "error": str(error)}


def _picture(source: str, name: str) -> Picture:
    return read_picture(_bytes(source, name), name)


def _bytes(source: str, name: str) -> bytes:
    if source.startswith(("http:", "https:", "file:")):
        raise FacewiseError(f"{name}: this endpoint fetches nothing; send the file itself, as a data URI or a form's file")
    text = source.partition(",")[2] if source.startswith("data:") else source
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FacewiseError(f"{name}: not the base64 of a file") from None


async def _question(request: Request, limits: Limits) -> tuple[Question, bool]:
    """The question and whether it was about one picture or a clip. Raises HTTPException 400 with a sentence. The gate has bounded a JSON body."""
    is_form = request.headers.get("content-type", "").lower().startswith("multipart/")
    body = await _form(request) if is_form else await request.json()
    if isinstance(body.get("image"), list) and len(body["image"]) > MAX_PICTURES:
        raise HTTPException(400, f"image: {len(body['image'])} pictures; at most {MAX_PICTURES} are answered at once")
    try:
        question = Question.model_validate(body)
    except ValidationError as error:
        fault = error.errors()[0]
        raise HTTPException(400, f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}") from None
    if bool(question.image) == bool(question.video):
        raise HTTPException(400, "image: send at least one picture, or a clip as video, and not both")
    if (length := len(question.question or "")) > limits.max_text_chars:
        raise HTTPException(400, f"question: {length} characters; at most {limits.max_text_chars} are read")
    return question, not isinstance(question.image, list) or (is_form and len(question.image) == 1)


async def _form(request: Request) -> dict[str, Any]:
    try:
        async with request.form(max_files=MAX_PICTURES + 1, max_fields=8) as form:
            return await _of_form(form)
    except FormFault as error:  # of Starlette's own kind, which vLLM answers in another shape
        raise HTTPException(400, f"the form cannot be read: {error.detail}") from None


async def _of_form(form: FormData) -> dict[str, Any]:
    fields: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
    for name in ("image", "video", "neutral"):
        files = [base64.b64encode(await part.read()).decode() for part in form.getlist(name) if isinstance(part, UploadFile)]
        if files:
            fields[name] = files if name == "image" else files[0]
    return fields


@cache
def _metrics() -> tuple[Any, Any]:
    from prometheus_client import Counter, Histogram

    return (
        Counter("facewise_faces_total", "Faces answered about", ["task", "label"]),
        Histogram("facewise_picture_seconds", "Time of a picture by phase", ["phase"]),
    )


def _count(answers: Sequence[dict[str, Any]]) -> None:
    faces, seconds = _metrics()
    for answer in answers:
        for phase, spent in answer.get("timing_ms", {}).items():
            seconds.labels(phase).observe(spent / 1000)
        for face in answer.get("faces", ()):
            faces.labels(face["answer"]["task"], face["answer"].get("label") or "none").inc()
