"""The frame lists of FLIP, and of few-shot FAS before it: txt/<set>_{real,fake}_{train,test,shot}.txt and the pictures in frame/.

Sets are MSU, CASIA, Replay, OULU and CelebA-Spoof. Lists are by class: `fake` comes first there and is class 0, `real` class 1, which is
positive. Protocols leave one set out: `protocols` tells an item's set, and `source` the lists that it is in, of which "train" is all of a
set, "shot" ten of each class. A test list tells frame0 of a video and means frame1, too; CelebA-Spoof only trains. With benchmark=wcs the
same for WMCA, CASIA-SURF CeFA and CASIA-SURF. A person bears the name that the set's own reader gives: one of them beside this reader gives
the same people. Layout: FLIP's lists, docs/datasets.md and utils/utils.py.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ..records import GENUINE, Record
from . import casia_fasd, msu_mfsd, oulu_npu, replay_attack, wmca
from .faults import Faults
from .listing import child, lines, needed, within
from .source import Source
from .told import Told

SETS = {"mcio": ("msu", "casia", "replay", "oulu", "celeb"), "wcs": ("wmca", "cefa", "surf")}
DATASETS = {
    "msu": "MSU-MFSD",
    "casia": "CASIA-FASD",
    "replay": "Replay-Attack",
    "oulu": "OULU-NPU",
    "celeb": "CelebA-Spoof",
    "wmca": "WMCA",
    "cefa": "CASIA-SURF CeFA",
    "surf": "CASIA-SURF",
}
FRAME = re.compile(r"_(?:frame)?\d+$")
CEFA = re.compile(r"([123])_(\d+)_\d_\d_([1-4])")  # race, person, device, session, instrument
PERSONS = {"celeb": re.compile(r"^(\d+)_(?:live|spoof)_"), "surf": re.compile(r"_(CS\d+)_")}
SUBJECTS = {"celeb": "celeba_spoof", "surf": "surf"}
RACES = {"1": "AF", "2": "CA", "3": "EA"}
CEFA_ATTACKS = {"1": None, "2": "print", "3": "print", "4": "replay"}
HINT = "give the folder that holds txt and frame, data/MCIO or data/WCS of FLIP"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    texts, frames = (needed(root, name, hint=HINT) for name in ("txt", "frame"))
    for name in SETS[options["benchmark"]]:
        for kind in ("real", "fake"):
            for picture, held in _listed(texts, name, kind).items():
                path = frames / picture
                shown = _told(name, kind, Path(picture))
                if shown is None or shown.live != (kind == "real"):
                    faults.add("unreadable label", f"{name}_{kind}", f"{picture}: the name tells another class or none")
                    continue
                if not path.is_file():
                    faults.add("no media", f"{name}_{kind}", picture)
                    continue
                yield Record(
                    f"mcio/{Path(picture).with_suffix('').as_posix()}",
                    within(path, root),
                    dataset=DATASETS[name],
                    licence=MCIO.terms,
                    subject=shown.subject,
                    live=shown.live,
                    attack=shown.attack,
                    digital=GENUINE,
                    protocols={options["benchmark"]: name},
                    source=shown.words | {"lists": " ".join(sorted(held)), "class": kind},
                )


def _listed(folder: Path, name: str, kind: str) -> dict[str, set[str]]:
    """{picture: the lists that hold it}. The training list has to be there; CelebA-Spoof has no other."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for use in ("train", "test", "shot"):
        file = f"{name}_{kind}_{use}.txt"
        path = needed(folder, file, hint=HINT) if use == "train" else child(folder, file)
        for _, picture in lines(path) if path else []:
            found[picture].add(use)
            if use == "test":
                found[picture.replace("frame0", "frame1")].add(use)
    return found


def _told(name: str, kind: str, picture: Path) -> Told | None:
    video = FRAME.sub("", picture.stem)
    if name == "msu":
        return msu_mfsd.told(video)
    if name == "oulu":
        return oulu_npu.told(video)
    if name == "wmca":
        return wmca.told(video)
    if name == "cefa":
        return _cefa(video)
    if name == "replay":
        return replay_attack.told(re.sub(r"^(real|fixed|hand)_", "", video))
    if name == "casia":
        number, _, file = video.partition("_")
        return casia_fasd.told(picture.parts[1], number, file) if number.isdigit() and len(picture.parts) == 4 else None
    # names of CelebA-Spoof and CASIA-SURF tell at most the person: `997_live_125049` stands among the fakes
    match = PERSONS[name].search(picture.stem)
    return Told(f"{SUBJECTS[name]}/{match[1] if match else picture.stem}", kind == "real", None, {})


def _cefa(video: str) -> Told | None:
    if not (match := CEFA.fullmatch(video)):
        return None
    attack = CEFA_ATTACKS[match[3]]
    return Told(f"cefa/{RACES[match[1]]}-{match[2]}", attack is None, attack, {"instrument": match[3]})


MCIO = Source(
    "mcio",
    "MCIO and WCS, frames by FLIP's lists",
    "lists public; each dataset's own terms",
    _read,
    {"benchmark": ("mcio", "wcs")},
)
