"""UniAttackData in two layouts: the release (Data/ and protocol/) and the challenge of CVPR 2024 (phase1/, phase2/).

Release: protocol/UniAttackData@<p>_{image,video}_{train,dev,test}.txt with lines `UniAttackData/Data/<kind>/... n`, n = 0 live, 1 physical,
2 adversarial, 3 digital; the folders say the same (live, spoof, adv-attacks, else a method's name), and a list in another polarity is
refused. Clips are folders of frames; a list repeats them for each picture, and counts once. Challenge: `p1/train/000001.jpg n`, n = 0 live,
1 fake of any kind (scores are handed in the other way round); of p2.1 fakes are digital or adversarial, of p2.2 physical, of p1 not told;
parts without labels are left out. `live` is not told of what is altered: no camera saw an attack. An adversarial picture is none of our
digital types. Release: the dataset's readme and lists; challenge: public readers.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..records import GENUINE, Record
from .faults import Faults
from .listing import child, lines, within
from .source import Source

PARTS = {"train": "train", "dev": "val", "test": "test"}
KINDS = {"0": "live", "1": "physical", "2": "adversarial", "3": "digital"}
PERSON = re.compile(r"(?:AF|CA|EA)-\d{3}")
METHODS = {"simswap": "face swap", "facedancer": "face swap", "insightface": "face swap"}  # folder -> type
METHODS |= {"oneshotth": "reenactment", "safa": "reenactment", "dagan": "reenactment"}
INSTRUMENTS = {"cloth": "print", "print": "print", "screen": "replay", "replay": "replay"}
FAKES = {"p1": "not told", "p2.1": "digital or adversarial", "p2.2": "physical"}  # the challenge's
HINT = "give the folder that holds Data and protocol, or phase1"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    if lists := child(root, "protocol", "protocols"):
        yield from _released(root, lists, options["protocol"], options["items"], faults)
    elif child(root, "phase1"):
        yield from _challenge(root, options["protocol"], faults)
    else:
        raise FacewiseError(f"{root}: neither protocol nor phase1 in it; {HINT}")


def _released(root: Path, lists: Path, protocol: str, items: str, faults: Faults) -> Iterator[Record]:
    for name, part in PARTS.items():
        seen = set()
        for where, line in lines(lists / f"UniAttackData@{protocol}_{items}_{name}.txt"):
            told, _, label = line.rpartition(" ")
            media = told.removeprefix("UniAttackData/")
            kind = KINDS.get(label)
            if kind is None or not media.startswith("Data/") or not (person := PERSON.search(media)):
                faults.add("unreadable label", where, repr(line))
                continue
            if _folder_kind(media) != kind:
                raise FacewiseError(
                    f"{lists / where}: {line!r} contradicts its folder; detailed labels (0 live to 3 digital) were looked for"
                )
            if media in seen:
                continue
            seen.add(media)
            if not (root / media).exists():
                faults.add("no media", where, media)
                continue
            folder = media.split("/")[2 if kind == "adversarial" else 1]
            yield Record(
                f"uniattackdata/{media.removeprefix('Data/')}",
                media,
                dataset="UniAttackData",
                licence=UNIATTACKDATA.terms,
                subject=f"uniattackdata/{person[0]}",
                split=part,
                protocols={protocol: name},
                source={"class": kind} | ({} if kind in ("live", "physical") else {"method": folder}),
                **_labels(kind, media, folder),
            )


def _labels(kind: str, media: str, method: str = "") -> dict[str, Any]:
    if kind == "live":
        return {"live": True, "digital": GENUINE}
    if kind == "physical":
        scene = next((part for part in media.split("/") if part.lower().startswith(tuple(INSTRUMENTS))), "")
        return {"live": False, "digital": GENUINE, "attack": INSTRUMENTS.get(re.split(r"\W|_", scene.lower())[0])}
    return {"digital": METHODS.get(method.lower()) if kind == "digital" else None}


def _folder_kind(media: str) -> str:
    return {"live": "live", "spoof": "physical", "adv-attacks": "adversarial"}.get(media.split("/")[1], "digital")


def _challenge(root: Path, protocol: str, faults: Faults) -> Iterator[Record]:
    if protocol not in FAKES:
        raise FacewiseError(f"{root}: the challenge has the protocols {', '.join(FAKES)}; {protocol} is in the release only")
    phases = [phase for name in ("phase1", "phase2") if (phase := child(root, name))]
    labelled = [(phase, name) for phase in phases for name in PARTS if (phase / protocol / f"{name}_label.txt").is_file()]
    if not any(name == "train" for _, name in labelled):
        raise FacewiseError(f"{phases[0] / protocol / 'train_label.txt'}: no such file; {HINT}")
    for phase, name in labelled:
        for where, line in lines(phase / protocol / f"{name}_label.txt"):
            picture, _, label = line.rpartition(" ")
            if label not in ("0", "1") or not picture.startswith(f"{protocol}/{name}/"):
                faults.add("unreadable label", f"{protocol}/{where}", repr(line))
                continue
            path = next((found for place in phases if (found := place / picture).is_file()), None)
            if path is None:
                faults.add("no media", f"{protocol}/{where}", picture)
                continue
            kind = "live" if label == "0" else FAKES[protocol]
            yield Record(
                f"uniattackdata/{Path(picture).with_suffix('').as_posix()}",
                within(path, root),
                dataset="UniAttackData",
                licence=UNIATTACKDATA.terms,
                subject=f"uniattackdata/{Path(picture).with_suffix('').as_posix()}",
                split=PARTS[name],
                protocols={protocol: name},
                source={"class": kind, "label": label},
                **({} if kind == "not told" else _labels(kind, picture)),
            )
    for name in sorted(set(PARTS) - {name for _, name in labelled}):
        for phase in phases:
            for _ in lines(listed) if (listed := phase / protocol / f"{name}.txt").is_file() else []:
                faults.leave_out(f"{name}: its labels are not given out")


UNIATTACKDATA = Source(
    "uniattackdata",
    "UniAttackData",
    "on application, non-commercial research",
    _read,
    {"protocol": ("p1", "p1.1", "p1.2", "p1.3", "p2.1", "p2.2"), "items": ("image", "video")},
    unverified="the names of the folders of physical attacks but `cloth-outdoor`, and of the digital methods but OneShotTH and simswap: another name "
    "carries no attack or digital type, and stays in `source`",
)
