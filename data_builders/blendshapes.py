"""MediaPipe's 52 blendshapes of every portrait and of its mirror image: a teacher for a few action units on real photos.

Runs in a virtual environment of its own (mediapipe with the Tasks API; libEGL and libGLES on the system), so nothing of ours is imported:

    python data_builders/blendshapes.py --portraits DIR [DIR ...] --task face_landmarker.task --out labels.csv
"""

import argparse
import csv
import sys
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png")


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    pictures = [path for folder in args.portraits for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
    if not pictures:
        print(f"no pictures in {', '.join(map(str, args.portraits))}", file=sys.stderr)
        return 2
    rows = _rows(pictures, args.task)
    missing = sum(len(row) == 2 for row in rows)
    names = sorted({name for row in rows for name in row} - {"media", "flipped"})
    with args.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["media", "flipped", *names])
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(pictures)} pictures, {missing} of {len(rows)} looks without a face -> {args.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portraits", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--task", type=Path, required=True, help="face_landmarker.task")
    parser.add_argument("--out", type=Path, required=True, help="CSV: media, flipped (0 or 1), then the blendshapes, 0-1")
    return parser


def _rows(pictures: list[Path], task: Path) -> list[dict]:
    """Two a picture; a look without a face has no blendshapes. Names of a mirrored look keep the mirror's own left and right."""
    import cv2
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(task)), output_face_blendshapes=True, num_faces=1
    )
    rows = []
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for path in pictures:
            pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            for flipped in (0, 1):
                look = pixels[:, ::-1].copy() if flipped else pixels
                found = landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=look))
                shapes = {s.category_name: round(s.score, 4) for s in found.face_blendshapes[0]} if found.face_blendshapes else {}
                rows.append({"media": path.name, "flipped": flipped, **shapes})
    return rows


if __name__ == "__main__":
    sys.exit(main())
