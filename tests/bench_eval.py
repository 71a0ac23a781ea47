"""`make bench`, asking: how busy `facewise eval run` keeps an engine. The goal is 90 % of the time.

Engines and eyes are played: they take as long as is said here, so that the figures hold on a busy machine. Files, prompts, answers and the
journal are real. One line a figure; nothing is asserted.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from eval_folders import Peer, own_folder
from test_assistant import CALIBRATION, Eyes, evidence

from facewise.eval.answers.predictions import Journal
from facewise.eval.asking.items import Part, part
from facewise.eval.asking.run import Asking
from facewise.eval.benchmarks.benchmarks import BENCHMARKS
from facewise.eval.models.ahead import SharedPerceiver
from facewise.eval.models.chat import ChatModel
from facewise.eval.models.facewise import TOGETHER, FacewiseModel
from facewise.eval.models.protocol import Model
from facewise.model.assistant import Assistant
from facewise.model.engines.fake import FakeEngine
from facewise.model.engines.http import HttpEngine
from facewise.model.engines.protocol import Completion, Request
from facewise.model.network.perceive import Perceived
from facewise.model.perception.picture import Picture

BENCHMARK = BENCHMARKS["folder-spoof"]
PLACES = 64  # requests that a server gets together
LOOK_S = 0.04  # of one picture
CALL_S = 0.3  # of an engine on this machine, for the requests of a group
REQUEST_S = 2.0  # of a server that has many to do


class Clock:
    """When something was worked on, and on how much at once."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float, int]] = []
        self._lock = threading.Lock()

    @contextmanager
    def running(self, count: int = 1) -> Iterator[None]:
        started = time.perf_counter()
        yield
        with self._lock:
            self.spans.append((started, time.perf_counter(), count))

    def busy_s(self) -> float:
        total, until = 0.0, 0.0
        for start, end, _ in sorted(self.spans):
            total += max(0.0, end - max(start, until))
            until = max(until, end)
        return total

    def at_once(self, over_s: float) -> float:
        return sum((end - start) * count for start, end, count in self.spans) / over_s


class PlayedEngine(FakeEngine):
    """Takes `seconds` for each call."""

    def __init__(self, seconds: float, clock: Clock):
        super().__init__()
        self.seconds, self.clock = seconds, clock

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        with self.clock.running(len(requests)):
            time.sleep(self.seconds)
        return super().complete(requests)


class PlayedEyes:
    """One face in every picture, after LOOK_S."""

    max_faces = 8

    def perceive(self, picture: Picture, landmarks: object = None) -> Perceived:
        time.sleep(LOOK_S)
        return Perceived((Eyes._face(0, evidence()),))


class PlayedServer(Peer):
    """A peer that knows when it had what to do."""

    def __init__(self, clock: Clock):
        super().__init__(lambda body: "It is a live face.", lambda body: {"Live": -0.1, "Spoof": -2.4}, REQUEST_S)
        self.clock = clock

    def answer(self, body: dict) -> dict:
        with self.clock.running():
            return super().answer(body)


def main() -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        on_this_machine(root, items(root, 96))
        on_a_server_of_ours(root, items(root, 384))
        on_a_peer(root, items(root, 256))


def items(root: Path, count: int) -> Part:
    return part(BENCHMARK, {"folder": own_folder(root / f"of {count}", count)}, {})


def on_this_machine(root: Path, asked: Part) -> None:
    clock = Clock()
    over_s = answered(FacewiseModel(assistant(CALL_S, clock)), asked, root / "here.jsonl")
    alone = Clock()
    started = time.perf_counter()
    one_by_one(assistant(CALL_S, alone), asked)
    before = alone.busy_s() / (time.perf_counter() - started)
    told = f"{before:.0%} if it waited for each look; a look {LOOK_S:g} s, a call of {TOGETHER} {CALL_S:g} s"
    print(f"evaluation, engine on this machine   busy {clock.busy_s() / over_s:.0%} of the time ({told})", flush=True)


def on_a_server_of_ours(root: Path, asked: Part) -> None:
    clock = Clock()
    model = FacewiseModel(assistant(REQUEST_S, clock), at_once=PLACES // TOGETHER)
    tell("a server of ours", clock, answered(model, asked, root / "ours.jsonl"))


def on_a_peer(root: Path, asked: Part) -> None:
    clock = Clock()
    with PlayedServer(clock) as server:
        engine = HttpEngine(server.url, at_once=PLACES)
        tell("a peer over HTTP", clock, answered(ChatModel(engine, "peer", "direct", PLACES), asked, root / "peer.jsonl"))


def tell(who: str, clock: Clock, over_s: float) -> None:
    words = (
        f"busy {clock.busy_s() / over_s:.0%} of the time, {clock.at_once(over_s):.0f} of {PLACES} requests under way on average"
    )
    print(f"evaluation, {who:24} {words} (a request {REQUEST_S:g} s, {over_s:.0f} s in all)", flush=True)


def assistant(call_s: float, clock: Clock) -> Assistant:
    eyes = SharedPerceiver(PlayedEyes(), PlayedEyes)
    return Assistant(eyes, PlayedEngine(call_s, clock), CALIBRATION, "played")  # type: ignore[arg-type]


def answered(model: Model, asked: Part, journal: Path) -> float:
    """Seconds from the first item's file to the last line of the journal."""
    started = time.perf_counter()
    with Journal(journal) as lines:
        Asking(model, BENCHMARK, "direct", lines, lambda line: None).all(asked.items, "bench")
    return time.perf_counter() - started


def one_by_one(asker: Assistant, asked: Part) -> None:
    for start in range(0, len(asked.items), TOGETHER):
        asker.ask([item.record.media for item in asked.items[start : start + TOGETHER]], task="spoof")


if __name__ == "__main__":
    main()
