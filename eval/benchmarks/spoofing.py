"""Presentation attacks, by the protocols of each data set. The threshold of HTER is that of the dev part's EER, the test set's own
stands beside it as EER.

A video is the mean of the scores of its frames. MCIO leaves one set out: the dev part is that of the three others. UniAttackData
asks for physical and digital attacks together.
"""

from dataclasses import replace

from ...model.taxonomy import ATTACKS
from ..benchmark import Benchmark, Chosen
from .questions import ATTACK_TYPE, ATTACKED, EVIDENCE, LIVE

METRICS = ("error rates", "curves", "calibration", "band", "accuracy")
FRAMES = 4
SPECIES = ("live", *(attack for attack in ATTACKS if attack != "tattoo"))


def _live(name: str, reader: str, protocol: str, chosen: Chosen, dev: Chosen | None = None, **more) -> Benchmark:
    return Benchmark(name, "1", "spoof", reader, protocol, (), LIVE, METRICS, truth="live", chosen=chosen, dev=dev, **more)


def _oulu(protocol: str) -> Benchmark:
    path = f"protocols.{protocol}"
    told = f"protocol {protocol}, 4 frames a video"
    return _live(f"oulu-{protocol}", "oulu_npu", told, {path: ("test",)}, {path: ("val",)}, per="clip", frames=FRAMES)


def _left_out(target: str) -> Benchmark:
    """CelebA-Spoof only trains there."""
    sources = tuple(name for name in ("msu", "casia", "replay", "oulu") if name != target)
    told = f"leave-one-out, target {target}, test lists of FLIP, 2 frames a video; dev: test lists of the three others"
    chosen = {"protocols.mcio": (target,), "source.lists": ("test",)}
    dev = chosen | {"protocols.mcio": sources}
    return _live(f"mcio-{target}", "mcio", told, chosen, dev, per="clip")


def _left_out_wcs(target: str) -> Benchmark:
    sources = tuple(name for name in ("wmca", "cefa", "surf") if name != target)
    told = f"leave-one-out, target {target}, test lists of FLIP; dev: test lists of the two others"
    chosen = {"protocols.wcs": (target,), "source.lists": ("test",)}
    return _live(
        f"wcs-{target}", "mcio", told, chosen, chosen | {"protocols.wcs": sources}, per="clip", options={"benchmark": "wcs"}
    )


def _unified(protocol: str) -> Benchmark:
    return replace(
        _live(f"uniattackdata-{protocol}", "uniattackdata", f"protocol {protocol}", {"split": ("test",)}, {"split": ("val",)}),
        question=ATTACKED,
        truth="attacked",
        options={"protocol": protocol},
    )


def _types(name: str, reader: str, protocol: str, labels: tuple[str, ...], chosen: Chosen) -> Benchmark:
    question = ATTACK_TYPE.format(labels=", ".join(labels))
    return Benchmark(
        name, "1", "class", reader, protocol, labels, question, ("classes",), truth="attack type", chosen=chosen, frames=FRAMES
    )


SPOOFING = (
    *(_oulu(protocol) for protocol in ("1", "2", *(f"{n}.{fold}" for n in (3, 4) for fold in range(1, 7)))),
    *(_left_out(target) for target in ("msu", "casia", "replay", "oulu")),
    *(_left_out_wcs(target) for target in ("wmca", "cefa", "surf")),
    _live(
        "wmca",
        "wmca",
        "grandtest, 4 frames a video",
        {"protocols.grandtest": ("test",)},
        {"protocols.grandtest": ("val",)},
        per="clip",
        frames=FRAMES,
    ),
    _live("siw-mv2", "siw_mv2", "protocol I, 4 frames a video", {"protocols.I": ("test",)}, per="clip", frames=FRAMES),
    _types("siw-mv2-types", "siw_mv2", "protocol I, test part, 4 frames a video", SPECIES, {"protocols.I": ("test",)}),
    _live("padisi-face", "padisi_face", "fold 0 of 3", {"split": ("test",)}, {"split": ("val",)}),
    Benchmark(
        "padisi-reasons",
        "1",
        "text",
        "padisi_face",
        "attacks of fold 0, the first of five descriptions",
        (),
        EVIDENCE,
        ("bleu", "rouge"),
        truth="answer",
        chosen={"split": ("test",), "live": ("False",)},
    ),
    _live("celeba-spoof", "celeba_spoof", "intra test", {"protocols.intra_test": ("test",)}),
    *(_unified(protocol) for protocol in ("p1", "p2.1", "p2.2")),
    _live(
        "replay-attack",
        "replay_attack",
        "grandtest, 4 frames a video",
        {"split": ("test",)},
        {"split": ("val",)},
        per="clip",
        frames=FRAMES,
    ),
    _live("casia-fasd", "casia_fasd", "test part, 4 frames a video", {"split": ("test",)}, per="clip", frames=FRAMES),
    _live("msu-mfsd", "msu_mfsd", "test part, 4 frames a video", {"split": ("test",)}, per="clip", frames=FRAMES),
)
