"""CelebA-Spoof: Data/{train,test}/<id>/{live,spoof}/<n>.png, <n>_BB.txt beside each, labels in metas/intra_test/{train,test}_label.json.

A label is 44 numbers: CelebA's forty attributes (of live pictures), spoof type, illumination, environment, and 43: 0 live, 1 spoof. The
folder's name is no label: some pictures in live/ are labelled spoof; `source` keeps the folder. A box is `x y w h score` on a picture
scaled to 224 x 224, so pixels need the size, which is read from the header. A 3D mask may be rigid or flexible: it has no class of ours.
protocol1 and protocol2 are told where their lists lie. Layout, polarity and boxes: the dataset's own client, and public readers of
protocols and spoof types.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from ...model.errors import FacewiseError
from ..records import GENUINE, Record
from .faults import Faults
from .source import Source
from .text_file import text

TYPES = ("Live", "Photo", "Poster", "A4", "Face Mask", "Upper Body Mask", "Region Mask", "PC", "Pad", "Phone", "3D Mask")
ATTACKS = dict(zip(TYPES, (None, *3 * ("print",), *3 * ("paper mask",), *3 * ("replay",), None), strict=True))
LIGHTS = ("Live", "Normal", "Strong", "Back", "Dark")
PLACES = ("Live", "Indoor", "Outdoor")
# fmt: off
NAMES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips", "Big_Nose",
    "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses", "Goatee",
    "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes", "No_Beard",
    "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks", "Sideburns", "Smiling", "Straight_Hair",
    "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick", "Wearing_Necklace", "Wearing_Necktie", "Young",
)
# fmt: on
SCALED = 224
METAS = Path("metas")
Box = tuple[float, float, float, float]


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    protocols = _protocols(root)
    for part in ("train", "test"):
        file = METAS / "intra_test" / f"{part}_label.json"
        for name, label in _labels(root / file).items():
            if not _is_label(label) or len(Path(name).parts) < 4:
                faults.add(
                    "unreadable label", file, f"{name}: 44 numbers of the known ranges, type and live in accord, were looked for"
                )
            elif not (root / name).is_file():
                faults.add("no media", file, name)
            else:
                yield _record(root, name, label, part, protocols[name])


def _record(root: Path, name: str, label: list[int], part: str, protocols: dict[str, str]) -> Record:
    picture = Path(name)
    kind, light, place, spoof = label[40:]
    told, box = _boxed(root / picture)
    return Record(
        f"celeba_spoof/{picture.with_suffix('').as_posix().removeprefix('Data/')}",
        name,
        dataset="CelebA-Spoof",
        licence=CELEBA_SPOOF.terms,
        subject=f"celeba_spoof/{picture.parts[-3]}",
        split=part,
        live=not spoof,
        attack=ATTACKS[TYPES[kind]],
        digital=GENUINE,
        attributes=None if spoof else {key: value == 1 for key, value in zip(NAMES, label[:40], strict=True)},
        face=box,
        protocols={"intra_test": part, **protocols},
        source={"type": TYPES[kind], "illumination": LIGHTS[light], "environment": PLACES[place], "folder": picture.parent.name}
        | told,
    )


def _is_label(label: object) -> bool:
    if not isinstance(label, list) or len(label) != 44 or not all(isinstance(value, int) for value in label):
        return False
    kind, light, place, spoof = label[40:]
    known = 0 <= kind < len(TYPES) and 0 <= light < len(LIGHTS) and 0 <= place < len(PLACES) and spoof in (0, 1)
    return known and (kind > 0) == (spoof == 1)


def _boxed(picture: Path) -> tuple[dict[str, str], Box | None]:
    """The box in the source's words, and in pixels of the picture, within it. A missing or broken one costs no picture."""
    file = picture.with_name(f"{picture.stem}_BB.txt")
    told = text(file).split() if file.is_file() else []
    words = {"box_224": " ".join(told)} if told else {}
    try:
        x, y, w, h = (float(value) / SCALED for value in told[:4])
        with Image.open(picture) as opened:
            width, height = opened.size
    except (ValueError, OSError):
        return words, None
    left, top, right, bottom = max(x, 0) * width, max(y, 0) * height, min(x + w, 1) * width, min(y + h, 1) * height
    return words, (left, top, right, bottom) if left < right and top < bottom else None


def _protocols(root: Path) -> defaultdict[str, dict[str, str]]:
    """{picture: {"protocol2/test_on_low_quality_device": part}}"""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted((root / METAS).glob("protocol*/**/*_label.json")):
        for name in _labels(path):
            found[name][path.parent.relative_to(root / METAS).as_posix()] = path.name.removesuffix("_label.json")
    return found


def _labels(path: Path) -> dict[str, list[int]]:
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file; give the folder that holds Data and metas")
    try:
        labels = json.loads(text(path))
    except ValueError as error:
        raise FacewiseError(f"{path}: no JSON ({error})") from None
    if not isinstance(labels, dict):
        raise FacewiseError(f"{path}: an object of paths and their 44 numbers was looked for")
    return labels


CELEBA_SPOOF = Source("celeba_spoof", "CelebA-Spoof", "non-commercial research", _read)
