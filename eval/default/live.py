"""Whether calm real people are called live: those whom the weights were not trained on, as their photos are, and null attacks.

A null attack went the whole way of a print or a mask, staging and camera, without paper, screen or mask.
"""

from collections import Counter

from ...data_builders.synthesis.production import random_of
from ...data_builders.synthesis.spoofs import make_spoof, spoof_job
from .material import Material, photos
from .reader import Reader
from .row import REAL, SIMULATED, Row, share_row

NULLS = ("null staging", "null worn")
LABELS = ("live", "spoof", "uncertain")


def live_people(reader: Reader, material: Material) -> list[Row]:
    told = "photos of people not trained on, as they are; one set of weights, no folds"
    rows = _shares("real people", reader, material, material.people, told)
    tested = material.tested(material.people)
    return rows + _shares("test people alone", reader, material, tested, f"{told}; nothing was calibrated on them either")


def _shares(who: str, reader: Reader, material: Material, people: list, told: str) -> list[Row]:
    verdicts = reader.verdicts(photos(people))
    labels = Counter(each.label for each in verdicts if each is not None)
    seen = labels.total()
    rows = [share_row(f"{who} called {label}", labels[label], seen, told, REAL) for label in LABELS]
    return [*rows, share_row(f"{who} whose face is found", seen, len(people), told, REAL)]


def null_attacks(reader: Reader, material: Material) -> list[Row]:
    people = material.tested(material.people)
    jobs = [
        spoof_job(
            f"{kind.replace(' ', '-')}-{number:04d}",
            kind,
            portrait,
            people,
            random_of(material.settings.seed, f"{kind} {number}"),
        )
        for kind in NULLS
        for number, portrait in enumerate(
            again(material.some(people, material.settings.attacks, kind), material.settings.attacks)
        )
    ]
    records = material.drawn("null-attacks", jobs, make_spoof)
    verdicts = reader.verdicts(material.pictures("null-attacks", records))
    kinds = [record.source["kind"] for record, each in zip(records, verdicts, strict=True) if each is not None]
    labels = [each.label for each in verdicts if each is not None]
    told = "test people, the path of an attack without its paper, screen or mask"
    rows = [share_row("null attacks called live", labels.count("live"), len(labels), told, SIMULATED)]
    for kind in NULLS:
        chosen = [label for label, of in zip(labels, kinds, strict=True) if of == kind]
        rows.append(share_row(f"{kind} called live", chosen.count("live"), len(chosen), told, SIMULATED))
    return rows


def again(people: list, count: int) -> list:
    """`count` of them, each as often as the others."""
    return [people[number % len(people)] for number in range(count)]
