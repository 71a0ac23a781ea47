"""`make bench`, second half: what serving through vLLM costs and gains, as ratios within one run.

One line a figure. Nothing is asserted here.
"""

import asyncio
import io
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import httpx
import numpy as np
import psutil
from PIL import Image
from serving import MODEL, Server, image, uri, words

from facewise.model.checkpoint import load_checkpoint
from facewise.model.engines.protocol import Request
from facewise.model.perception.picture import read_picture
from facewise.model.questions import DEFAULT_QUESTIONS, prompt
from facewise.serve.media import PictureIO
from facewise.serve.perceiving import SharedPerceiver

EXAMPLE = Path(__file__).parent.parent / "examples" / "invented-face.jpg"
TOKENS = 60
AT_ONCE = 16
QUESTION = DEFAULT_QUESTIONS["describe"]


def main() -> None:
    alone = sequential_transformers()
    faces_of_an_api_process()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            server.wait()
            asyncio.run(figures(server, alone))
        finally:
            server.stop()


def sequential_transformers() -> float:
    """Tokens a second of one answer after the other."""
    engine = load_checkpoint().engine("hf")
    engine.model.generation_config.eos_token_id = None
    request = Request(prompt(QUESTION, 0), (read_picture(EXAMPLE),), max_tokens=TOKENS)
    engine.complete([request])
    started = time.perf_counter()
    for _ in range(3):
        engine.complete([request])
    return 3 * TOKENS / (time.perf_counter() - started)


def faces_of_an_api_process() -> None:
    """Decoding, perception and encoder, what an API process does for a picture that it never saw."""
    perceiver = SharedPerceiver(load_checkpoint().perceiver)
    files = [picture(600 + number) for number in range(40)]
    perceiver.perceive(PictureIO().load_base64("image/png", files.pop().partition(",")[2]))
    started = time.perf_counter()
    for file in files:
        perceiver.perceive(PictureIO().load_base64("image/png", file.partition(",")[2]))
    rate = len(files) / (time.perf_counter() - started)
    print(
        f"faces of one API process              {rate:8.1f} a second; --api-server-count is new pictures a second / {rate:.0f}, rounded up"
    )


async def figures(server: Server, alone: float) -> None:
    async with httpx.AsyncClient(base_url=server.base, timeout=300, limits=httpx.Limits(max_connections=64)) as client:
        await ask(client, [image(picture(0)), words(QUESTION)])  # the first answer warms everything up
        many = await timed(lambda: together(client, AT_ONCE, TOKENS, first=100))
        print(f"transformers, one after the other     {alone:8.1f} tokens/s")
        print(
            f"vLLM, {AT_ONCE} image questions at once      {AT_ONCE * TOKENS / many:8.1f} tokens/s ({AT_ONCE * TOKENS / many / alone:.1f}x)"
        )
        await answers(client)
        await first_tokens(client, server)
        await rates(client)
        await endurance(client, server)


async def answers(client: httpx.AsyncClient) -> None:
    """A new picture's answer against words alone, as many tokens in and out."""
    seen, told = [], []
    for number in range(5):
        usage = await ask(client, [image(picture(200 + number)), words(QUESTION)])
        seen.append(usage["seconds"])
        told.append((await ask(client, [words(filler(usage["prompt_tokens"], number))]))["seconds"])
    print(f"image question / text of equal tokens {median(seen) / median(told):8.2f}x ({TOKENS}-token answers)")


async def first_tokens(client: httpx.AsyncClient, server: Server) -> None:
    """A second question about a picture against a new text of equal tokens."""
    seen, told, looked = [], [], server.metric('facewise_pictures_total{how="looked at"}')
    hits = server.metric("vllm:prefix_cache_hits_total")
    for number in range(7):
        usage = await ask(client, [image(picture(0)), words(f"{QUESTION} ({number})")], tokens=1)
        seen.append(usage["seconds"])
        told.append((await ask(client, [words(filler(usage["prompt_tokens"], 50 + number))], tokens=1))["seconds"])
    looked = server.metric('facewise_pictures_total{how="looked at"}') - looked
    hits = server.metric("vllm:prefix_cache_hits_total") - hits
    print(
        f"first token, second question / text   {median(seen) / median(told):8.2f}x ({looked:.0f} looks, {hits:.0f} tokens found again)"
    )


async def rates(client: httpx.AsyncClient) -> None:
    """New pictures through the whole server, and latency under load."""
    seconds = await timed(lambda: together(client, 48, 1, first=300))
    print(f"new pictures, one token each          {48 / seconds:8.1f} a second")
    one = [(await ask(client, [image(picture(400 + number)), words(QUESTION)]))["seconds"] for number in range(5)]
    eight: list[float] = []
    for turn in range(3):
        eight += await together(client, 8, TOKENS, first=500 + 8 * turn)
    print(f"p95 latency, 8 at once / one          {np.percentile(eight, 95) / median(one):8.2f}x")


async def endurance(client: httpx.AsyncClient, server: Server) -> None:
    """500 requests, 16 at a time, one in twenty broken; what is lost, and what memory is kept."""
    await together(client, 64, 4, first=2000)
    before, room, statuses = memory_mb(server), asyncio.Semaphore(16), []

    async def one(number: int) -> None:
        async with room:
            url = picture(3000 + number % 100) if number % 20 else "data:image/jpeg;base64,AAAA"
            statuses.append((await post(client, [image(url), words(f"Question {number}?")], 4)).status_code)

    await asyncio.gather(*map(one, range(500)))
    after = memory_mb(server)
    print(
        f"500 requests, 25 broken               {statuses.count(200)} answered, {statuses.count(400)} told, {len(statuses)} in all"
    )
    print(f"memory after / before                 {after / before:8.2f}x ({before:.0f} MB)")


async def together(client: httpx.AsyncClient, count: int, tokens: int, first: int) -> list[float]:
    asked = [ask(client, [image(picture(first + number)), words(QUESTION)], tokens) for number in range(count)]
    return [usage["seconds"] for usage in await asyncio.gather(*asked)]


async def ask(client: httpx.AsyncClient, content: list[dict], tokens: int = TOKENS) -> dict:
    """The usage of one answer of exactly `tokens`, and its seconds."""
    started = time.perf_counter()
    response = await post(client, content, tokens)
    response.raise_for_status()
    return response.json()["usage"] | {"seconds": time.perf_counter() - started}


async def post(client: httpx.AsyncClient, content: list[dict], tokens: int) -> httpx.Response:
    body = {"model": MODEL, "max_tokens": tokens, "ignore_eos": True, "messages": [{"role": "user", "content": content}]}
    return await client.post("/v1/chat/completions", json=body)


async def timed(work: Callable[[], Awaitable]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


def picture(number: int) -> str:
    """The example, another one for every number."""
    pixels = np.roll(read_picture(EXAMPLE).pixels, number % 64, axis=1)
    pixels[0, 0] = (number % 256, number // 256, 0)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return uri(file.getvalue(), "image/png")


def filler(tokens: int, number: int) -> str:
    """Words whose prompt has about `tokens` tokens and that no other prompt begins with."""
    return f"Question {number}: " + "face " * max(1, tokens - 32)


def memory_mb(server: Server) -> float:
    """Of the server's processes together; what they share is counted once a process."""
    root = psutil.Process(server.process.pid)
    return sum(process.memory_info().rss for process in (root, *root.children(recursive=True))) / 1e6


if __name__ == "__main__":
    main()
