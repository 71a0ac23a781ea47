"""When the next request may be sent: so many requests and tokens within any minute, and no sooner than a busy server asked for.

The minute slides: whoever counts a server's minutes from another second never finds more in one than was allowed.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

MINUTE_S = 60.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0


@dataclass(frozen=True)
class Clock:
    """Seconds, waiting, and chance from 0 to 1."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    chance: Callable[[], float] = random.random


@dataclass
class Share:
    """What one request takes of a minute, from the second `at` on."""

    at: float
    amount: int
    is_past: bool = False


class Window:
    """At most `most` of something within any minute; None is no bound."""

    def __init__(self, most: int | None):
        self._most = most
        self._shares: deque[Share] = deque()
        self._taken = 0

    def delay(self, amount: int, now: float) -> float:
        """Seconds until there is room for so much more. What is larger than the whole bound goes when the minute is empty."""
        if self._most is None:
            return 0.0
        while self._shares and self._shares[0].at + MINUTE_S <= now:
            past = self._shares.popleft()
            past.is_past = True
            self._taken -= past.amount
        excess = self._taken + min(amount, self._most) - self._most
        until = now
        for share in self._shares:
            if excess <= 0:
                break
            excess -= share.amount
            until = share.at + MINUTE_S
        return until - now

    def take(self, amount: int, now: float) -> Share:
        share = Share(now, amount)
        if self._most is not None:
            self._shares.append(share)
            self._taken += amount
        return share

    def correct(self, share: Share, amount: int) -> None:
        """When it is known how much it was."""
        if not share.is_past and self._most is not None:
            self._taken += amount - share.amount
            share.amount = amount


class Pace:
    """One queue for all requests: first come, first sent."""

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None, clock: Clock):
        self._requests = Window(requests_per_minute)
        self._tokens = Window(tokens_per_minute)
        self._clock = clock
        self._closed_until = -float("inf")
        self._queue = asyncio.Lock()

    async def turn(self, tokens: int) -> Share:
        """Waits until a request of about so many tokens may be sent."""
        async with self._queue:
            while (wait_s := self._wait_s(tokens)) > 0:
                await self._clock.sleep(wait_s)
            now = self._clock.now()
            self._requests.take(1, now)
            return self._tokens.take(tokens, now)

    def _wait_s(self, tokens: int) -> float:
        now = self._clock.now()
        return max(self._closed_until - now, self._requests.delay(1, now), self._tokens.delay(tokens, now))

    def correct(self, share: Share, tokens: int) -> None:
        self._tokens.correct(share, tokens)

    def hold(self, seconds: float) -> None:
        """Nothing is sent for so long: the server said when to come again."""
        self._closed_until = max(self._closed_until, self._clock.now() + seconds)

    async def back_off(self, failures: int) -> None:
        """Twice as long after each failure of a row, half of it by chance, so that those who failed together do not come together again."""
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (failures - 1))
        await self._clock.sleep(longest * (0.5 + 0.5 * self._clock.chance()))
