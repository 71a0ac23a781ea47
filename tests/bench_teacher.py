"""`make bench`, the teacher's part: how busy its client keeps a server of 50 ms, 64 requests at once, both on this machine's cores.

Busy is the mean number of requests that the server has before it, of 64. One line a client: ours with everything that a row costs (prompt, picture, journal),
and bare clients that send the same body over and over. Client and server want a core each: on a busy machine both wait. Nothing is asserted here.
"""

import asyncio
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

AT_ONCE, LATENCY_S, ROWS, ROWS_A_PICTURE, PHOTOS = 64, 0.05, 8000, 4, 200
SAID = json.dumps(
    {"answers": ["The face shows lip corners pulled up on both sides, which draws them back towards the ears. " * 3]}
)
REPLY = {
    "object": "chat.completion",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": SAID}}],
    "usage": {"prompt_tokens": 1900, "completion_tokens": 80, "total_tokens": 1980},
}


def http(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Busy:
    """How many requests are before the server, summed over time."""

    def __init__(self) -> None:
        self.reset()
        self.now = 0

    def reset(self) -> None:
        self.count, self.sum, self.started, self.last = 0, 0.0, time.monotonic(), time.monotonic()

    def move(self, change: int) -> None:
        now = time.monotonic()
        self.sum += self.now * (now - self.last)
        self.last, self.now = now, self.now + change
        self.count += change > 0

    def told(self) -> bytes:
        self.move(0)
        return json.dumps(
            {"count": self.count, "mean": self.sum / (self.last - self.started), "seconds": self.last - self.started}
        ).encode()


class Slow(asyncio.Protocol):
    """Answers any POST after 50 ms; a GET tells how busy it was since the last, not knowing what it reads: it shall cost little."""

    def __init__(self, busy: Busy) -> None:
        self.busy, self.got, self.wanted = busy, 0, 0
        self.reply = http(json.dumps(REPLY).encode())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not self.wanted and data.startswith(b"GET"):
            self.transport.write(http(self.busy.told()))
            self.busy.reset()
            return
        if not self.wanted:
            head, _, _ = data.partition(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            self.wanted = len(head) + 4 + int(length.split(b":")[1])
        self.got += len(data)
        if self.got >= self.wanted:
            self.got = self.wanted = 0
            self.busy.move(1)
            asyncio.get_running_loop().call_later(LATENCY_S, self._answer)

    def _answer(self) -> None:
        self.busy.move(-1)
        self.transport.write(self.reply)


async def serve() -> None:
    busy = Busy()
    server = await asyncio.get_running_loop().create_server(lambda: Slow(busy), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            figures(url, Path(folder))
        finally:
            server.kill()


def figures(url: str, folder: Path) -> None:
    for number in range(PHOTOS):
        (folder / f"{number}.jpg").write_bytes(photo(number))
    ours(f"{url}/v1", folder, ROWS // 8)  # imports everything
    (folder / "taught.jsonl").unlink()
    told(url)
    ours(f"{url}/v1", folder, ROWS)
    show("teacher, all that a row costs", url)
    body = bare_body(folder)
    for name, client, count in (
        ("aiohttp alone", aiohttp_alone, ROWS),
        ("httpx alone", httpx_alone, ROWS // 8),
        ("openai's client alone", openai_alone, ROWS // 8),
    ):
        asyncio.run(client(f"{url}/v1", body, count))
        show(name, url)


def show(name: str, url: str) -> None:
    seen = told(url)
    print(f"{name:36} {seen['count'] / seen['seconds']:7.0f} answers/s, the server {seen['mean'] / AT_ONCE:6.1%} busy")


def told(url: str) -> dict:
    from urllib.request import ProxyHandler, build_opener

    with build_opener(ProxyHandler({})).open(url) as answer:
        return json.load(answer)


def ours(url: str, folder: Path, count: int) -> None:
    from facewise.data_builders.teacher.settings import TeacherSettings
    from facewise.data_builders.teacher.teach import teach

    settings = TeacherSettings(url, "m", price_in=0.15, price_out=0.6, budget=1e6, concurrency=AT_ONCE)
    teach(rows(folder, count), folder, settings, folder)


def rows(folder: Path, count: int) -> Iterator[tuple]:
    from facewise.data_builders.records import Record
    from facewise.data_builders.rows import Row, turn

    record = Record("r", "", aus={"AU12": (3.0, 3.0), "AU6": (2.0, 2.0), "AU4": (0.0, 0.0)}, emotion="happiness")
    for number in range(count):
        name = f"{number // ROWS_A_PICTURE % PHOTOS}.jpg"
        messages = [
            turn("user", "Which facial muscles are active?", ["image"]),
            turn("assistant", "The face shows cheeks raised and lip corners pulled up."),
        ]
        meta = {"record": f"r{number}", "task": "au", "writer": "template", "wording": "plain"}
        yield Row(f"r{number}/au", messages, [name], meta=meta), record


def photo(seed: int) -> bytes:
    """A JPEG of some 30 kB, as a face of 256 px has."""
    noise = np.random.default_rng(seed).integers(0, 255, (256, 256, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).save(data, "JPEG", quality=60)
    return data.getvalue()


# Bare clients


def bare_body(folder: Path) -> dict:
    import base64

    uri = f"data:image/jpeg;base64,{base64.b64encode((folder / '0.jpg').read_bytes()).decode()}"
    parts = [{"type": "image_url", "image_url": {"url": uri}}, {"type": "text", "text": "w" * 1500}]
    return {"model": "m", "messages": [{"role": "system", "content": "w" * 3000}, {"role": "user", "content": parts}]}


async def many(count: int, one: Callable[[], Awaitable[object]]) -> None:
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            await one()

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def aiohttp_alone(url: str, body: dict, count: int) -> None:
    import aiohttp

    data = json.dumps(body).encode()
    async with aiohttp.ClientSession() as session:

        async def one() -> None:
            async with session.post(f"{url}/chat/completions", data=data) as answer:
                await answer.json()

        await many(count, one)


async def httpx_alone(url: str, body: dict, count: int) -> None:
    import httpx

    data = json.dumps(body).encode()
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=AT_ONCE), timeout=60, trust_env=False) as client:

        async def one() -> None:
            (await client.post(f"{url}/chat/completions", content=data)).json()

        await many(count, one)


async def openai_alone(url: str, body: dict, count: int) -> None:
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:
        await many(count, lambda: client.chat.completions.create(**body))


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        main()
