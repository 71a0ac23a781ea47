"""What the run costs, and the cap that it never passes: what a request may cost at most is laid aside before it is sent.

A request that does not fit waits for those under way, which mostly cost less than was laid aside; if none is, the run is over. So a budget buys the
same whatever the concurrency. What a question takes is known once it is answered, so the cap leans on the worst yet: pictures that cost a
quarter more than any before could pass it by what they cost more. Money is counted in decimals, because cents of floats do not add up.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

MILLION = 1_000_000
CHARS_A_TOKEN = 2  # half of what English needs: before anything is known, rather too much is laid aside
PICTURE_TOKENS = 1500
MARGIN = 1.25  # pictures differ in size


class Exhausted(Exception):  # noqa: N818 - nothing went wrong
    """The next request could pass the budget."""


@dataclass(frozen=True)
class Usage:
    """Tokens of questions and of answers."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


class Prices:
    """Of a million tokens in and out; None: not known, all costs nothing."""

    def __init__(self, of_a_million: tuple[float, float] | None):
        self._in, self._out = (Decimal(str(price)) for price in of_a_million or (0, 0))

    def cost(self, usage: Usage) -> Decimal:
        return (self._in * usage.prompt_tokens + self._out * usage.completion_tokens) / MILLION


class Estimate:
    """Tokens of a question before they are told: by its characters and pictures, scaled by the worst answer yet."""

    def __init__(self) -> None:
        self._scale: float | None = None

    def tokens(self, chars: int, pictures: int) -> int:
        return int(_rough(chars, pictures) * (1.0 if self._scale is None else MARGIN * self._scale)) + 1

    def learn(self, chars: int, pictures: int, told: int) -> None:
        self._scale = max(self._scale or 0.0, told / _rough(chars, pictures))


def _rough(chars: int, pictures: int) -> float:
    return max(chars / CHARS_A_TOKEN + PICTURE_TOKENS * pictures, 1.0)


@dataclass
class Laid:
    """What was laid aside, and the `usage` of it that is spent in the end."""

    usage: Usage


class Spending:
    """`cost` and `tokens` count from what earlier runs into the folder spent."""

    def __init__(self, budget: float | None, budget_tokens: int | None, cost: Decimal = Decimal(0), tokens: int = 0):
        self._budget = None if budget is None else Decimal(str(budget))
        self._budget_tokens = budget_tokens
        self.cost, self.tokens = cost, tokens
        self._laid_cost, self._laid_tokens, self._under_way = Decimal(0), 0, 0
        self._waiting: list[asyncio.Future[None]] = []
        self.is_over = False

    @asynccontextmanager
    async def laid_aside(self, most: Usage, prices: Prices) -> AsyncIterator[Laid]:
        """Of a request, until it has ended: then what the `usage` of the yielded says by then is spent. Raises Exhausted."""
        cost = prices.cost(most)
        await self._room(cost, most.tokens)
        self._lay(cost, most.tokens, 1)
        laid = Laid(Usage())
        try:
            yield laid
        finally:
            self._lay(-cost, -most.tokens, -1)
            self.cost += prices.cost(laid.usage)
            self.tokens += laid.usage.tokens
            self._wake()

    def _lay(self, cost: Decimal, tokens: int, count: int) -> None:
        self._laid_cost += cost
        self._laid_tokens += tokens
        self._under_way += count

    async def _room(self, cost: Decimal, tokens: int) -> None:
        while self.is_over or not self._has_room(cost, tokens):
            if self.is_over or not self._under_way:
                self.is_over = True
                self._wake()
                raise Exhausted
            changed = asyncio.get_running_loop().create_future()
            self._waiting.append(changed)
            await changed

    def _wake(self) -> None:
        """All who wait look again, the first to come first."""
        waiting, self._waiting = self._waiting, []
        for changed in waiting:
            if not changed.done():  # given up in the meantime
                changed.set_result(None)

    def _has_room(self, cost: Decimal, tokens: int) -> bool:
        fits = self._budget is None or self.cost + self._laid_cost + cost <= self._budget
        return fits and (self._budget_tokens is None or self.tokens + self._laid_tokens + tokens <= self._budget_tokens)
