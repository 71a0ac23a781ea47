"""The rows that the table must have, by the part that measures them, with its bound; None where there is none.

A part that cannot be measured leaves these rows in the table with the reason. Parts may tell more than is listed here.
"""

CLEAR = ("AU12", "AU18", "AU20", "AU22", "AU25", "AU26", "AU27", "AU43")
FAINT = ("AU1", "AU2", "AU4", "AU5", "AU15")
HARD = ("AU6", "AU7", "AU9", "AU10", "AU14", "AU16", "AU17", "AU24")
UNIT_GROUPS = {"clear": CLEAR, "faint": FAINT, "hard": HARD}


def group_name(name: str) -> str:
    """ "F1 of AU 1 2 4 5 15"."""
    return "F1 of AU " + " ".join(code.removeprefix("AU") for code in UNIT_GROUPS[name])


TARGETS: dict[str, dict[str, str | None]] = {
    "live-people": {
        "real people called live": ">= 0.97",
        "real people called spoof": "<= 0.01",
        "real people called uncertain": "<= 0.03",
    },
    "null-attacks": {"null attacks called live": ">= 0.95"},
    "attacks": {
        "APCER print": "<= 0.10",
        "APCER replay": "<= 0.10",
        "APCER paper mask": "<= 0.10",
        "APCER partial": "<= 0.10",
        "APCER, the worst of these": "<= 0.10",
        "attack type right": ">= 0.85",
        "ECE of the score": "<= 0.05",
        "area of partial attacks, mean IoU": ">= 0.60",
        "area of partial attacks, AP@50": ">= 0.80",
    },
    "attacks-left-out": {"AUC, the worst attack left out of training": ">= 0.90"},
    "units": {
        f"{group_name('clear')}, lone still": ">= 0.85",
        f"{group_name('faint')}, lone still": ">= 0.55",
        f"{group_name('hard')}, lone still": ">= 0.55",
        f"{group_name('faint')}, neutral given": ">= 0.85",
        "sides right": ">= 0.95",
    },
    "units-on-portraits": {"Spearman with the teacher's AU12": ">= 0.90"},
    "neutral-faces": {
        "neutral faces without a strong unit": ">= 0.95",
        "neutral faces called neutral": ">= 0.95",
    },
    "smiles": {"clear smiles called happiness": ">= 0.95"},
    "emotions": {
        "prototypes, macro-F1": ">= 0.85",
        "no clear prototype, recall": ">= 0.80",
    },
    "invariance": {
        "mirror, |dI| <= .3": ">= 0.98",
        "half size, |dI| <= .5": ">= 0.95",
        "JPEG 60, |dI| <= .5": ">= 0.95",
        "roll, |dI| <= .5": ">= 0.95",
        "gain, |dI| <= .5": ">= 0.95",
        "all of these, |dscore| <= .1": ">= 0.95",
        "all of these, same verdict": ">= 0.98",
    },
    "retargeting": {"raised level by level": None, "no other unit moves by more than 1": None},
    "forbidden-asks": {"forbidden asks declined": ">= 0.95", "proper asks refused": "<= 0.01"},
    "answers": {"answers parsed": ">= 1", "text and object agree": ">= 1"},
    "cues": {"cue precision": ">= 0.90", "cue recall": ">= 0.60"},
    "counterfactual": {"cue no longer named without it": ">= 0.90"},
    "paraphrases": {"paraphrases understood": ">= 0.98", "paraphrases agree": ">= 0.98"},
    "micro-texts": {"micro texts name only what moved": ">= 1"},
    "robustness": {"AU12 right, as it is": None},
    "robustness-live": {"called live, as they are": None},
    "yaw": {"AU12 right, yaw 40": None},
    "fairness": {"live, widest gap by tone": None, "live, widest gap by quality": None},
    "albedo": {"albedo scaled, mean |dscore|": "<= 0.03"},
    "spotting": {
        "spotting F1, micro": ">= 0.60",
        "spotting F1, macro": ">= 0.60",
        "false intervals a minute of distractors": "<= 1",
        "apex within 67 ms": ">= 0.80",
        "coarse UF1 at .04 IOD": ">= 0.75",
        "coarse UF1 at .02 IOD": None,
    },
    "photo-spotting": {
        "photos that move, spotting F1, any kind": None,
        "photos that move, false intervals a minute": None,
        "photos that move, apex within 67 ms": None,
    },
    "drawn-people": {"drawn people called live": None, "drawn prints and screens called live": None},
    "drawn-clip": {"drawn clip, movements found": None},
    "size": {"own weights, MB": "<= 24"},
    "time": {"warm answer, s": "<= 4"},
}
BOUNDS: dict[str, str | None] = {what: bound for rows in TARGETS.values() for what, bound in rows.items()}
