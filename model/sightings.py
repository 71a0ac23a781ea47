"""What is seen before any language model: faces, quality, pose, evidence and, in a clip, what moved when (`facewise see`).

The object is plain JSON. A clip's action units are told against the person's own rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from .answer import ActionUnitReading, Interval, Quality
from .face_table import FaceRow
from .network.evidence import Evidence
from .network.perceive import Perceived, Perceiver
from .network.seen_clip import ENCODED_AT_ONCE, SeenClip, at_apex, read_views, rest_of
from .perception.clip import MESH, WatchedFace
from .perception.faces import DetectedFace
from .perception.gaze import gaze
from .perception.landmarks import canonical
from .perception.moments import rest_frames
from .perception.motion import RegionMotion, direction
from .perception.patches import REGIONS
from .perception.picture import Picture
from .perception.quality import judged, quality_numbers
from .perception.spotting import Spot, Spotted
from .perception.video import Frame
from .perception.views import face_views
from .readings import action_units, attack_boxes, emotion, is_active, less_neutral

# Pictures


def picture_report(picture: Picture, found: Perceived) -> dict[str, Any]:
    """Everything found on a picture, as plain JSON."""
    height, width = picture.pixels.shape[:2]
    report: dict[str, Any] = {"input": picture.name, "kind": "picture", "size": [width, height], "backend": found.backend}
    report["faces"] = [
        {
            "id": face.id,
            "box": rounded(face.box),
            "confidence": rounded(seen.confidence, 3),
            "quality": {**quality_told(face.quality), "numbers": rounded(asdict(quality_numbers(picture.pixels, seen)), 3)},
            "streams": face.streams,
            "pose_deg": pose_told(seen.ibug68),
            "gaze_deg": gaze_told(gaze_of(seen)),
            "landmarks": None if seen.ibug68 is None else rounded(seen.ibug68[:, :2]),
            "blendshapes": seen.blendshapes,
            "evidence": evidence_told(face.evidence, face.wide_box, (width, height)),
        }
        for face, seen in zip(found.faces, found.detected, strict=True)
    ]
    if found.not_shown:
        report["faces_not_shown"] = found.not_shown
    return report


def evidence_told(numbers: Evidence, wide_box: tuple[float, float, float, float], size: tuple[int, int]) -> dict[str, Any]:
    """The heads' numbers, uncalibrated where an answer would calibrate them."""
    return {
        "aus": aus_told(numbers),
        "emotion": {name: rounded(p, 4) for name, p in numbers.emotion.items()},
        "spoof_logit": rounded(numbers.spoof_logit, 3),
        "attack": {name: rounded(p, 4) for name, p in numbers.attack.items()},
        "cues": {name: rounded(p, 4) for name, p in numbers.cues.items()},
        "attack_boxes": [list(box) for box in attack_boxes(numbers.attack_map, wide_box, size)],
    }


def aus_told(numbers: Evidence) -> dict[str, dict]:
    return {
        code: {"intensity": reading.intensity, "p": reading.p, "side": reading.side}
        for code, reading in action_units(numbers).items()
    }


def worst(face: WatchedFace) -> Quality:
    """A clip's quality: every kind of reason once, as it was at its worst place."""
    reasons = {reason.split(":")[0].split()[0]: reason for numbers in face.quality for reason in judged(numbers).reasons}
    share = {kind: sum(any(r.startswith(kind) for r in judged(n).reasons) for n in face.quality) for kind in reasons}
    told = tuple(f"{reason} (in {share[kind]} of {len(face.quality)} looks)" for kind, reason in reasons.items())
    return Quality(not told, told)


def quality_told(quality: Quality) -> dict[str, Any]:
    return {"ok": quality.ok, "reasons": list(quality.reasons)}


def pose_told(points68: np.ndarray | None) -> dict[str, float] | None:
    if points68 is None:
        return None
    return dict(zip(("pitch", "yaw", "roll"), rounded(np.degrees(canonical(points68)[1]), 1), strict=True))


def gaze_of(face: DetectedFace) -> tuple[float, float] | None:
    """(to the person's left, up) in radians; None without irises or behind closed lids."""
    if face.points is None or len(face.points) != MESH:
        return None
    return gaze(face.points)


