"""OpenAI's chat shapes: how a question is sent, and what an answer of theirs says.

A server is not trusted to keep to them: what has another shape says nothing.
"""

from __future__ import annotations

import base64
import io
import math
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from ..errors import FacewiseError
from ..perception.picture import FORMATS, Picture

if TYPE_CHECKING:
    from ..perception.moments import Moments
    from ..perception.video import Clip

PREAMBLE = 40  # characters that a peer may write before the beginning that it was asked for: "Sure! Here it is: ..."
MISSHAPED = (AttributeError, IndexError, KeyError, TypeError)  # what reading an answer of another shape raises


def data_uri(picture: Picture, own_decoder: bool) -> str:
    """A picture as its own file; as PNG where there is none, or where not every decoder would see the same in it."""
    if picture.file is not None:
        with Image.open(io.BytesIO(picture.file), formats=FORMATS) as image:
            if own_decoder or is_plain(image):
                return _uri(image.get_format_mimetype() or "image/png", picture.file)
    png = io.BytesIO()
    Image.fromarray(picture.pixels).save(png, "PNG", compress_level=1)
    return _uri("image/png", png.getvalue())


def clip_uri(shown: Clip | Moments) -> str:
    """A clip as its own file. Raises FacewiseError for one that is none, or is read with another timing than its own."""
    clip: Any = getattr(shown, "clip", shown)
    if clip.file is None:
        raise FacewiseError(f"{clip.name}: only a video file as it is can be sent to a server; make one of the frames")
    data = clip.file if isinstance(clip.file, bytes) else Path(clip.file).read_bytes()
    return _uri(mimetypes.guess_type(clip.name)[0] or "video/mp4", data)


def is_plain(image: Image.Image) -> bool:
    """Upright, opaque, still, eight bits: what every decoder reads alike."""
    upright = image.getexif().get(0x0112, 1) == 1  # orientation
    still = not getattr(image, "is_animated", False)
    return (
        upright
        and still
        and image.format in ("JPEG", "PNG", "WEBP")
        and image.mode in ("RGB", "L")
        and "transparency" not in image.info
    )


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def spoken(messages: Sequence[dict[str, Any]], pictures: Sequence[str], clips: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Messages as OpenAI writes them, the media of each before its words: a server can remember a picture that comes first."""
    left = {"image": iter(pictures), "video": iter(clips)}
    said = []
    for message in messages:
        content = message["content"]
        if not isinstance(content, str):
            media = [_shown(kind, next(left[kind])) for kind in (part["type"] for part in content) if kind in left]
            content = [*media, *(part for part in content if part["type"] not in left)]
        said.append({**message, "content": content})
    return said


def _shown(kind: str, uri: str) -> dict[str, Any]:
    return {"type": f"{kind}_url", f"{kind}_url": {"url": uri}}


def with_words(messages: Sequence[dict[str, Any]], *words: str) -> list[dict[str, Any]]:
    """`words` behind those of the last message."""
    last = messages[-1]
    content = [{"type": "text", "text": last["content"]}] if isinstance(last["content"], str) else last["content"]
    return [*messages[:-1], {**last, "content": [*content, {"type": "text", "text": " ".join(filter(None, words))}]}]


def beginning(messages: list[dict[str, Any]], prefix: str, extra: dict[str, Any]) -> dict[str, Any]:
    """Fields of a request to ours, whose answer goes on from the prefix."""
    if not prefix:
        return {"messages": messages, "extra_body": extra}
    begun = [*messages, {"role": "assistant", "content": prefix}]
    return {"messages": begun, "extra_body": extra | {"continue_final_message": True, "add_generation_prompt": False}}


def continued(pieces: Iterable[str], prefix: str) -> Iterator[str]:
    """Pieces of an answer without the beginning that was asked for, once or repeated, and without a short sentence before it.

    Held back until that can be told. A beginning inside a sentence stays: "Not live." is no "Live.".
    """
    pieces = iter(pieces)
    if not prefix:
        yield from pieces
        return
    head = ""
    for piece in pieces:
        head += piece
        if len(head) > PREAMBLE + 3 * len(prefix):
            break
    words = r"\s+".join(map(re.escape, prefix.rstrip(".!?").split()))
    marks = r"[\"'*_`“”]*"
    begun = rf"\A(?:.{{0,{PREAMBLE}}}?[:.!?\n]\s*)??(?:\s*{marks}(?<!\w){words}(?!\w)[.!?,]?{marks})+"
    yield from filter(None, chain([re.sub(begun, "", head, count=1, flags=re.IGNORECASE | re.DOTALL)], pieces))


def top_logprobs(done: Any) -> dict[str, float]:
    """Token -> log-probability at the first place of an answer; empty where the server gives none."""
    try:
        entries = [(entry.token, entry.logprob) for entry in done.choices[0].logprobs.content[0].top_logprobs]
    except MISSHAPED:
        return {}
    return {token: logprob for token, logprob in entries if isinstance(token, str) and is_number(logprob)}


def among(names: Mapping[str, Sequence[str]], likeliest: Mapping[str, float]) -> dict[str, float] | None:
    """Log-probability of each choice among the choices alone, from all tokens that name it; None if one is not named."""
    found = {choice: [likeliest[name] for name in tokens if name in likeliest] for choice, tokens in names.items()}
    if not all(found.values()):
        return None
    most = max(max(values) for values in found.values())
    weights = {choice: sum(math.exp(max(value - most, -700)) for value in values) for choice, values in found.items()}
    total = math.log(sum(weights.values()))
    return {choice: math.log(weight) - total for choice, weight in weights.items()}


def written(done: Any, most: int) -> int:
    """Tokens of an answer without the one that ends it. Not every peer counts; one that was cut off has written `most`, all that it might."""
    ending = getattr(done.choices[0], "finish_reason", None)
    counted = getattr(getattr(done, "usage", None), "completion_tokens", None)
    if not isinstance(counted, int):
        return most if ending == "length" else 0
    return max(counted - (ending == "stop"), 0)


def is_number(value: Any) -> bool:
    """Neither infinite nor so large that arithmetic would fail."""
    return isinstance(value, int | float) and -1e6 < value < 1e6


def piece_of(chunk: Any) -> str:
    """The text in a chunk of a stream; some hold none."""
    try:
        text = chunk.choices[0].delta.content
    except MISSHAPED:
        return ""
    return text if isinstance(text, str) else ""
