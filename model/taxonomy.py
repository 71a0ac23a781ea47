"""The vocabularies of the house: action units, emotions, attacks, cues, regions and tasks.

This is the only place where a class is named; readers, heads, wording and metrics take their order from here. Words for an
action unit are chosen so that none is the beginning of another's: a decoder can ban one without touching the rest.
Left and right are the person's own (FACS).
"""

from typing import NamedTuple


class ActionUnit(NamedTuple):
    """One FACS action unit: `code` as in "AU12", the `name` of the manual and the plain `words` that answers use."""

    code: str
    name: str
    words: str


ACTION_UNITS = (
    ActionUnit("AU1", "inner brow raiser", "inner brows raised"),
    ActionUnit("AU2", "outer brow raiser", "outer brows raised"),
    ActionUnit("AU4", "brow lowerer", "brows drawn down"),
    ActionUnit("AU5", "upper lid raiser", "upper lids raised"),
    ActionUnit("AU6", "cheek raiser", "cheeks raised"),
    ActionUnit("AU7", "lid tightener", "lids tightened"),
    ActionUnit("AU9", "nose wrinkler", "nose wrinkled"),
    ActionUnit("AU10", "upper lip raiser", "upper lip raised"),
    ActionUnit("AU12", "lip corner puller", "lip corners pulled up"),
    ActionUnit("AU14", "dimpler", "lip corners tucked in"),
    ActionUnit("AU15", "lip corner depressor", "lip corners turned down"),
    ActionUnit("AU16", "lower lip depressor", "lower lip pulled down"),
    ActionUnit("AU17", "chin raiser", "chin raised"),
    ActionUnit("AU18", "lip pucker", "lips puckered"),
    ActionUnit("AU20", "lip stretcher", "lips stretched sideways"),
    ActionUnit("AU22", "lip funneler", "lips funneled"),
    ActionUnit("AU24", "lip pressor", "lips pressed together"),
    ActionUnit("AU25", "lips part", "lips parted"),
    ActionUnit("AU26", "jaw drop", "jaw dropped"),
    ActionUnit("AU27", "mouth stretch", "mouth stretched wide open"),
    ActionUnit("AU28", "lip suck", "lips sucked in"),
    ActionUnit("AU43", "eye closure", "eyes closed"),
)
AU_CODES = tuple(unit.code for unit in ACTION_UNITS)
AU_WORDS = {unit.code: unit.words for unit in ACTION_UNITS}
SIDES = ("both", "left", "right")

EMOTIONS = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
NO_PROTOTYPE = "no clear prototype"
# The action units of each, in variants (docs of the rig's expressions: data_builders/rig/expressions.py); neutral is that nothing moves.
PROTOTYPES = {
    "happiness": (("AU6", "AU12"),),
    "sadness": (("AU1", "AU4", "AU15"),),
    "surprise": (("AU1", "AU2", "AU5", "AU26"), ("AU1", "AU2", "AU5", "AU27")),
    "fear": (("AU1", "AU2", "AU4", "AU5", "AU20", "AU26"),),
    "anger": (("AU4", "AU5", "AU7", "AU24"),),
    "disgust": (("AU9", "AU16"), ("AU9", "AU17"), ("AU10", "AU16"), ("AU10", "AU17"), ("AU9", "AU10", "AU16")),
    "contempt": (("AU12", "AU14"),),  # on one side
}
NO_FACE = "No face was found in this picture."
NO_FACE_IN_CLIP = "No face could be read in this clip."
COARSE = {
    "neutral": "other",
    "happiness": "positive",
    "sadness": "negative",
    "surprise": "surprise",
    "fear": "negative",
    "disgust": "negative",
    "anger": "negative",
    "contempt": "negative",
}

ATTACKS = (
    "print",
    "replay",
    "paper mask",
    "rigid mask",
    "flexible mask",
    "fake head",
    "glasses",
    "partial eye",
    "partial mouth",
    "makeup",
    "tattoo",
)
# Judged, but without a claim: they fix no threshold and are reported apart.
EXPERIMENTAL_ATTACKS = ("rigid mask", "flexible mask", "fake head", "glasses", "makeup", "tattoo")
DIGITAL_TYPES = ("face swap", "reenactment", "synthetic", "morph")
CUES = (
    "edge",
    "bezel",
    "moire",
    "halftone",
    "glare",
    "flat shading",
    "cut-out rim",
    "blend seam",
    "eye hole",
    "paper texture",
    "screen grid",
    "other",
)

VERDICTS = ("live", "spoof", "uncertain")
TASKS = ("spoof", "au", "emotion", "micro", "describe", "attributes", "age", "chat")
ANSWERED = ("spoof", "au", "emotion", "micro", "describe", "chat")  # those of them that the assistant answers today

# iBUG-68 in nine regions, half-open ranges as in Face-LLaVA's FRLP; "right" and "left" are the person's own.
REGIONS = {
    "jaw": (0, 17),
    "right brow": (17, 22),
    "left brow": (22, 27),
    "nose bridge": (27, 31),
    "nostrils": (31, 36),
    "right eye": (36, 42),
    "left eye": (42, 48),
    "outer lips": (48, 60),
    "inner lips": (60, 68),
}

# The permutation of the 68 points under a mirror: MIRROR[i] is the point that takes i's place.
MIRROR = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
)
