"""Altered and generated faces: AUC, accuracy and EER of videos, each the mean of its frames' scores."""

from ..benchmark import Benchmark
from .questions import DIGITAL

METRICS = ("accuracy", "curves", "error rates")
FRAMES = 8


def _digital(name: str, reader: str, protocol: str, dev: dict[str, tuple[str, ...]] | None, **more) -> Benchmark:
    return Benchmark(
        name,
        "1",
        "spoof",
        reader,
        f"{protocol}, 8 frames a video",
        (),
        DIGITAL,
        METRICS,
        truth="genuine",
        chosen={"split": ("test",)},
        dev=dev,
        per="clip",
        frames=FRAMES,
        **more,
    )


DEEPFAKE = (
    *(
        _digital(
            f"ffpp-{compression}",
            "faceforensics",
            f"official test pairs, {compression}",
            {"split": ("val",)},
            options={"compression": compression},
        )
        for compression in ("c23", "c40", "raw")
    ),
    _digital("celeb-df", "celeb_df", "v2, list of testing videos", None),
)
