"""What the tests of metrics share: a statistic's numbers by name, and its columns."""

from hypothesis import settings

from facewise.eval.metrics.statistic import Statistic, values_of

unhurried = settings(deadline=None, max_examples=50, derandomize=True)  # a busy machine is no fault of ours


def numbers(statistic: Statistic) -> dict[str, float | None]:
    return {value.name: value.value for value in values_of(statistic)}


def counts(statistic: Statistic) -> dict[str, int]:
    return {value.name: value.n for value in values_of(statistic)}


def chances(statistic: Statistic) -> dict[str, float | None]:
    return {value.name: value.chance for value in values_of(statistic)}
