"""The face endpoint: `POST /v1/faces/ask` answers as `facewise ask --json` does, `GET /v1/faces/config` tells how scores are read.

The routes know no engine: whoever serves puts `Faces` into the app's state, vLLM's server (endpoint.py) or ours (fallback.py).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from ..model.answer import schema
from ..model.assistant import Assistant, asked_for
from ..model.engines.protocol import Engine
from ..model.errors import FacewiseError
from ..model.network.configuration import FacewiseConfig
from ..model.network.perceive import Perceiver
from ..model.perception.picture import Picture, read_picture
from ..model.structured import response_schema
from ..model.taxonomy import ANSWERED
from ..model.wording import CHOICES

MAX_PICTURES = 32
WATCH_EVERY_S = 0.25  # how often we look whether the client is still there

router = APIRouter(prefix="/v1/faces", tags=["faces"])


@dataclass(frozen=True, eq=False)
class Faces:
    """What the routes need: a perceiver, one engine a call (`engine`; one with `cancel` is told when its client has gone), config and name."""

    perceiver: Perceiver
    engine: Callable[[], Engine]
    config: FacewiseConfig
    name: str

    def assistant(self) -> Assistant:
        return Assistant(self.perceiver, self.engine(), self.config.calibration, self.name)


class Question(BaseModel):
    """The JSON body; a form has the same fields and the pictures as files named `image`."""

    model_config = ConfigDict(extra="forbid")

    image: str | list[str] = Field(description="a data URI or the base64 of a picture's file, or a list of them")
    question: str | None = Field(None, description="in your own words; left out, the task's default question is asked")
    task: str | None = Field(None, description=f"one of {', '.join(ANSWERED)}; left out, the question's words decide")
    neutral: str | None = Field(None, description="the same person at rest, as a data URI or base64")
    emotion: bool = Field(True, description="false: action units only, no emotion words")
    prior: float = Field(0.5, description="expected share of spoofs, 0 < prior < 1")


@router.post("/ask", openapi_extra={"requestBody": {"content": {"application/json": {"schema": Question.model_json_schema()}}}})
async def ask(request: Request) -> JSONResponse:
    """All faces of a picture with answer, score and evidence: the object that `facewise ask --json` prints, or {"answers": [...]} for several
    pictures, in which a bad one has an `error`."""
    question, single = await _question(request)
    faces: Faces = request.app.state.faces
    assistant = faces.assistant()
    work = asyncio.ensure_future(run_in_threadpool(_answers, assistant, question))
    while not work.done():
        await asyncio.wait([work], timeout=WATCH_EVERY_S)
        if not work.done() and await request.is_disconnected():
            getattr(assistant.engine, "cancel", lambda: None)()
            break
    try:
        answers = await work
    except FacewiseError as error:
        raise HTTPException(400, str(error)) from None
    except CancelledError:  # by us: nobody waits for the answer
        return JSONResponse({"answers": []}, 499)
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
        "tasks": list(ANSWERED),
        "response_formats": {
            task: {"type": "json_schema", "json_schema": {"name": task, "schema": response_schema(task)}} for task in ANSWERED
        },
    }


@router.get("/openapi.json", include_in_schema=False)
async def openapi() -> dict[str, Any]:
    """These routes' own description, with the answer's schema."""
    described = get_openapi(title="Facewise", version=version("facewise"), routes=router.routes)
    described.setdefault("components", {}).setdefault("schemas", {})["Answer"] = schema()
    return described


def _answers(assistant: Assistant, question: Question) -> list[dict[str, Any]]:
    asked = question.model_dump(exclude={"image", "neutral"})
    asked_for(asked["question"], asked["task"], question.neutral is not None, asked["emotion"], asked["prior"])
    if question.neutral is not None:
        asked["neutral"] = _picture(question.neutral, "neutral")
    sources = [question.image] if isinstance(question.image, str) else question.image
    read = [_read(source, f"image {number}") for number, source in enumerate(sources, start=1)]
    replies = iter(assistant.ask([found for found in read if isinstance(found, Picture)], **asked))
    return [next(replies).to_dict() if isinstance(found, Picture) else found for found in read]


def _read(source: str, name: str) -> Picture | dict[str, str]:
    try:
        return _picture(source, name)
    except FacewiseError as error:
        return {"input": name, "error": str(error)}


def _picture(source: str, name: str) -> Picture:
    if source.startswith(("http:", "https:", "file:")):
        raise FacewiseError(f"{name}: this endpoint fetches nothing; send the picture itself, as a data URI or a form's file")
    text = source.partition(",")[2] if source.startswith("data:") else source
    try:
        return read_picture(base64.b64decode(text, validate=True), name)
    except (binascii.Error, ValueError):
        raise FacewiseError(f"{name}: not the base64 of a file") from None


async def _question(request: Request) -> tuple[Question, bool]:
    """The question and whether it was about one picture. Raises HTTPException 400 with a sentence."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            async with request.form(max_files=MAX_PICTURES + 1, max_fields=8) as form:
                body = await _of_form(form)
        else:
            body = await request.json()
        question = Question.model_validate(body)
    except ValueError as error:
        raise HTTPException(400, _first_fault(error)) from None
    if not question.image:
        raise HTTPException(400, "image: send at least one picture")
    if not isinstance(question.image, str) and len(question.image) > MAX_PICTURES:
        raise HTTPException(400, f"image: {len(question.image)} pictures; at most {MAX_PICTURES} are answered at once")
    return question, isinstance(question.image, str) or (kind == "multipart/form-data" and len(question.image) == 1)


async def _of_form(form: FormData) -> dict[str, Any]:
    fields: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
    for name in ("image", "neutral"):
        files = [base64.b64encode(await part.read()).decode() for part in form.getlist(name) if isinstance(part, UploadFile)]
        if files:
            fields[name] = files if name == "image" else files[0]
    return fields


def _first_fault(error: ValueError) -> str:
    faults: Sequence[Any] = getattr(error, "errors", lambda: ())()
    if not faults:
        return f"the body is no JSON ({error})"
    return f"{'.'.join(map(str, faults[0]['loc'])) or 'body'}: {faults[0]['msg']}"


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
