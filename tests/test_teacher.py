"""Teacher and judge against a server on loopback that fails, stalls, cuts off and talks nonsense: what is asked, what is kept, what it may cost."""

import argparse
import asyncio
import base64
import dataclasses
import io
import json
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_http_engine import Server, endless, raw, status, truncated
from test_video import numbered, write

from facewise.data_builders.instructions import rows_of
from facewise.data_builders.records import Record
from facewise.data_builders.rows import Row, texts, turn
from facewise.data_builders.teacher import progress as progress_lines
from facewise.data_builders.teacher.client import Manner
from facewise.data_builders.teacher.facts import Facts
from facewise.data_builders.teacher.journal import JUDGED, TAUGHT, Journal
from facewise.data_builders.teacher.judge import judge, marks_given, with_marks
from facewise.data_builders.teacher.pace import Clock, Pace, Window
from facewise.data_builders.teacher.pictures import Pictures, moments
from facewise.data_builders.teacher.prompts import ANSWER_CHARS, judging, teaching
from facewise.data_builders.teacher.rounds import Report
from facewise.data_builders.teacher.settings import TeacherSettings, add_arguments, settings_of
from facewise.data_builders.teacher.spending import Exhausted, Prices, Spending, Usage
from facewise.data_builders.teacher.teach import teach, with_taught
from facewise.model.errors import ArgumentParser, FacewiseError
from facewise.model.refusals import refusal
from facewise.model.structured import check_schema

MARKS = {"reason": "none", "label": 9, "media": 8, "overall": 7}
SMILE = Record("p", "p.jpg", aus={"AU12": (3.0, 3.0), "AU4": (0.0, 0.0)}, emotion="happiness")


