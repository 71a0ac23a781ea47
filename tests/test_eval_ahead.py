"""What keeps an engine busy: pictures are looked at while it works, and a server of ours has several groups of items to do."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from test_processing import Eyes, tiny_encoder

from facewise.data_builders.records import Record
from facewise.eval.asking.items import Item
from facewise.eval.benchmarks.benchmarks import BENCHMARKS
from facewise.eval.models.ahead import SharedPerceiver, Width, ahead, as_they_come, shared
from facewise.eval.models.chat import ChatModel
from facewise.eval.models.facewise import FacewiseModel
from facewise.eval.models.protocol import Shown
from facewise.model.answer import Answer, Emotion, Face, Quality, Reply
from facewise.model.engines.protocol import Completion
from facewise.model.errors import FacewiseError
from facewise.model.perception.picture import Picture

WAIT_S = 20
EMOTION = BENCHMARKS["synth-emotion"]


def shown(number: int) -> Shown:
    return Shown(Item(Record(f"r{number}", "r.png"), "neutral"), (Picture(np.full((4, 4, 3), number, np.uint8)),), "Which?")


def reply() -> Reply:
    streams = {"landmarks": True, "spoof": True, "motion": False}
    answer = Answer("emotion", "It resembles something.", emotion=Emotion("neutral", {"neutral": 1.0}))
    return Reply("x", (Face(0, (0, 0, 1, 1), Quality(True), streams, answer),), "m")


class Assistant:
    """Answers a group after `meanwhile`, and keeps how many groups were with it together."""

    name, calibration = "m", None

    def __init__(self, meanwhile=lambda pictures: None):
        self.meanwhile, self.seen = meanwhile, []
        self.perceiver = SimpleNamespace(perceive=self._perceive)
        self.now = self.most = 0
        self._lock = threading.Lock()

    def _perceive(self, picture):
        self.seen.append(int(picture.pixels[0, 0, 0]))

    def ask(self, pictures, question, task):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.meanwhile(pictures)
        with self._lock:
            self.now -= 1
        return [reply() for _ in pictures]


def until(true) -> bool:
    deadline = time.monotonic() + WAIT_S
    while not true() and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(true())


def names(model, count: int) -> list[str]:
    return [item.name for item, _ in model.answers(iter([[shown(number)] for number in range(count)]), EMOTION)]


def test_the_next_pictures_are_looked_at_while_the_engine_answers():
    overlapped = []

    def meanwhile(pictures):
        following = int(pictures[0].pixels[0, 0, 0]) + 1
        overlapped.append(following == 4 or until(lambda: following in assistant.seen))

    assistant = Assistant(meanwhile)
    assert names(FacewiseModel(assistant), 4) == ["r0", "r1", "r2", "r3"]
    assert overlapped == [True] * 4 and assistant.seen == [0, 1, 2, 3] and assistant.most == 1


def test_no_more_is_looked_at_than_is_wanted_soon():
    assistant = Assistant()
    answers = FacewiseModel(assistant).answers(iter([[shown(number)] for number in range(100)]), EMOTION)
    next(answers)
    time.sleep(0.2)
    assert len(assistant.seen) <= 4
    answers.close()


def test_a_server_of_ours_has_several_groups_to_do_at_once():
    assistant = Assistant(lambda pictures: time.sleep(0.05))
    found = names(FacewiseModel(assistant, at_once=4), 24)
    assert sorted(found) == sorted(f"r{number}" for number in range(24)) and 2 < assistant.most <= 4


def test_a_picture_that_cannot_be_looked_at_is_left_to_the_answer():
    def perceive(picture):
        raise FacewiseError("too small")

    assistant = Assistant()
    assistant.perceiver.perceive = perceive
    assert names(FacewiseModel(assistant), 2) == ["r0", "r1"]


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_peers_pictures_are_read_while_it_answers(at_once):
    read = []

    def groups():
        for number in range(6):
            read.append(number)
            yield [shown(number)]

    def complete(requests):
        following = int(requests[0].pictures[0].pixels[0, 0, 0]) + 1
        assert following == 6 or until(lambda: following in read)
        return [Completion("neutral")]

    model = ChatModel(SimpleNamespace(complete=complete), "peer", "direct", at_once)
    found = {item.name: said.label for item, said in model.answers(groups(), EMOTION)}
    assert found == {f"r{number}": "neutral" for number in range(6)}


def test_a_fault_while_reading_ends_the_run_where_it_happened():
    def coming():
        yield 1
        raise FacewiseError("damaged")

    with ThreadPoolExecutor(1) as thread:
        found = ahead(thread, coming(), str, 2)
        assert next(found) == "1"
        with pytest.raises(FacewiseError, match="damaged"):
            next(found)


def test_a_fault_of_one_answer_ends_the_asking():
    def ask(number):
        if number == 3:
            raise FacewiseError("the server failed")
        return number

    with ThreadPoolExecutor(2) as pool, pytest.raises(FacewiseError, match="failed"):
        list(as_they_come(pool, iter(range(100)), ask, lambda: 2))


def test_a_slow_server_is_asked_less_together():
    width = Width(8)
    for _ in range(20):
        width.settle(0.5)
    assert width.room() == 8
    for _ in range(20):
        width.settle(15)
    assert width.room() == 1


def test_what_one_thread_has_seen_no_other_waits_for():
    began, may_end = threading.Event(), threading.Event()
    looked = []

    def perceive(picture, landmarks=None):
        looked.append(int(picture.pixels[0, 0, 0]))
        if looked[-1] == 2:
            began.set()
            may_end.wait(WAIT_S)
        return looked[-1]

    made = []
    inner = SimpleNamespace(perceive=perceive, max_faces=8)
    eyes = SharedPerceiver(inner, lambda: made.append(threading.get_ident()) or inner)
    first, second = (shown(number).pictures[0] for number in (1, 2))
    assert eyes.max_faces == 8 and eyes.perceive(first) == 1
    thread = threading.Thread(target=eyes.perceive, args=(second,))
    thread.start()
    assert began.wait(WAIT_S) and eyes.perceive(first) == 1 and looked == [1, 2]
    may_end.set()
    thread.join()
    assert len(made) == len(set(made)) == 2


def test_old_pictures_are_forgotten_and_given_points_never_kept():
    looked = []
    inner = SimpleNamespace(perceive=lambda picture, landmarks=None: looked.append(landmarks) or len(looked))
    eyes = SharedPerceiver(inner, lambda: inner, remembered=1)
    first, second = (shown(number).pictures[0] for number in (1, 2))
    for picture, landmarks in ((first, None), (first, None), (second, None), (first, None), (first, "points"), (first, None)):
        eyes.perceive(picture, landmarks)
    assert looked == [None, None, None, "points"]


def test_assistant_and_engine_share_one_perceiver():
    perceiver = Eyes(tiny_encoder(), max_faces=3)
    assistant = shared(SimpleNamespace(perceiver=perceiver, engine=SimpleNamespace(processor=SimpleNamespace())))
    eyes = assistant.perceiver
    assert assistant.engine.processor.perceiver is eyes and eyes.max_faces == 3 and eyes.encoder is perceiver.encoder
