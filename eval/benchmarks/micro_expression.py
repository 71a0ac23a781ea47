"""Micro-expressions: their emotion, over all people as LOSO pools its folds (UF1 and UAR), and where they lie in long videos.

Shown are onset, apex and offset as the data set tells them (of SMIC the middle stands for the apex). Zero-shot needs no folds: the
counts of all people are one set, which is what LOSO adds up.
"""

from ..benchmark import Benchmark
from .questions import MICRO, SPOTTING

THREE = ("negative", "positive", "surprise")
CASME2_5 = ("happiness", "surprise", "disgust", "repression", "others")
SAMM_5 = ("anger", "contempt", "happiness", "surprise", "others")
SEVEN = ("happiness", "disgust", "fear", "anger", "sadness", "surprise", "others")


def _micro(name: str, reader: str, protocol: str, labels: tuple[str, ...], **options: str) -> Benchmark:
    question = MICRO.format(labels=", ".join(labels))
    return Benchmark(
        name,
        "1",
        "class",
        reader,
        protocol,
        labels,
        question,
        ("uf1",),
        truth="micro class",
        options=options,
        frames=3,
        moments=True,
    )


def _spotting(
    name: str, reader: str, protocol: str, metrics: tuple[str, ...] = ("spotting", "strs"), **options: str
) -> Benchmark:
    return Benchmark(
        name,
        "1",
        "movements",
        reader,
        f"{protocol}; IoU .5, ends included",
        THREE,
        SPOTTING,
        metrics,
        truth="movements",
        options=options,
        frames=16,
        whole_clip=True,
    )


def _answers(name: str, files: str) -> Benchmark:
    """Questions of the challenge, each item's own; its test questions have no public answers."""
    return Benchmark(
        name,
        "1",
        "text",
        "megc",
        f"{files}, those with public answers, 8 frames a clip",
        (),
        "{question}",
        ("bleu", "rouge"),
        truth="answer",
        chosen={"dataset": (f"MEGC {files}",)},
        frames=8,
    )


MICRO_EXPRESSION = (
    _answers("me-vqa", "ME-VQA"),
    _answers("me-lvqa", "ME-LVQA"),
    _micro("casme2-5", "casme2", "LOSO, pooled, 5 classes", CASME2_5, classes="5"),
    _micro("casme2-3", "casme2", "LOSO, pooled, 3 classes of MEGC2019", THREE, classes="3"),
    _micro("samm-5", "samm", "LOSO, pooled, 5 classes", SAMM_5, classes="5"),
    _micro("samm-3", "samm", "LOSO, pooled, 3 classes of MEGC2019", THREE, classes="3"),
    _micro("smic-hs", "smic", "LOSO, pooled, 3 classes, cut clips", THREE, camera="HS", length="cut"),
    _micro(
        "megc2019",
        "casme2 samm smic",
        "composite of CASME II, SAMM and SMIC-HS, LOSO pooled, 3 classes",
        THREE,
        **{"casme2.classes": "3", "samm.classes": "3", "smic.camera": "HS", "smic.length": "cut"},
    ),
    _micro("casme3-7", "casme3", "part A, LOSO pooled, 7 classes", SEVEN, classes="7", length="cut"),
    _spotting("samm-lv", "samm_lv", "147 long videos"),
    _spotting("casme-squared", "casme_squared", "long videos"),
    _spotting("casme3-lv", "casme3", "part A, long videos", length="long"),
    _spotting("smic-lv", "smic", "SMIC-E-HS, long clips", camera="HS", length="long"),
)
