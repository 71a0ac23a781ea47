"""One perceiver for all threads of a server: MediaPipe's models belong to the thread that made them, and one picture keeps every core busy."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from ..model.network.perceive import Perceived, Perceiver
from ..model.perception.picture import Picture


class SharedPerceiver(Perceiver):
    """Another perceiver's encoder and backend, its pictures read one after the other in a thread of their own, and counted."""

    def __init__(self, other: Perceiver, remembered: int = 256):
        super().__init__(other.encoder, other.max_faces, remembered, other.backend)
        self._thread = ThreadPoolExecutor(1, "facewise-perceive")

    def perceive(self, picture: Picture, landmarks: Any = None) -> Perceived:
        return self._thread.submit(self._counted, picture, landmarks).result()

    def _counted(self, picture: Picture, landmarks: Any) -> Perceived:
        before = self.encoded
        found = super().perceive(picture, landmarks)
        _looks().labels("looked at" if self.encoded > before else "remembered").inc()
        return found


@cache
def _looks() -> Any:
    from prometheus_client import Counter

    return Counter(
        "facewise_pictures_total", "Pictures asked for, and how many of them perception and encoder worked on", ["how"]
    )