def gaze_told(looks: tuple[float, float] | None) -> dict[str, float] | None:
    return None if looks is None else dict(zip(("to_the_persons_left", "up"), rounded(np.degrees(looks), 1), strict=True))


def rounded(value: Any, digits: int = 1) -> Any:
    """A number, an array as nested lists, or a dict of them, rounded for reading; what is not known stays None."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {name: rounded(part, digits) for name, part in value.items()}
    return np.round(np.asarray(value, dtype=float), digits).tolist()


# Clips


def clip_report(seen: SeenClip, shown: int) -> dict[str, Any]:
    """Everything found in a clip, as plain JSON; of its faces the `shown` largest."""
    watched = seen.moments.watched
    report: dict[str, Any] = {
        "input": watched.name,
        "kind": "clip",
        "size": list(watched.size),
        "fps": rounded(watched.fps, 3),
        "frames": watched.frames,
        "duration_s": rounded(watched.duration_s, 3),
        "notes": list(watched.notes),
        "faces": [face_told(face, seen) for face in watched.faces[:shown]],
    }
    if len(watched.faces) > shown:
        report["faces_not_shown"] = len(watched.faces) - shown
    return report


def face_told(face: WatchedFace, seen: SeenClip) -> dict[str, Any]:
    rest = rest_of(face, seen)
    return {
        "id": face.id,
        "box": rounded(np.median(face.boxes, axis=0)),
        "seen": {
            "first": int(face.frames[0]),
            "last": int(face.frames[-1]),
            "frames": len(face.frames),
            "share": rounded(len(face.frames) / max(1, seen.moments.watched.frames), 4),
        },
        "quality": quality_told(worst(face)),
        "baseline": None if rest is None else {"kind": "clip", "frames": sorted(rest_frames(face)), "aus": aus_told(rest)},
        "motion": None if face.spotted is None else motion_told(face.spotted),
        "intervals": [] if face.spotted is None else [interval_told(spot, face, seen) for spot in face.spotted.spots],
    }


def motion_told(spotted: Spotted) -> dict[str, Any]:
    """What the clip can show at all, and what explains movement without an expression."""
    return {
        "shortest_s": rounded(spotted.shortest_s, 3),
        "noise_floor_iod": rounded(float(np.median(spotted.floors)), 4),
        "distractors": [{"kind": d.kind, "start_s": d.start_s, "end_s": d.end_s} for d in spotted.distractors],
    }


def interval_told(spot: Spot, face: WatchedFace, seen: SeenClip) -> dict[str, Any]:
    """One movement: frames, seconds, the regions that moved, and the face at its apex beyond the person's rest."""
    found = asdict(interval_of(spot, face, seen))
    found["regions"] = [region_motion(name, vector).to_dict() for name, vector in spot.regions.items()]
    return {name: part for name, part in found.items() if name not in ("text", "fps")}


def interval_of(
    spot: Spot, face: WatchedFace, seen: SeenClip, neutral: Evidence | None = None, has_emotion: bool = True
) -> Interval:
    """A movement as an answer holds it, with action units and emotion at its apex beyond the rest or a given `neutral`; a blink has neither."""
    beyond = None if spot.kind == "blink" else at_apex(spot, face, seen, neutral)
    return Interval(
        spot.onset,
        spot.apex,
        spot.offset,
        spot.kind,
        spot.score,
        aus=None if beyond is None else action_units(beyond),
        emotion=emotion(beyond) if beyond is not None and has_emotion else None,
        onset_s=spot.onset_s,
        apex_s=spot.apex_s,
        offset_s=spot.offset_s,
        fps=round(seen.moments.watched.fps, 3),
        regions=tuple(spot.regions) or None,
    )


def region_motion(name: str, vector: tuple[float, float]) -> RegionMotion:
    """A spotted region's vector (x right, y down) in words."""
    right, up = vector[0], -vector[1]
    return RegionMotion(name, float(np.hypot(right, up)), right, up, direction(right, up, REGIONS[name].side))


