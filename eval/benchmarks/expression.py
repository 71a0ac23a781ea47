"""Facial expression: emotions of stills and clips, in the label space of each data set. WAR, UAR and macro-F1."""

from dataclasses import replace

from ..benchmark import Benchmark
from .questions import AFFECT, EMOTION

SEVEN = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger")
EIGHT = (*SEVEN, "contempt")
CREMA = ("neutral", "happiness", "sadness", "fear", "disgust", "anger")
MAFW_11 = (
    "anger",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
    "contempt",
    "anxiety",
    "helplessness",
    "disappointment",
)
FRAMES = 8


def _emotion(name: str, reader: str, protocol: str, labels: tuple[str, ...], **more) -> Benchmark:
    question = EMOTION.format(labels=", ".join(labels))
    metrics = ("classes", "fairness") if more.get("groups") else ("classes",)
    return Benchmark(name, "1", "class", reader, protocol, labels, question, metrics, truth="emotion", **more)


TEST, VALIDATION = {"split": ("test",)}, {"split": ("val",)}
_DFEW = _emotion(
    "dfew-1", "dfew", "fold 1 of 5, 7 classes, 8 frames a clip", SEVEN, options={"fold": "1"}, chosen=TEST, frames=FRAMES
)
_MAFW = _emotion(
    "mafw-1",
    "mafw",
    "single, fold 1 of 5, 11 classes, 8 frames a clip",
    MAFW_11,
    options={"fold": "1"},
    chosen=TEST,
    frames=FRAMES,
)


def _folds(first: Benchmark) -> tuple[Benchmark, ...]:
    return tuple(
        replace(
            first,
            name=f"{first.reader}-{fold}",
            protocol=first.protocol.replace("fold 1", f"fold {fold}"),
            options={"fold": fold},
        )
        for fold in ("1", "2", "3", "4", "5")
    )


EXPRESSION = (
    _emotion("affectnet-7", "affectnet", "validation set, 7 classes", SEVEN, chosen=VALIDATION),
    _emotion("affectnet-8", "affectnet", "validation set, 8 classes", EIGHT, chosen=VALIDATION),
    Benchmark(
        "affectnet-va", "1", "affect", "affectnet", "validation set", (), AFFECT, ("ccc",), truth="affect", chosen=VALIDATION
    ),
    _emotion("rafdb", "rafdb", "basic, test part", SEVEN, chosen=TEST),
    _emotion("fer2013", "fer", "private test", SEVEN, options={"labels": "fer2013"}, chosen=TEST),
    _emotion(
        "ferplus", "fer", "private test, majority of ten votes, 8 classes", EIGHT, options={"labels": "ferplus"}, chosen=TEST
    ),
    *_folds(_DFEW),
    _emotion("ferv39k", "ferv39k", "all scenes, test part, 8 frames a clip", SEVEN, chosen=TEST, frames=FRAMES),
    *_folds(_MAFW),
    _emotion(
        "crema-d",
        "crema_d",
        "no official split: all clips, intended emotion, 8 frames a clip",
        CREMA,
        frames=FRAMES,
        groups=("gender", "race", "age group"),
    ),
)