class FakeClock:
    """Time passes where it is waited for."""

    def __init__(self):
        self.time, self.slept = 0.0, []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)

    def clock(self, chance=1.0) -> Clock:
        return Clock(lambda: self.time, self.sleep, lambda: chance)


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    for name in ("FACEWISE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server():
    """Answers as a teacher; `said` a row that asks for another number of texts."""
    played = Server()
    played.listener.handle_error = lambda *_: None  # requests that a run gave up
    played.text = lambda body: json.dumps({"answers": ["A taught answer."] * questions(body)})
    yield played
    played.close()


@pytest.fixture
def folder(tmp_path):
    photo(tmp_path / "p.jpg")
    return tmp_path


def photo(path: Path, seed=0, size=(48, 40), **options) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


def row(name="r0", task="au", said="The face shows lip corners pulled up.", media=("p.jpg",), **fields) -> Row:
    messages = [turn("user", "Which muscles are active?", ["image"] * len(media)), turn("assistant", said)]
    meta = {"task": task, "writer": "template", "wording": "plain"} | fields.pop("meta", {})
    return Row(name, messages, list(media), meta=meta, **fields)


def items(count=1, record=SMILE, **fields):
    return [(row(f"r{number}", **fields), record) for number in range(count)]


def settings(server, **given) -> TeacherSettings:
    return TeacherSettings(**{"teacher": server.url, "teacher_model": "m", "concurrency": 4} | given)


def taught(server, folder, rows=None, clock=None, **given) -> Report:
    return teach(items() if rows is None else rows, folder, settings(server, **given), folder, clock=clock or FakeClock().clock())


def lines(folder, name=TAUGHT) -> dict:
    """The last line of each row."""
    return {line["id"]: line for line in map(json.loads, (folder / name).read_text().splitlines())}


def words(body) -> str:
    return next(part["text"] for part in body["messages"][1]["content"] if part["type"] == "text")


def questions(body) -> int:
    return words(body).count("Question: ")


def sent(body) -> list[bytes]:
    """The pictures of a request."""
    urls = [part["image_url"]["url"] for part in body["messages"][1]["content"] if part["type"] == "image_url"]
    return [base64.b64decode(url.split(",")[1]) for url in urls]


def told_numbers(body) -> list[int]:
    """Those that the frames of test_video show, eight blocks each."""
    pixels = [np.asarray(Image.open(io.BytesIO(data)).convert("L")) for data in sent(body)]
    return [sum(1 << bit for bit in range(8) if picture[16, bit * 16 + 8] > 120) for picture in pixels]


# What is asked


def test_the_picture_is_sent_as_the_file_s_own_bytes_before_the_words(server, folder):
    taught(server, folder)
    content = server.bodies[0]["messages"][1]["content"]
    assert [part["type"] for part in content] == ["image_url", "text"]
    assert content[0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert sent(server.bodies[0]) == [(folder / "p.jpg").read_bytes()]


def test_two_pictures_are_sent_in_their_order_and_an_absolute_path_is_taken(server, folder):
    second = photo(folder / "elsewhere.png", seed=1)
    taught(server, folder, items(media=("p.jpg", str(second))))
    assert sent(server.bodies[0]) == [(folder / "p.jpg").read_bytes(), second.read_bytes()]
    assert "Pictures, in their order" not in words(server.bodies[0])


def test_a_picture_that_decoders_see_differently_is_sent_upright_and_plain(server, folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(folder / "p.jpg", exif=exif)
    taught(server, folder)
    with Image.open(io.BytesIO(sent(server.bodies[0])[0])) as image:
        assert (image.format, image.size) == ("PNG", (40, 48))


def test_a_picture_of_several_rows_is_read_once(folder, monkeypatch):
    read = []
    monkeypatch.setattr(Path, "read_bytes", lambda path, real=Path.read_bytes: read.append(path) or real(path))

    async def many():
        pictures = Pictures(folder, 6)
        return await asyncio.gather(*(pictures.shown(row(), SMILE) for _ in range(5)))

    assert len({shown.parts for shown in asyncio.run(many())}) == 1 and len(read) == 1


def test_labels_question_and_reference_stand_in_the_prompt_and_the_rules_before_it(server, folder):
    taught(server, folder)
    system, user = server.bodies[0]["messages"]
    said = words(server.bodies[0])
    assert (system["role"], user["role"]) == ("system", "user")
    assert "AU12 lip corners pulled up (lip corner puller), level 3 of 5 (C)" in said
    assert "coded and not present: AU4" in said and "20 action units were not coded: say nothing of them" in said
    assert "labelled happiness" in said and "Question: Which muscles are active?" in said
    assert "Reference: The face shows lip corners pulled up." in said
    for rule in (
        "FACS coder",
        "Claim nothing that the labels do not hold",
        "health, religion",
        "the person's own",
        'never "she is sad", feels',
    ):
        assert rule in system["content"]


def test_facts_tell_what_is_known_and_what_is_not():
    spoof = Record("s", "s.jpg", live=False, attack="print", cues={"edge": 0.9, "bezel": 0.1}, digital="none")
    told = "\n".join(Facts()(row(), spoof))
    assert (
        "Verdict: spoof" in told
        and "Attack type: print." in told
        and "visible: edge; no others are" in told
        and "bezel" not in told
    )
    unknown = "\n".join(Facts()(row(), Record("u", "u.jpg", live=False)))
    assert (
        "Attack type: not labelled; name none." in unknown and "not labelled; name none, and claim the absence of none" in unknown
    )
    assert Facts()(row(), Record("n", "n.jpg")) == []


def test_facts_keep_sides_letters_and_moments_of_a_movement():
    event = {
        "kind": "micro",
        "onset": 5,
        "apex": None,
        "offset": 40,
        "shown": {"AU4": "left"},
        "intensity": {"AU4": "B"},
        "class": "IV",
    }
    record = Record("c", "c", emotion="disgust", clip={"fps": 200, "events": [event, {**event, "onset": 90, "offset": 99}]})
    (told,) = Facts()(row(meta={"frames": [0, 50]}), record)
    assert told == (
        "Movement 1: possible micro-expression; onset at frame 5 (0.03 s); offset at frame 40 (0.20 s); action units: "
        "AU4 brows drawn down (brow lowerer), level 2 of 5 (B), on the left; objective class: IV."
    )
    assert Facts()(row(meta={"frames": [50, 80]}), record) == ["Movements in this clip: none was labelled."]


def test_facts_of_a_pair_are_what_changed():
    record = Record("b", "b.jpg", change={"AU12": (2.0, 2.0), "AU4": (-1.0, -1.0)}, pair="a")
    told = Facts()(row(media=("a.jpg", "b.jpg")), record)
    assert told[0].startswith("In the second picture stronger") and "AU12" in told[0] and "by 2.0 levels" in told[0]
    assert "weaker" in told[1] and "AU4" in told[1] and Facts()(row(), record) == []


def test_our_own_server_would_take_every_prompt_and_decline_none():
    event = {"kind": "micro", "onset": 5, "apex": 20, "offset": 40, "emotion": "disgust", "shown": {"AU4": "both"}, "class": "IV"}
    records = [
        SMILE,
        Record("s", "s.jpg", live=False, attack="print", cues={"edge": 0.9}, box=(1, 2, 30, 40), digital="none"),
        Record("l", "l.jpg", live=True, age=34.0, attributes={"Smiling": True, "Eyeglasses": True}),
        Record("c", "c", clip={"fps": 200, "events": [event]}),
    ]
    made = 0
    for record in records:
        for one in (one for seed in range(2) for one in rows_of(record, seed=seed) if one.meta["task"] != "chat"):
            for prompt in (make(one, Facts()(one, record), ("a", "b"), ()) for make in (teaching, judging)):
                check_schema(prompt.kind.schema)
                assert refusal(prompt.text) is None and prompt.chars < 16384
                made += 1
    assert made > 20


# Clips


def test_a_folder_of_frames_is_shown_by_onset_apex_and_offset(server, folder):
    (folder / "clip").mkdir()
    for number in range(30):
        Image.fromarray(numbered(number)).save(folder / "clip" / f"img{number + 40}.png")
    event = {"kind": "micro", "onset": 3, "apex": 11, "offset": 25}
    record = Record("c", "clip", clip={"fps": 200, "events": [event]})
    taught(server, folder, [(dataclasses.replace(row(task="micro", media=()), videos=["clip"]), record)])
    assert told_numbers(server.bodies[0]) == [3, 11, 25]
    assert "frame 3, onset of movement 1; frame 11, apex of movement 1; frame 25, offset of movement 1" in words(server.bodies[0])


def test_a_video_is_shown_by_frames_at_equal_distances_of_its_section(server, folder):
    write(folder / "clip.mp4", map(numbered, range(40)))
    record = Record("c", "clip.mp4", frames=(10, 30), clip={"events": []})
    one = dataclasses.replace(row(task="micro", media=()), videos=["clip.mp4"])
    taught(server, folder, [(one, record)], clip_pictures=3)
    assert told_numbers(server.bodies[0]) == [10, 20, 30]


def test_a_folder_that_ends_early_or_holds_nothing_costs_its_row_alone(server, folder):
    (folder / "short").mkdir()
    Image.fromarray(numbered(7)).save(folder / "short" / "img1.png")
    (folder / "empty").mkdir()
    rows = [
        (dataclasses.replace(row(name, task="micro", media=()), videos=[name]), Record(name, name, clip={"events": events}))
        for name, events in (("short", [{"kind": "micro", "onset": 0, "apex": 4, "offset": 9}]), ("empty", []))
    ]
    report = taught(server, folder, rows, concurrency=1)
    assert (report.answered, report.failed) == (1, 1) and told_numbers(server.bodies[0]) == [7]
    assert "empty: holds no frames" in lines(folder)["empty"]["error"]


def test_of_many_movements_the_apexes_are_shown_and_never_too_many():
    events = [{"onset": at, "apex": at + 2, "offset": at + 9} for at in range(0, 200, 20)]
    assert list(moments(events[:2], 0, 300, 6)) == [0, 2, 9, 20, 22, 29]
    assert list(moments(events[:4], 0, 300, 6)) == [2, 22, 42, 62]
    assert len(moments(events, 0, 300, 6)) == 6 and set(moments(events, 0, 300, 6)) <= {at + 2 for at in range(0, 200, 20)}
    assert list(moments([{"onset": 4, "apex": None, "offset": 8}], 0, 9, 6)) == [4, 6, 8]
    assert list(moments([], 0, 1, 6)) == [0, 1]


# What comes back


def test_each_answer_is_a_line_and_nothing_is_asked_twice(server, folder):
    report = taught(server, folder, items(40), price_in=1.0, price_out=2.0)
    assert len(server.bodies) == 40 and server.most_at_once <= 4
    assert (report.answered, report.failed, report.tokens, report.cost) == (40, 0, 40 * 14, Decimal("0.00076"))
    line = lines(folder)["r7"]
    assert line == {
        "id": "r7",
        "texts": ["A taught answer."],
        "model": "m",
        "usage": {"prompt_tokens": 9, "completion_tokens": 5},
        "cost": 0.000019,
        "tries": 1,
    }
    assert taught(server, folder, items(40), price_in=1.0, price_out=2.0).before == 40 and len(server.bodies) == 40


def test_answers_find_their_rows_whatever_the_order_they_come_in(server, folder):
    def slow_first(body):
        number = int(re.search(r"shows unit (\d+)", words(body))[1])
        time.sleep(0.01 * (number % 4))
        return json.dumps({"answers": [f"Taught {number}."]})

    server.text = slow_first
    rows = [(row(f"r{number}", said=f"The face shows unit {number}."), SMILE) for number in range(24)]
    taught(server, folder, rows)
    found = list(with_taught((one for one, _ in rows), folder))
    assert [texts(new) for _, new in found] == [[f"Taught {number}."] for number in range(24)]
    assert found[3][1].id == "r3/taught" and found[3][1].meta["writer"] == "m" and found[3][0].meta["writer"] == "template"
    assert found[3][1].messages[0] == found[3][0].messages[0]


def test_all_answers_of_a_conversation_are_rewritten_in_one_request(server, folder):
    talk = row()
    talk = dataclasses.replace(talk, messages=[*talk.messages, turn("user", "Which side?"), turn("assistant", "Both.")])
    server.text = lambda body: json.dumps({"answers": ["One.", "Two."]})
    taught(server, folder, [(talk, SMILE)])
    schema = server.bodies[0]["response_format"]["json_schema"]["schema"]["properties"]["answers"]
    assert len(server.bodies) == 1 and (schema["minItems"], schema["maxItems"]) == (2, 2)
    ((_, new),) = with_taught([talk], folder)
    assert texts(new) == ["One.", "Two."] and texts(new, "user") == texts(talk, "user")


def test_rows_of_other_tasks_and_verbatim_ones_are_left_out_and_counted(server, folder):
    rows = [*items(2), (row("c", task="chat"), SMILE), (row("q", task="micro", meta={"wording": "megc"}), SMILE)]
    report = taught(server, folder, rows)
    assert report.answered == 2 and dict(report.left_out) == {"task chat is not asked for": 1, "wording megc is kept verbatim": 1}


def test_marks_of_places_are_kept_or_the_answer_is_none(server, folder):
    answers = iter(["The print lies here.", "The print covers <bbox>."])
    server.text = lambda body: json.dumps({"answers": [next(answers)]})
    one = row(said="The print covers <bbox>.", objects={"ref": ["print"], "bbox": [[1, 2, 3, 4]], "bbox_type": "real"})
    taught(server, folder, [(one, SMILE)])
    assert lines(folder)["r0"]["texts"] == ["The print covers <bbox>."] and lines(folder)["r0"]["tries"] == 2


def test_a_verdict_comes_first_or_the_answer_is_none(server, folder):
    answers = iter(["It is a spoof.", "Live. It is a print.", "Spoof. A print it is."])
    server.text = lambda body: json.dumps({"answers": [next(answers)]})
    taught(server, folder, items(1, task="spoof", said="Spoof. The likely attack type is print."))
    assert lines(folder)["r0"]["texts"] == ["Spoof. A print it is."]


@pytest.mark.parametrize("text", ['{"answers": ["Yes."]}', '```json\n{"answers": ["Yes."]}\n```', '\n {"answers": ["Yes.\\n"]} '])
def test_one_json_object_is_taken_in_a_fence_or_not(server, folder, text):
    server.text = lambda body: text
    assert taught(server, folder).answered == 1 and lines(folder)["r0"]["texts"] == ["Yes."]


NONSENSE = {
    "no JSON": "Here is my answer: the face smiles.",
    "words around it": 'Sure! {"answers": ["Yes."]}',
    "a list": '["Yes."]',
    "another name": '{"answer": "Yes."}',
    "too many": '{"answers": ["Yes.", "No."]}',
    "a number": '{"answers": [1]}',
    "cut off by its bound": '{"answers": ["The face sho"]}',
    "marks alone": '{"answers": [", ],."]}',
    "nothing said": '{"answers": [" "]}',
    "far too long": json.dumps({"answers": ["word " * ANSWER_CHARS]}),
    "empty": "",
}


@pytest.mark.parametrize("text", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_asked_again_paid_for_and_told_in_the_end(server, folder, text):
    server.text = lambda body: text
    report = taught(server, folder, price_in=1.0, price_out=2.0)
    line = lines(folder)["r0"]
    assert len(server.bodies) == 3 and (report.answered, report.failed) == (0, 1)
    assert "nonsense came back" in line["error"] and "3 tries" in line["error"]
    assert line["usage"] == {"prompt_tokens": 27, "completion_tokens": 15} and line["cost"] == 0.000057
    assert report.errors[0].startswith("r0: ")


def test_a_run_of_which_no_row_was_answered_says_so(server, folder):
    server.text = lambda body: "no JSON"
    assert taught(server, folder, items(2)).notes == ["NOT ONE ROW WAS ANSWERED: all 2 that were asked failed"]
    server.text = lambda body: json.dumps({"answers": ["A taught answer."]})
    assert taught(server, folder, items(2)).notes == []


def test_an_answer_that_says_what_the_template_says_is_no_second_row(server, folder):
    server.text = lambda body: json.dumps({"answers": [" The face shows  lip corners pulled up."]})
    taught(server, folder)
    assert [new for _, new in with_taught([one for one, _ in items()], folder)] == [None]


def completion(text="x", **fields) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"} | fields
    return json.dumps({"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 5}}).encode()


MENDED = {
    "HTTP 500": status(500),
    "HTTP 503 with a page": lambda handler, _: handler.reply(b"<html>down</html>", 503, "text/html"),
    "HTTP 429": status(429),
    "cut off": truncated,
    "10 MB": endless(),
    "a page": raw(b"<html>hello</html>", "text/html"),
    "a list": raw(b"[1, 2]"),
    "no choices": raw(b'{"choices": []}'),
    "no message": raw(b'{"choices": [{"message": null}]}'),
    "packed": lambda handler, _: handler.reply(b"\x1f\x8b" + b"0" * 30, Content_Encoding="gzip"),
    "no text": raw(completion(None)),
    "deep": raw(b"[" * 100000),
}


@pytest.mark.parametrize("fault", MENDED.values(), ids=MENDED)
def test_what_may_be_well_the_next_time_is_asked_again(server, folder, fault):
    server.faults += [fault, fault]
    report = taught(server, folder)
    assert (report.answered, report.failed) == (1, 0) and lines(folder)["r0"]["tries"] == 3 and len(server.bodies) == 3


def test_a_right_answer_of_the_wrong_content_type_is_taken(server, folder):
    server.faults.append(raw(completion(json.dumps({"answers": ["Yes."]})), "text/plain"))
    assert taught(server, folder).answered == 1 and len(server.bodies) == 1


LASTING = {
    "cut short": (raw(completion('{"answers": ["The fa', finish_reason="length")), "cut off at 1024 tokens; raise --max-tokens"),
    "declined": (raw(completion(None, message={"content": None, "refusal": "I cannot."})), "the model declines: I cannot."),
    "filtered": (raw(completion(None, finish_reason="content_filter")), "the model declines: content_filter"),
    "forbidden": (status(403), "HTTP 403: fault 403"),
}


@pytest.mark.parametrize(("fault", "reason"), LASTING.values(), ids=LASTING)
def test_what_would_come_again_is_not_asked_again_in_this_run(server, folder, fault, reason):
    server.faults.append(fault)
    report = taught(server, folder, items(2), concurrency=1)
    assert (report.answered, report.failed, len(server.bodies)) == (1, 1, 2) and reason in lines(folder)["r0"]["error"]


def test_a_server_that_stalls_is_given_up_after_the_time_that_was_given(server, folder):
    server.faults.append(server.stall)
    report = taught(server, folder, answer_timeout_s=0.3)
    assert report.answered == 1 and lines(folder)["r0"]["tries"] == 2
    assert report.tokens > 14 + 1024, "what a stalled answer cost nobody knows: it counts as all that it may have been"


def test_a_server_that_nobody_hears_of_is_told_at_once(folder):
    with pytest.raises(FacewiseError, match=r"127\.0\.0\.1:9/v1: no connection, .*check the address"):
        teach(items(50), folder, TeacherSettings("http://127.0.0.1:9/v1", "m"), folder, clock=FakeClock().clock())
    assert not (folder / TAUGHT).exists()


def test_a_picture_that_cannot_be_read_costs_its_row_and_no_request(server, folder):
    (folder / "bad.jpg").write_bytes(b"no picture")
    rows = [(row("bad", media=("bad.jpg",)), SMILE), (row("gone", media=("gone.jpg",)), SMILE), *items(1)]
    report = taught(server, folder, rows)
    assert (report.answered, report.failed, len(server.bodies)) == (1, 2, 1)
    assert "bad.jpg" in lines(folder)["bad"]["error"] and lines(folder)["gone"]["tries"] == 0


# What ends a run


ENDS = {
    "the key": (status(401), "FACEWISE_API_KEY"),
    "the account": (status(402), "the account is used up"),
    "the quota": (status(429, {"error": {"message": "You exceeded it", "code": "insufficient_quota"}}), "the account is used up"),
    "no such model": (
        status(404, {"error": {"message": "The model `m` does not exist."}}),
        "--teacher-model (HTTP 404: The model `m`",
    ),
    "elsewhere": (status(307, Location="http://other.example/v1"), "http://other.example/v1; give that address"),
    "much later": (status(429, Retry_After="86400"), "asked again in 86400 s"),
}


@pytest.mark.parametrize(("fault", "reason"), ENDS.values(), ids=ENDS)
def test_what_no_row_can_be_answered_after_ends_the_run_in_one_line(server, folder, fault, reason):
    server.faults += [None, fault]
    with pytest.raises(FacewiseError, match=re.escape(reason)) as told:
        taught(server, folder, items(9), concurrency=1)
    assert server.url in str(told.value) and len(server.bodies) == 2 and "Fault(" not in str(told.value)
    assert list(lines(folder)) == ["r0"], "what came before is kept"


def test_the_key_is_sent_and_never_told(server, folder, monkeypatch):
    monkeypatch.setenv("FACEWISE_API_KEY", "sk-secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    server.faults += [status(400, {"error": {"message": "bad sk-secret"}})] * 2 + [
        status(401, {"error": {"message": "no sk-secret"}})
    ]
    with pytest.raises(FacewiseError) as told:
        taught(server, folder, items(2), concurrency=1)
    assert set(server.keys) == {"Bearer sk-secret"}
    assert "sk-secret" not in str(told.value) and "sk-secret" not in (folder / TAUGHT).read_text()


def test_row_after_row_that_fails_ends_the_run(server, folder):
    server.text = lambda body: "nonsense"
    with pytest.raises(FacewiseError, match="20 rows failed one after the other, the last because nonsense"):
        taught(server, folder, items(50), concurrency=2, tries=1)
    assert 20 <= len(server.bodies) <= 22


def test_ctrl_c_keeps_what_has_come_in(server, folder):
    def stop(report):
        if report.answered == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teach(items(30), folder, settings(server), folder, stop)
    assert len(lines(folder)) >= 5
    kept = len(lines(folder))
    assert taught(server, folder, items(30)).before == kept and len(lines(folder)) == 30


def test_errors_are_asked_again_by_the_next_run(server, folder):
    server.faults += [status(403)] * 3
    assert taught(server, folder, items(10), concurrency=1).failed == 3
    report = taught(server, folder, items(10))
    assert (report.answered, report.before) == (3, 7) and len(server.bodies) == 13
    assert all("texts" in line for line in lines(folder).values())


KILLED = """
import sys
from pathlib import Path
import test_teacher as t
from facewise.data_builders.teacher.teach import teach
folder = Path(sys.argv[2])
teach(t.items(240), folder, t.TeacherSettings(sys.argv[1], "m", concurrency=4), folder)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_goes_on_where_it_was(server, folder, number):
    real = server.answer
    server.answer = lambda handler, body: (time.sleep(0.05), real(handler, body))
    command = [sys.executable, "-c", KILLED, server.url, str(folder)]
    with subprocess.Popen(command, cwd=Path(__file__).parent, stderr=subprocess.PIPE) as process:
        while len(server.bodies) < 20 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        process.communicate()
    kept = len((folder / TAUGHT).read_text().splitlines())
    assert 10 <= kept < 240 and process.returncode != 0
    report = taught(server, folder, items(240))
    assert (report.before, report.answered) == (kept, 240 - kept) and len(lines(folder)) == 240
    assert len((folder / TAUGHT).read_text().splitlines()) == 240 and len(server.bodies) <= 240 + 4, (
        "only what was under way is asked again"
    )


@pytest.mark.slow
def test_our_own_server_teaches_and_judges(examples, tmp_path):
    from serving import MODEL
    from serving import Server as Process  # it brings OpenAI's client, which the others start faster without

    served = Process(tmp_path, "--engine", "hf")
    try:
        served.wait()
        given = TeacherSettings(f"{served.base}/v1", MODEL, judge_model=MODEL, concurrency=2, max_tokens=60, tries=1)
        rows = items(1, media=(str(examples / "invented-face.jpg"),))
        told = teach(rows, tmp_path, given, tmp_path), judge(rows, tmp_path, given, tmp_path)[0]
    finally:
        served.stop()
    # What so small a model says need not pass; that it was asked and answered must.
    assert all(report.tokens > 300 and report.answered + report.failed == 1 for report in told)
    assert all(note.startswith("NOT ONE ROW") for report in told for note in report.notes)
    assert not any("HTTP" in error for report in told for error in report.errors)


# The journal


def test_a_torn_last_line_is_cut_off_and_its_row_asked_again(server, folder):
    taught(server, folder, items(3), concurrency=1)
    data = (folder / TAUGHT).read_bytes()
    (folder / TAUGHT).write_bytes(data[:-20])
    report = taught(server, folder, items(3), concurrency=1)
    assert (report.answered, report.before) == (1, 2) and (folder / TAUGHT).read_bytes() == data


def test_a_damaged_line_is_told_with_its_place(tmp_path):
    for line in ("{}", "no JSON", '{"id": 3, "error": "x"}', '{"id": "a", "model": "m", "usage": {"prompt_tokens": "9"}}'):
        (tmp_path / TAUGHT).write_text('{"id": "b", "error": "x"}\n' + line + "\n")
        with pytest.raises(FacewiseError, match=r"taught\.jsonl:2"):
            Journal(tmp_path / TAUGHT)


def test_a_journal_finds_its_lines_by_id(tmp_path, monkeypatch):
    from facewise.data_builders.teacher import journal

    monkeypatch.setattr(journal, "_hash", len)  # collisions, which must not be told for each other
    with Journal(tmp_path / TAUGHT) as written:
        for number in range(25):
            written.append({"id": f"row {number}", "texts": [str(number)], "model": "m"})
        written.append({"id": "failed", "error": "x", "usage": {"prompt_tokens": 5}, "cost": 0.5})
    with Journal(tmp_path / TAUGHT) as found:
        assert [found.get(f"row {number}")["texts"] for number in range(25)] == [[str(number)] for number in range(25)]
        assert "row 25" not in found and "failed" not in found and (found.cost, found.tokens) == (Decimal("0.5"), 5)
        assert len(list(found.finished())) == 25


def test_a_disk_that_takes_no_more_is_told_in_one_line(server, folder):
    (folder / TAUGHT).mkdir()
    with pytest.raises(FacewiseError, match=r"taught\.jsonl: cannot be written"):
        taught(server, folder)


# How a server wants to be asked


def test_a_server_without_response_format_is_found_out_once(server, folder):
    refuses(server, "response_format", lambda body: "response_format" in body)
    report = taught(server, folder, items(20))
    assert (report.answered, len(server.bodies)) == (20, 21) and sum("response_format" in body for body in server.bodies) == 1
    assert report.notes == [f"{server.url} refuses response_format (replies are asked for as JSON in words)"]
    assert "Reply with one JSON object" in server.bodies[1]["messages"][0]["content"]


def test_a_server_that_wants_another_name_of_the_length_is_found_out_once(server, folder):
    refuses(server, "Use 'max_completion_tokens' instead.", lambda body: "max_tokens" in body)
    report = taught(server, folder, items(20))
    assert (report.answered, len(server.bodies)) == (20, 21) and server.bodies[-1]["max_completion_tokens"] == 1024
    assert "response_format" in server.bodies[-1] and "max_completion_tokens is sent" in report.notes[0]


def test_a_judge_that_takes_no_temperature_is_asked_without(server, folder):
    server.text = lambda body: json.dumps(MARKS)
    refuses(server, "temperature is not supported", lambda body: "temperature" in body)
    report, _ = judge(items(5), folder, settings(server, judge_model="j"), folder)
    assert report.answered == 5 and server.bodies[0]["temperature"] == 0 and "temperature" not in server.bodies[-1]


def test_a_row_that_is_refused_in_every_manner_settles_nothing(server, folder):
    server.faults += [status(400)] * 2
    report = taught(server, folder, items(5), concurrency=1)
    assert (report.answered, report.failed, len(server.bodies)) == (4, 1, 6) and report.notes == []
    assert lines(folder)["r0"]["tries"] == 2 and "HTTP 400" in lines(folder)["r0"]["error"]


def test_once_a_manner_is_settled_a_refusal_is_the_row_s(server, folder):
    server.faults += [None, status(400)]
    report = taught(server, folder, items(5), concurrency=1)
    assert (report.answered, report.failed, len(server.bodies)) == (4, 1, 5)


def test_a_manner_gets_plainer_until_nothing_is_left():
    manner = Manner().without("max_completion_tokens").without("temperature").without("response_format")
    assert manner == Manner(False, "max_completion_tokens", False) and manner.without("anything") is None


def refuses(server, words, wrong):
    """Requests that are `wrong` get a 400 with these words."""
    real = server.answer
    server.answer = lambda handler, body: (
        handler.reply({"error": {"message": words}}, 400) if wrong(body) else real(handler, body)
    )


def test_a_server_that_tells_no_usage_is_charged_for_the_most_and_it_is_said(server, folder):
    server.answer = lambda handler, body: handler.reply({"choices": [{"message": {"content": '{"answers": ["Yes."]}'}}]})
    report = taught(server, folder, items(3))
    assert report.tokens > 3 * 1024 and report.notes == [
        f"{server.url} tells no usage: tokens and costs are the most that they can have been"
    ]


# Money


@pytest.mark.parametrize("concurrency", [1, 8])
def test_the_budget_is_used_up_and_never_passed_whatever_the_concurrency(server, folder, concurrency):
    # An answer costs 9 x .1 + 5 x .2 = 1.9; at most 12 x .1 + 10 x .2 = 3.2, once one is known.
    prices = {"price_in": 1e5, "price_out": 2e5, "max_tokens": 10, "concurrency": concurrency}
    report = taught(server, folder, items(400), budget=300.0, **prices)
    assert report.is_over_budget and report.answered == 157 and report.cost == Decimal("298.3")
    again = taught(server, folder, items(400), budget=300.0, **prices)
    assert again.answered == 0 and len(server.bodies) == 157, "earlier runs count"
    more = taught(server, folder, items(400), budget=600.0, **prices)
    assert more.is_over_budget and more.before == 157 and Decimal(600) - Decimal("3.2") < more.cost <= 600


def test_a_budget_in_tokens_needs_no_prices(server, folder):
    report = taught(server, folder, items(400), budget_tokens=5000, max_tokens=10)
    assert report.is_over_budget and 5000 - 22 < report.tokens <= 5000 and report.cost == 0


def test_failed_tries_and_the_teacher_s_costs_count_against_the_judge_s_budget(server, folder):
    prices = {"price_in": 1e5, "price_out": 2e5, "max_tokens": 10}
    taught(server, folder, items(100), **prices)
    server.text = lambda body: json.dumps(MARKS)
    given = settings(server, judge_model="m", budget=190.0 + 300.0, **prices)
    report, _ = judge(items(400), folder, given, folder)
    assert report.is_over_budget and Decimal(490) - Decimal("3.2") < report.cost <= 490


def test_a_budget_that_ends_between_two_tries_is_told_and_what_they_took_counts(server, folder):
    usage = {"prompt_tokens": 1500, "completion_tokens": 0}
    server.answer = lambda handler, body: handler.reply({"choices": [{"message": {"content": "nonsense"}}], "usage": usage})
    report = taught(server, folder, budget_tokens=3000, max_tokens=100)
    line = lines(folder)["r0"]
    assert report.is_over_budget and line["error"] == "the budget was used up before another try"
    assert (line["tries"], line["usage"], report.tokens) == (1, usage, 1500)


def test_a_budget_that_the_first_question_could_pass_asks_nothing(server, folder):
    report = taught(server, folder, price_in=1e6, price_out=1e6, budget=1.0)
    assert report.is_over_budget and not server.bodies


def test_money_laid_aside_comes_back_to_those_who_wait():
    async def spend():
        spending, prices, order = Spending(10.0, None), Prices((1e6, 1e6)), []

        async def one(name, most, used):
            async with spending.laid_aside(Usage(most, 0), prices) as laid:
                await asyncio.sleep(0)
                laid.usage = Usage(used, 0)
            order.append(name)

        await asyncio.gather(one("a", 6, 1), one("b", 6, 2), one("c", 6, 3))
        with pytest.raises(Exhausted):
            await one("d", 6, 6)
        return spending.cost, order

    assert asyncio.run(spend()) == (6, ["a", "b", "c"])


def test_cents_add_up_exactly():
    cost = sum((Prices((0.1, 0.2)).cost(Usage(1, 1)) for _ in range(10)), Decimal(0))
    assert cost == Decimal("0.000003")


# Pace


def sent_at(requests_per_minute, tokens, count, tokens_per_minute=None):
    fake = FakeClock()

    async def run():
        pace, times = Pace(requests_per_minute, tokens_per_minute, fake.clock()), []

        async def one():
            await pace.turn(tokens)
            times.append(fake.time)

        await asyncio.gather(*(one() for _ in range(count)))
        return times

    return asyncio.run(run())


def test_no_minute_holds_more_requests_than_allowed():
    times = sent_at(30, 1, 100)
    assert all(later - sooner >= 60 for sooner, later in zip(times, times[30:], strict=False)) and times[-1] == 180


def test_no_minute_holds_more_tokens_than_allowed():
    times = sent_at(None, 400, 20, tokens_per_minute=1000)
    assert all(later - sooner >= 60 for sooner, later in zip(times, times[2:], strict=False)) and times[-1] == 540


def test_a_request_larger_than_the_bound_goes_in_a_minute_of_its_own():
    assert sent_at(None, 5000, 3, tokens_per_minute=1000) == [0, 60, 120]


def test_what_is_known_of_a_request_makes_room_for_others():
    window = Window(1000)
    share = window.take(900, 0.0)
    assert window.delay(300, 1.0) == 59.0
    window.correct(share, 100)
    assert window.delay(300, 1.0) == 0.0 and window.delay(1000, 1.0) == 59.0
    assert window.delay(1000, 60.0) == 0.0
    window.correct(share, 900)
    assert window.delay(1000, 60.0) == 0.0, "it is no longer in the minute"


def test_the_rate_holds_for_a_whole_run(server, folder):
    fake = FakeClock()
    taught(server, folder, items(25), clock=fake.clock(), requests_per_minute=10)
    assert len(server.bodies) == 25 and fake.time == 120


def test_waits_double_up_to_a_minute_and_half_of_them_is_chance(server, folder):
    for chance, factor in ((1.0, 1.0), (0.0, 0.5)):
        fake = FakeClock()
        server.faults += [status(500)] * 9
        taught(server, folder, items(1), clock=fake.clock(chance), tries=10)
        assert fake.slept == [factor * wait for wait in (0.5, 1, 2, 4, 8, 16, 32, 60, 60)]
        (folder / TAUGHT).unlink()


@pytest.mark.parametrize("header", ["7", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=8), usegmt=True)])
def test_a_busy_server_is_left_alone_as_long_as_it_asks(server, folder, header):
    fake = FakeClock()
    server.faults.append(status(429, Retry_After=header if isinstance(header, str) else header()))
    taught(server, folder, clock=fake.clock(0.0))
    assert 6.5 <= fake.time <= 8.5 and len(server.bodies) == 2


def test_nobody_is_sent_while_a_busy_server_rests():
    fake = FakeClock()

    async def run():
        pace = Pace(None, None, fake.clock())
        pace.hold(30)
        await asyncio.gather(*(pace.turn(1) for _ in range(5)))

    asyncio.run(run())
    assert fake.time == 30


# The judge


def judged(server, folder, rows, **given):
    return judge(rows, folder, settings(server, judge_model="j", **given), folder, clock=FakeClock().clock())


def test_a_judge_sees_picture_labels_question_and_answer(server, folder):
    server.text = lambda body: json.dumps(MARKS)
    judged(server, folder, items(1, said="The face shows a smile."))
    (body,) = server.bodies
    assert sent(body) == [(folder / "p.jpg").read_bytes()] and body["model"] == "j" and body["temperature"] == 0
    assert "AU12 lip corners pulled up" in words(body) and "Answer: The face shows a smile." in words(body)
    assert all(f"- {name}:" in body["messages"][0]["content"] for name in ("label", "media", "overall"))
    assert lines(folder, JUDGED)["r0"]["marks"] == {"label": 9, "media": 8, "overall": 7}


def test_an_answer_with_one_mark_below_the_least_may_not_stay(server, folder):
    server.text = lambda body: json.dumps(MARKS | {"media": 5 if "bad" in words(body) else 6, "reason": "No smile."})
    rows = [(row("good"), SMILE), (row("bad", said="A bad answer."), SMILE)]
    _, marks = judged(server, folder, rows)
    found = {one.id: (one.meta["judged"], fault) for one, fault in with_marks([one for one, _ in rows], folder, 6)}
    assert found["good"] == ({"label": 9, "media": 6, "overall": 7, "model": "j"}, None)
    assert found["bad"][1] == "judged media 5 of 10, 6 is the least: No smile." and marks.rejected == 1
    assert next(with_marks([row("never asked")], folder, 6))[1] == "not judged"
    assert marks_given(folder, 10).rejected == 2


def test_a_judge_that_gives_everything_the_same_mark_is_told(server, folder):
    numbers = iter(range(1000))
    server.text = lambda body: json.dumps(MARKS | {"label": 10, "overall": 1 + next(numbers) % 10})
    report, marks = judged(server, folder, items(30))
    assert [note.split(":")[0] for note in report.notes] == [
        "the judge gave 10 for label to 30 of 30 answers",
        "the judge gave 8 for media to 30 of 30 answers",
    ]
    assert marks.counts["overall"].total() == 30


def test_a_few_answers_tell_nothing_of_a_judge(server, folder):
    server.text = lambda body: json.dumps(MARKS)
    report, _ = judged(server, folder, items(10))
    assert report.notes == []


@pytest.mark.parametrize("wrong", [{"label": 11}, {"label": 0}, {"label": "9"}, {"label": 8.5}, {"label": True}, {"label": None}])
def test_marks_that_are_none_are_asked_for_again(server, folder, wrong):
    given = iter([json.dumps(MARKS | wrong), json.dumps(MARKS)])
    server.text = lambda body: next(given)
    judged(server, folder, items(1))
    assert lines(folder, JUDGED)["r0"]["tries"] == 2


# Settings


def parsed(*flags) -> TeacherSettings:
    parser = ArgumentParser()
    add_arguments(parser)
    return settings_of(parser.parse_args(flags))


def test_flags_are_those_of_the_settings_and_defaults_stand_there_only():
    assert parsed() == TeacherSettings()
    given = parsed(
        "--teacher",
        "http://h/v1",
        "--teacher-model",
        "m",
        "--teacher-tasks",
        "au",
        "spoof",
        "--answer-timeout",
        "3",
        "--min-mark",
        "7",
    )
    assert given == TeacherSettings("http://h/v1", "m", ("au", "spoof"), answer_timeout_s=3.0, min_mark=7)


WRONG = {
    "a teacher without a model": (["--teacher", "http://h/v1"], "--teacher-model"),
    "a judge without a server": (["--judge-model", "m"], "--judge URL"),
    "a judge without a model": (["--judge", "http://h/v1"], "--judge-model"),
    "a budget without prices": (["--teacher", "http://h/v1", "--teacher-model", "m", "--budget", "3"], "--price-in"),
    "one price": (["--price-in", "3"], "--price-out"),
    "no worker": (["--concurrency", "0"], "above 0"),
    "no number": (["--budget", "nan"], "above 0"),
    "a mark of 11": (["--min-mark", "11"], "from 1 to 10"),
    "no such task": (["--teacher-tasks", "identity"], "identity"),
}


@pytest.mark.parametrize(("flags", "named"), WRONG.values(), ids=WRONG)
def test_settings_that_cannot_be_are_told_in_one_line(flags, named):
    with pytest.raises(FacewiseError, match=re.escape(named)):
        parsed(*flags)


def test_a_judge_of_the_teacher_s_own_model_has_its_prices():
    given = {"teacher": "http://h/v1", "teacher_model": "m", "price_in": 1.0, "price_out": 2.0}
    assert TeacherSettings(**given, judge_model="m").judge_prices == (1.0, 2.0)
    assert TeacherSettings(**given, judge_model="other").judge_prices is None
    with pytest.raises(FacewiseError, match="--judge-price-in"):
        TeacherSettings(**given, judge_model="other", budget=3.0)


def test_an_address_that_is_none_is_told(folder):
    with pytest.raises(FacewiseError, match="no address of a server"):
        teach(items(), folder, TeacherSettings("localhost:8000", "m"), folder)


def test_flags_need_no_heavy_library():
    code = (
        "import sys; from facewise.data_builders.teacher.settings import add_arguments; "
        "print({'numpy', 'aiohttp', 'openai', 'PIL', 'av'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


# Progress


def test_a_log_gets_a_line_a_minute_and_each_note_at_once(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress_lines.time, "monotonic", lambda: now[0])
    out = io.StringIO()
    with progress_lines.shown("teacher", 100, out) as tell:
        report = Report(before=10, notes=["a note"])
        for _ in range(40):
            now[0] += 2.0
            report.answered, report.cost, report.tokens = report.answered + 1, report.cost + Decimal("0.1"), report.tokens + 9000
            tell(report)
    first, line = out.getvalue().splitlines()
    assert first == "a note" and line == "teacher: 30 rows in 1 min, 2 min left; 0.3 M tokens, 3.00 spent, about 7.50 in all"


def test_a_terminal_gets_a_bar_with_the_cost():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out = Terminal()
    with progress_lines.shown("teacher", 2, out) as tell:
        tell(Report(answered=1, failed=1, tokens=28, cost=Decimal("1.5"), notes=["a note"]))
    assert "2/2" in out.getvalue() and "1 failed, 28 tokens, 1.50 spent" in out.getvalue() and "a note" in out.getvalue()


def test_a_namespace_of_flags_is_read_whole():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    names = {field.name for field in dataclasses.fields(TeacherSettings)}
    assert names == set(vars(parser.parse_args([])))
    assert "adds" in parser.format_help() and "rewrit" not in parser.format_help()
