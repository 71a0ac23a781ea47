"""One server asked by OpenAI's protocol: a prompt in, the values of its JSON reply out; asked again where that may help, never where it only costs.

aiohttp, because the client is what keeps a fast server waiting: 64 requests at once before a server of 50 ms, on two cores (tests/bench_teacher.py),
keep it 87 to 92 % busy with all that a row costs, 1,110 to 1,170 answers/s; bare aiohttp 95 %, openai's client 12 %, httpx 6 %, which at 64
connections take 5 to 10 ms of processor a request. Bodies are joined from parts that are JSON already, so that no picture is encoded twice.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from ...model.engines.http import NO_KEY, address, key
from ...model.errors import FacewiseError
from .pace import Clock, Pace
from .prompts import Kind, Prompt
from .replies import Lasting, Nonsense, Passing, Refused, Silent, fault_of, reply_of, usage_of, values_of
from .spending import Estimate, Exhausted, Laid, Prices, Spending, Usage

CONNECT_S = 5.0
NONSENSE_TRIES = 3  # each is paid for, and a model that takes the likeliest words says the same again
FIRST_TRIES = 3  # of a server that nobody heard of yet: most likely the address is wrong
MOST_BYTES = 4_000_000
PACKED = "the answer is packed, unasked"
T = TypeVar("T")


@dataclass(frozen=True)
class Endpoint:
    """Who is asked. `prices` of a million tokens in and out, None where nobody told them."""

    url: str
    model: str
    prices: tuple[float, float] | None = None


@dataclass(frozen=True)
class Limits:
    """What is asked of all endpoints of a run."""

    concurrency: int
    tries: int
    answer_timeout_s: float
    max_tokens: int


@dataclass(frozen=True)
class Manner:
    """How a server wants to be asked; what it refuses is left out or called otherwise, for all that follows."""

    is_structured: bool = True
    length: str = "max_tokens"
    has_temperature: bool = True

    def without(self, words: str) -> "Manner | None":
        """What to try after a refusal in these words; None where nothing is left to change."""
        if "max_completion_tokens" in words and self.length == "max_tokens":
            return replace(self, length="max_completion_tokens")
        if "temperature" in words and self.has_temperature:
            return replace(self, has_temperature=False)
        return replace(self, is_structured=False) if self.is_structured else None

    def told(self) -> str:
        """What is not as it was asked first, in words; nothing where all is."""
        parts = [] if self.is_structured else ["response_format (replies are asked for as JSON in words)"]
        parts += [] if self.length == "max_tokens" else ["max_tokens (max_completion_tokens is sent)"]
        parts += [] if self.has_temperature else ["a temperature"]
        return " and ".join(parts)


@dataclass
class Asked(Generic[T]):
    """What became of one prompt: `values`, or `error`; and what it took, all tries together."""

    values: T | None = None
    error: str | None = None
    tries: int = 0
    usage: Usage = field(default_factory=Usage)


class Client:
    """Use as `async with`. What all servers of a run share is given: pace, spending, clock.

    Raises FacewiseError from `ask` for what no row can be answered after: a key that is refused, no such model, a quota that is used up; and
    Exhausted when the next request could pass the budget.
    """

    def __init__(self, endpoint: Endpoint, limits: Limits, pace: Pace, spending: Spending, clock: Clock):
        self.url = address(endpoint.url)
        self.model = endpoint.model
        self.prices = Prices(endpoint.prices)
        self.notes: list[str] = []
        self._chat = f"{self.url}/chat/completions"
        self._key = key(self.url)
        self._limits, self._pace, self._spending, self._clock = limits, pace, spending, clock
        self._estimate = Estimate()
        self._manner = Manner()
        self._is_settled = self._is_heard = False
        self._heads: dict[tuple[Kind, Manner], bytes] = {}
        self._settling = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Client":
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._key != NO_KEY:
            headers["Authorization"] = f"Bearer {self._key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._limits.concurrency),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=self._limits.answer_timeout_s, sock_connect=CONNECT_S),
            proxy=_proxy(self.url),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, prompt: Prompt, read: Callable[[Any], T]) -> Asked[T]:
        """`read` makes something of the reply's values; its ValueError means that they are none, and another try is made."""
        asked: Asked[T] = Asked()
        while True:
            try:
                asked.values = await self._in_its_manner(prompt, read, asked)
            except Lasting as fault:
                asked.error = str(fault)
            except Exhausted:
                if not asked.tries:
                    raise
                asked.error = "the budget was used up before another try"
            except Passing as fault:
                if asked.tries < self._most_tries(fault):
                    await self._wait(fault, asked.tries)
                    continue
                if isinstance(fault, Silent) and not self._is_heard:
                    raise FacewiseError(f"{self.url}: {fault}; check the address and that the server runs") from None
                asked.error = f"{fault} ({asked.tries} tries)"
            return asked

    def _most_tries(self, fault: Passing) -> int:
        if isinstance(fault, Nonsense):
            return min(self._limits.tries, NONSENSE_TRIES)
        return self._limits.tries if self._is_heard or not isinstance(fault, Silent) else min(self._limits.tries, FIRST_TRIES)

    async def _wait(self, fault: Passing, failures: int) -> None:
        if fault.wait_s is not None:
            self._pace.hold(fault.wait_s)
        await self._pace.back_off(failures)

    async def _in_its_manner(self, prompt: Prompt, read: Callable[[Any], T], asked: Asked[T]) -> T:
        """Until one reply has come, one request at a time, in ever plainer manners: a thousand rows do not each learn what a server refuses."""
        if self._is_settled:
            return await self._once(prompt, read, asked, self._manner)
        async with self._settling:
            manner = self._manner
            while not self._is_settled:
                try:
                    return await self._once(prompt, read, asked, manner)
                except Refused as fault:
                    plainer = manner.without(str(fault))
                    if plainer is None:
                        raise
                    manner = plainer
        return await self._once(prompt, read, asked, self._manner)

    def _settle(self, manner: Manner) -> None:
        if not self._is_settled:
            self._is_settled, self._manner = True, manner
            if refused := manner.told():
                self._note(f"{self.url} refuses {refused}")

    def _note(self, line: str) -> None:
        if line not in self.notes:
            self.notes.append(line)

    async def _once(self, prompt: Prompt, read: Callable[[Any], T], asked: Asked[T], manner: Manner) -> T:
        most = Usage(self._estimate.tokens(prompt.chars, len(prompt.pictures)), self._limits.max_tokens)
        async with self._spending.laid_aside(most, self.prices) as laid:
            share = await self._pace.turn(most.tokens)
            asked.tries += 1
            laid.usage = most  # all that it may take, until it is told; nobody knows of an answer that never came
            try:
                status, headers, data = await self._sent(self._body(prompt, manner))
                if status != 200:
                    laid.usage = Usage()  # nobody charges for a fault that they tell
                    raise self._fault(status, headers, data)
                self._settle(manner)
                return self._read(data, read, prompt, laid)
            finally:
                asked.usage += laid.usage
                self._pace.correct(share, laid.usage.tokens)

    def _read(self, data: bytes, read: Callable[[Any], T], prompt: Prompt, laid: Laid) -> T:
        reply = reply_of(data)
        if (usage := usage_of(reply)) is not None:
            laid.usage = usage
            self._estimate.learn(prompt.chars, len(prompt.pictures), usage.prompt_tokens)
        else:
            self._note(f"{self.url} tells no usage: tokens and costs are the most that they can have been")
        try:
            return read(values_of(reply, self._limits.max_tokens))
        except ValueError as error:
            raise Nonsense(str(error)) from None

    def _body(self, prompt: Prompt, manner: Manner) -> bytes:
        key = (prompt.kind, manner)
        head = self._heads.get(key) or self._heads.setdefault(key, self._head(*key))
        words = json.dumps({"type": "text", "text": prompt.text}).encode()
        return b"".join((head, *prompt.pictures, words, b"]}]}"))

    def _head(self, kind: Kind, manner: Manner) -> bytes:
        """Of a body, up to what differs from row to row."""
        settings: dict[str, Any] = {"model": self.model, manner.length: self._limits.max_tokens}
        if manner.has_temperature and kind.temperature is not None:
            settings["temperature"] = kind.temperature
        if manner.is_structured:
            settings["response_format"] = {"type": "json_schema", "json_schema": {"name": "reply", "schema": kind.schema}}
        system = json.dumps({"role": "system", "content": kind.system})
        return f'{json.dumps(settings)[:-1]}, "messages": [{system}, {{"role": "user", "content": ['.encode()

    async def _sent(self, body: bytes) -> tuple[int, Any, bytes]:
        """Status, headers and body of what came back. Raises Passing where nothing whole did."""
        assert self._session is not None
        try:
            # A picture is not sent on to a place that nobody named.
            async with self._session.post(self._chat, data=body, allow_redirects=False) as response:
                if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
                    raise Passing(PACKED)
                self._is_heard = True
                return response.status, response.headers, await _bounded(response)
        except TimeoutError:
            raise Silent(f"no answer within {self._limits.answer_timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Silent(f"no connection, or it was cut ({self._shown(str(error) or type(error).__name__)})") from None

    def _fault(self, status: int, headers: Any, data: bytes) -> Exception:
        fault = fault_of(status, headers, data)
        words = self._shown(fault.words)
        if fault.kind is None:
            return FacewiseError(f"{self.url}: {words}; what was answered is kept, run the same command again when it is mended")
        return fault.of_a_row(words)

    def _shown(self, words: str) -> str:
        """Without the key, which some servers repeat."""
        return words.replace(self._key, "...") if self._key != NO_KEY else words


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    if (response.content_length or MOST_BYTES + 1) <= MOST_BYTES:
        return await response.read()
    data = bytearray()
    async for piece in response.content.iter_any():
        data += piece
        if len(data) > MOST_BYTES:
            raise Passing(f"the answer is longer than {MOST_BYTES // 10**6} MB")
    return bytes(data)


def _proxy(url: str) -> str | None:
    """The environment's, as other clients take it; asked once and not by every request."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
