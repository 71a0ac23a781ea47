"""The table's groups and the parts of each: names alone, so that --help and a wrong flag cost nothing."""

GROUPS: dict[str, tuple[str, ...]] = {
    "live": ("live-people", "null-attacks"),
    "attack": ("attacks", "attacks-left-out"),
    "unit": ("units", "units-on-portraits"),
    "emotion": ("emotions", "neutral-faces", "smiles"),
    "label-free": ("invariance", "retargeting"),
    "language": ("forbidden-asks", "answers", "cues", "counterfactual", "paraphrases", "micro-texts"),
    "conditions": ("robustness-live", "robustness", "yaw"),
    "movement": ("spotting", "photo-spotting"),
    "fair": ("fairness", "albedo"),
    "examples": ("drawn-people", "drawn-clip"),
    "cost": ("size", "time"),
}
CHOICES = tuple(dict.fromkeys(name for group, parts in GROUPS.items() for name in (group, *parts)))