def rows(seen: SeenClip, perceiver: Perceiver) -> Iterator[FaceRow]:
    """One row a frame and face, read in a second pass; action units are what lies above each person's rest."""
    rests = {face.id: rest_of(face, seen) for face in seen.moments.watched.faces}
    waiting: list[tuple[Frame, DetectedFace]] = []
    for frame in seen.moments.clip.frames():
        waiting += [(frame, here) for face in seen.moments.watched.faces if (here := face.within(frame.index))]
        if len(waiting) >= ENCODED_AT_ONCE:
            yield from _rows_of(waiting, rests, seen, perceiver)
            waiting = []
    yield from _rows_of(waiting, rests, seen, perceiver)


def _read(faces: list[tuple[Frame, DetectedFace]], perceiver: Perceiver) -> list[Evidence]:
    config = perceiver.encoder.config
    views = [face_views(frame.pixels, face, config.image_size, config.views) for frame, face in faces]
    return read_views(views, perceiver.encoder)[0]


def _rows_of(
    faces: list[tuple[Frame, DetectedFace]], rests: dict[int, Evidence | None], seen: SeenClip, perceiver: Perceiver
) -> Iterator[FaceRow]:
    looks = {
        face.id: dict(zip(face.spotted.curves.frames.tolist(), face.spotted.curves.gaze.tolist()))
        for face in seen.moments.watched.faces
        if face.spotted
    }
    for (frame, face), numbers in zip(faces, _read(faces, perceiver), strict=True):
        rest = rests[face.id]
        aus = action_units(less_neutral(numbers, rest) if rest else numbers)
        yield FaceRow(
            seen.moments.watched.name,
            frame.index,
            frame.time_s,
            face,
            looks.get(face.id, {}).get(frame.index),
            aus,
            numbers.emotion,
        )


# For people


def readable(report: dict[str, Any]) -> str:
    """A report in lines, the numbers that matter."""
    width, height = report["size"]
    lines = [f"{report['input']}: {width} x {height}"]
    if report["kind"] == "clip":
        lines[0] += f", {report['frames']} frames in {report['duration_s']:.2f} s ({report['fps']:g} a second)"
        lines += [f"  note: {note}" for note in report["notes"]]
    if not report["faces"]:
        lines.append("  no face was found")
    for face in report["faces"]:
        lines += _clip_face(face) if report["kind"] == "clip" else _picture_face(face)
    if report.get("faces_not_shown"):
        lines.append(f"  and {report['faces_not_shown']} more faces, which are not shown")
    return "\n".join(lines)


def _picture_face(face: dict[str, Any]) -> list[str]:
    found = face["evidence"]
    active = [f"{code} {unit['intensity']:.1f}" for code, unit in found["aus"].items() if is_active(ActionUnitReading(**unit))]
    emotion, share = max(found["emotion"].items(), key=lambda item: item[1])
    lines = [_head(face)]
    if face["pose_deg"]:
        lines.append("    pose " + ", ".join(f"{name} {angle:g}" for name, angle in face["pose_deg"].items()) + " degrees")
    lines.append(
        f"    action units {', '.join(active) or 'none'}; resembles {emotion} ({share:.0%}); spoof head {found['spoof_logit']:+.1f}"
    )
    return lines


def _clip_face(face: dict[str, Any]) -> list[str]:
    seen = face["seen"]
    lines = [f"{_head(face)}, in {seen['frames']} frames of {seen['first']} to {seen['last']}"]
    if face["motion"]:
        lines.append(f"    shortest movement that this frame rate shows: {face['motion']['shortest_s']:.2f} s")
    for found in face["intervals"]:
        regions = ", ".join(f"{r['region']} {r['direction']} {r['magnitude_iod']:.3f} IOD" for r in found["regions"][:3])
        what = (
            "blink" if found["kind"] == "blink" else f"possible {found['kind']}-expression, score {found['score']:.2f}: {regions}"
        )
        lines.append(f"    {found['onset_s']:.2f}-{found['offset_s']:.2f} s (apex {found['apex_s']:.2f} s): {what}")
    spans = face["motion"]["distractors"] if face["motion"] else []
    lines += [f"    {span['start_s']:.2f}-{span['end_s']:.2f} s: {span['kind']}" for span in spans]
    return lines


def _head(face: dict[str, Any]) -> str:
    box = ", ".join(f"{value:.0f}" for value in face["box"])
    doubts = "; ".join(face["quality"]["reasons"])
    return f"  face {face['id'] + 1} at [{box}]" + (f" ({doubts})" if doubts else "")
