"""What the teacher and the judge are asked for: the only place of their defaults, and the flags of `facewise build` that are made from it.

Prices have no default, because they change monthly and a wrong one would make the budget a lie. An answer below 6 of 10 on any criterion goes:
on GPT-4o's scale of Face-LLaVA's paper, models that were never taught reach 5.0 to 6.0 on these three, and what people wrote 8.9 to 9.5.
"""

import argparse
import dataclasses
from dataclasses import dataclass, field
from typing import Any

from ...model.errors import FacewiseError
from ...model.taxonomy import TASKS

TAUGHT = tuple(task for task in TASKS if task != "chat")  # replies there are fixed sentences: refusals, and what cannot be told
MARKS = (1, 10)


def _flag(default: Any, about: str, metavar: str, kind: type = str, choices: tuple[str, ...] | None = None) -> Any:
    return field(default=default, metadata={"help": about, "metavar": metavar, "type": kind, "choices": choices})


@dataclass(frozen=True)
class TeacherSettings:
    """Raises FacewiseError for a value that cannot be. Prices and budget are in any one currency; MARKS bound `min_mark`."""

    teacher: str | None = _flag(None, "OpenAI-compatible server that adds answers of its own (key in FACEWISE_API_KEY)", "URL")
    teacher_model: str | None = _flag(None, "its model, one that sees pictures", "M")
    teacher_tasks: tuple[str, ...] = _flag(TAUGHT, "rows of which tasks it answers anew", "TASK", choices=TASKS)
    price_in: float | None = _flag(None, "what a million tokens of a question cost", "X", float)
    price_out: float | None = _flag(None, "what a million tokens of an answer cost", "X", float)
    judge: str | None = _flag(None, "server of the judge, if it is not the teacher's", "URL")
    judge_model: str | None = _flag(None, "have this model mark the answers, 1 to 10 on three criteria", "M")
    judge_price_in: float | None = _flag(None, "the judge's price of a question, if it is not the teacher's", "X", float)
    judge_price_out: float | None = _flag(None, "and of an answer", "X", float)
    min_mark: int = _flag(6, "the least mark on each criterion that an answer stays with", "N", int)
    budget: float | None = _flag(None, "most that both may cost, over all runs into this folder; needs the prices", "X", float)
    budget_tokens: int | None = _flag(None, "the same in tokens, of questions and answers together", "N", int)
    concurrency: int = _flag(16, "requests under way at once", "N", int)
    requests_per_minute: int | None = _flag(None, "most requests that are sent within any minute", "N", int)
    tokens_per_minute: int | None = _flag(None, "most tokens, of questions and answers together, within any minute", "N", int)
    tries: int = _flag(8, "times that a row is asked before it is given up in this run", "N", int)
    answer_timeout_s: float = _flag(120.0, "seconds that an answer may take", "S", float)
    max_tokens: int = _flag(1024, "most tokens of an answer, those that a model thinks with included", "N", int)
    clip_pictures: int = _flag(6, "most frames of a clip that are shown; our own server takes 8", "N", int)

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, int | float) and not value > 0 and not (value == 0 and "price" in name):
                raise FacewiseError(f"{flag_of(name)} {value}: a number above 0 is wanted")
        self._check_servers()
        self._check_prices()
        if not MARKS[0] <= self.min_mark <= MARKS[1]:
            raise FacewiseError(f"--min-mark {self.min_mark}: marks are from {MARKS[0]} to {MARKS[1]}")
        if strange := [task for task in self.teacher_tasks if task not in TASKS]:
            raise FacewiseError(f"--teacher-tasks {strange[0]}: choose from {', '.join(TASKS)}")

    def _check_servers(self) -> None:
        if bool(self.teacher) != bool(self.teacher_model):
            raise FacewiseError("--teacher and --teacher-model go together: the server's address, and a model that it serves")
        if self.judge_model and not (self.judge or self.teacher):
            raise FacewiseError("--judge-model needs a server: give --judge URL, or --teacher URL for both")
        if self.judge and not self.judge_model:
            raise FacewiseError("--judge needs --judge-model, a model that it serves")

    def _check_prices(self) -> None:
        for one, other in (("price_in", "price_out"), ("judge_price_in", "judge_price_out")):
            if (getattr(self, one) is None) != (getattr(self, other) is None):
                raise FacewiseError(f"{flag_of(one)} and {flag_of(other)} go together; give both, of a million tokens each")
        if self.budget is None:
            return
        if self.teacher and self.price_in is None:
            raise FacewiseError(
                "--budget needs --price-in and --price-out: what a million tokens cost; --budget-tokens needs none"
            )
        if self.judge_model and self.judge_prices is None:
            raise FacewiseError("--budget needs --judge-price-in and --judge-price-out; --budget-tokens needs none")

    @property
    def prices(self) -> tuple[float, float] | None:
        """Of a million tokens, in and out."""
        return None if self.price_in is None or self.price_out is None else (self.price_in, self.price_out)

    @property
    def judge_prices(self) -> tuple[float, float] | None:
        """The teacher's where the judge is the same model of the same server."""
        if self.judge_price_in is not None and self.judge_price_out is not None:
            return self.judge_price_in, self.judge_price_out
        same = self.judge_model == self.teacher_model and self.judge in (None, self.teacher)
        return self.prices if same else None


def flag_of(name: str) -> str:
    return f"--{name.removesuffix('_s').replace('_', '-')}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags, in a group of their own; `settings_of` reads them back."""
    group = parser.add_argument_group(
        "teacher and judge", "a language model adds a version of its own to the templates' answers, another marks them"
    )
    for one in dataclasses.fields(TeacherSettings):
        about = one.metadata["help"] + (
            "" if one.default is None or one.name == "teacher_tasks" else f" (default: {one.default})"
        )
        group.add_argument(
            flag_of(one.name),
            dest=one.name,
            default=one.default,
            help=about if one.name != "teacher_tasks" else f"{about} (default: all but chat)",
            nargs="+" if one.name == "teacher_tasks" else None,
            **{name: one.metadata[name] for name in ("metavar", "type", "choices")},
        )


def settings_of(args: argparse.Namespace) -> TeacherSettings:
    """Raises FacewiseError for what cannot be."""
    given = {one.name: getattr(args, one.name) for one in dataclasses.fields(TeacherSettings)}
    return TeacherSettings(**given | {"teacher_tasks": tuple(given["teacher_tasks"])})
