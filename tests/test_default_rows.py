"""The table of the embedded default: every target has its part, a number is held against its bound, what is missing says why."""

import pytest

from facewise.eval.default.groups import CHOICES, GROUPS
from facewise.eval.default.markdown import missing_rows, summary, table
from facewise.eval.default.parts import MEASURES, chosen
from facewise.eval.default.row import REAL, missing, reaches, row, share_row
from facewise.eval.default.targets import BOUNDS, TARGETS, UNIT_GROUPS
from facewise.eval.metrics.statistic import Value
from facewise.model.taxonomy import AU_CODES


def test_every_part_belongs_to_one_group_and_has_its_rows():
    parts = [name for names in GROUPS.values() for name in names]
    assert sorted(parts) == sorted(set(parts)) == sorted(MEASURES) == sorted(TARGETS)
    assert all(TARGETS.values()) and set(CHOICES) == {*GROUPS, *parts}


def test_no_row_belongs_to_two_parts():
    assert len(BOUNDS) == sum(map(len, TARGETS.values()))


def test_the_bounds_are_signs_and_numbers():
    assert all(reaches(0.5, bound) in (True, False) for bound in BOUNDS.values() if bound)


def test_the_groups_of_units_are_scored_and_disjoint():
    codes = [code for group in UNIT_GROUPS.values() for code in group]
    assert len(codes) == len(set(codes)) == 21 and set(codes) < set(AU_CODES)


@pytest.mark.parametrize(
    ("value", "bound", "met"), [(0.97, ">= 0.97", True), (0.96, ">= 0.97", False), (0.01, "<= 0.01", True), (2, "<= 1", False)]
)
def test_a_bound_holds_at_its_own_value(value, bound, met):
    assert reaches(value, bound) is met


def test_a_row_finds_its_target_by_its_words():
    got = share_row("real people called live", 98, 100, "told", REAL)
    assert (got.value, got.n, got.target, got.met, got.domain) == (0.98, 100, ">= 0.97", True, "real")
    assert got.low < 0.98 < got.high
    assert share_row("real people called live", 96, 100, "told", REAL).met is False


def test_a_row_that_nobody_asked_for_has_no_target():
    got = row("something beside", Value("", 0.2, 7, chance=0.5), "told", REAL)
    assert (got.target, got.met, got.chance) == (None, None, 0.5)


def test_nothing_to_measure_is_neither_met_nor_missed():
    got = share_row("real people called live", 0, 0, "told", REAL)
    assert (got.value, got.met, got.why) == (None, None, "nothing to measure")


def test_the_table_numbers_its_protocols_and_keeps_bars_inside_cells():
    rows = [share_row("mirror, |dI| <= .3", 9, 10, "photos", REAL), share_row("real people called live", 1, 2, "others", REAL)]
    told = table("group", rows)
    assert "| mirror, \\|dI\\| <= .3 | 0.900 | 0.596 to 0.982 | 10 |  | >= 0.98 | NO | real | 1 |" in told
    assert told.endswith("1. photos\n2. others\n")


def test_missing_rows_stand_below_their_reason():
    rows = [
        missing("real people called live", "give DATA"),
        missing("coarse UF1 at .02 IOD", "give DATA"),
        missing("ECE of the score", "no"),
    ]
    told = missing_rows(rows)
    assert "- give DATA: real people called live (>= 0.97); coarse UF1 at .02 IOD" in told
    assert "- no: ECE of the score (<= 0.05)" in told
    assert table("group", rows) == ""
    assert summary(rows) == "0 of 0 targets met, 3 rows missing"


def test_a_group_or_a_part_of_it_can_be_chosen():
    assert [(group, [part.name for part in parts]) for group, parts in chosen(("live", "units"))] == [
        ("live", ["live-people", "null-attacks"]),
        ("unit", ["units"]),
    ]
    assert len(chosen(())) == len(GROUPS)
