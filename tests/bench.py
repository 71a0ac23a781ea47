"""`make bench`: where the time of an answer goes, as ratios within one run, because machines differ and are shared.

One line a figure. Nothing is asserted here.
"""

import resource
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import torch

from facewise.model.checkpoint import load_checkpoint
from facewise.model.engines.protocol import Request
from facewise.model.network.perceive import Perceiver, encode
from facewise.model.perception.clip import watch
from facewise.model.perception.faces import find_faces
from facewise.model.perception.picture import Picture, read_picture
from facewise.model.perception.quality import quality
from facewise.model.perception.spotting import spot
from facewise.model.perception.video import open_clip
from facewise.model.perception.views import VIEWS, face_views
from facewise.model.questions import DEFAULT_QUESTIONS, prompt

EXAMPLE = Path(__file__).parent.parent / "examples" / "invented-face.jpg"
CLIP = EXAMPLE.with_name("invented-clip.mp4")
ANSWER_TOKENS = 60
PICTURES = 16


def main() -> None:
    perception()
    clips()
    answers()


def perception() -> None:
    """A 640 x 480 picture, over its decoding."""
    pixels = cv2.resize(read_picture(EXAMPLE).pixels, (640, 480))
    (face,) = find_faces(pixels)
    finding = timed(lambda: find_faces(pixels))
    rgb, every = (timed(lambda views=views: face_views(pixels, face, views=views)) for views in (("rgb",), tuple(VIEWS)))
    judging = timed(lambda: quality(pixels, face))
    print(f"faces + landmarks + rgb view         {1000 * (finding + rgb):8.1f} ms a 640 x 480 picture")
    print(f"faces + landmarks + all views        {(finding + every) / (finding + rgb):8.2f} times that")
    print(f"quality gate                         {1000 * judging:8.1f} ms a face")


def clips() -> None:
    """The example clip watched: found, followed, motion, spotting."""
    before = peak_mb()
    start = time.perf_counter()
    watched = watch(open_clip(CLIP))
    spent = time.perf_counter() - start
    spotting = timed(lambda: spot(watched.faces[0].spotted.curves), times=3)
    print(
        f"watching a clip / its duration       {spent / watched.duration_s:8.2f} (of it spotting {spotting / watched.duration_s:.2f})"
    )
    minutes = watched.duration_s / 60
    held = sum(part.nbytes for part in vars(watched.faces[0]).values() if isinstance(part, np.ndarray))
    held += sum(part.nbytes for part in vars(watched.faces[0].spotted.curves).values())
    print(
        f"kept of a clip                       {held / minutes / 1e6:8.1f} MB a minute and face; peak while watching +{peak_mb() - before:.0f} MB"
    )


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def answers() -> None:
    checkpoint = load_checkpoint()
    engine = checkpoint.engine("hf")
    picture = read_picture(EXAMPLE)
    face = find_faces(picture.pixels)[0]
    views = face_views(picture.pixels, face)
    request = Request(prompt(DEFAULT_QUESTIONS["describe"], 0), (picture,), max_tokens=ANSWER_TOKENS)
    hold_open(engine)
    engine.complete([request])  # warm

    seeing = timed(lambda: face_views(picture.pixels, find_faces(picture.pixels)[0]))
    encoding = timed(lambda: encode(checkpoint.perceiver.encoder, [views]))
    scoring = timed(lambda: engine.complete([first_token(request)]), times=5)
    answer = timed(lambda: engine.complete([request]), times=3)
    print(f"decode + faces + landmarks + views   {1000 * (seeing + timed(lambda: read_picture(EXAMPLE))):8.1f} ms an image")
    print(f"evidence encoder                     {1000 * encoding:8.1f} ms a face")
    print(f"prefill, picture already perceived   {1000 * scoring:8.1f} ms")
    print(f"{ANSWER_TOKENS}-token answer, one at a time       {ANSWER_TOKENS / answer:8.1f} tokens/s")
    print(f"{ANSWER_TOKENS}-token answers, {PICTURES} in a batch       {batch_rate(engine, request, picture):8.1f} tokens/s")
    print(f"perception + encoding / whole answer {(seeing + encoding) / (seeing + encoding + answer):8.1%}")
    print(f"before the first token / whole answer{(seeing + encoding + scoring) / (seeing + encoding + answer):8.1%}")
    print(f"peak memory                          {peak_mb():8.0f} MB")


def hold_open(engine) -> None:
    """Every answer has the same length, so that rates compare."""
    engine.model.generation_config.eos_token_id = None


def first_token(request: Request) -> Request:
    return Request(request.messages, request.pictures, choices=("Live", "Spoof"), max_tokens=0)


def batch_rate(engine, request: Request, picture: Picture) -> float:
    many = [Request(request.messages, (shifted(picture, k),), max_tokens=ANSWER_TOKENS) for k in range(PICTURES)]
    engine.processor.perceiver = Perceiver(engine.processor.perceiver.encoder)
    return PICTURES * ANSWER_TOKENS / timed(lambda: engine.complete(many), times=1)


def shifted(picture: Picture, k: int) -> Picture:
    """Another picture of the same size, so that nothing is remembered."""
    return Picture(torch.from_numpy(picture.pixels).roll(k, 1).numpy())


def timed(work: Callable[[], object], times: int = 15) -> float:
    """Median seconds of one call."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


if __name__ == "__main__":
    main()
