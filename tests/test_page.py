"""The chat page without a browser: a session's state, what is drawn, what is taken along, and what is refused."""

import argparse
import base64
import csv
import io
import json
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
import yaml
from filmed_faces import Perceives, filmed, smiling, spot, watched, whole
from test_assistant import CALIBRATION, SMILE, assistant, evidence, picture

from facewise.cli import main
from facewise.model.answer import ActionUnitReading, Emotion, Quality
from facewise.model.asked import asked_for
from facewise.model.engines.fake import FAKE, FakeEngine
from facewise.model.errors import FacewiseError
from facewise.model.perception.picture import Picture
from facewise.serve.page import bars, batch, panel, report, rows, stage
from facewise.serve.page.command import PORT, add_arguments, signed_in
from facewise.serve.page.conversation import MAX_ITEMS, Conversation, Item
from facewise.serve.page.keeping import keep, messages, seen
from facewise.serve.page.layout import Parts
from facewise.serve.page.models import Models
from facewise.serve.page.notices import sentence, unaskable
from facewise.serve.page.site import refusal, served
from facewise.serve.page.talking import Talking
from facewise.serve.page.transcript import as_json, as_markdown, from_json
from facewise.serve.page.uploads import is_upload, paths

pytestmark = pytest.mark.usefixtures("told_by_its_look")
CONTAINERS = Path(__file__).parent.parent / "serve" / "containers"


def models(texts=(), **faces) -> Models:
    made = Models(engine="fake")
    made._assistant = assistant(FakeEngine(texts), **faces)
    made._perceiver = made._assistant.perceiver
    return made


def photo(name: str = "a", *faces) -> Item:
    """A picture of these faces, looked at; one that smiles unless told otherwise."""
    return Item(name, picture=picture(name), found=models(**{name: list(faces or (evidence(**SMILE),))}).look(picture(name)))


def talk(*items: Item) -> Conversation:
    conversation = Conversation()
    for item in items:
        conversation.add(item, "I found a face.")
    return conversation


def answered(conversation: Conversation, question: str, task: str, text: str = "Live. Nothing stands out.") -> None:
    answer = {"task": task, "text": text, "label": "live", "score": 0.1}
    conversation.answered(question, {"input": "a", "faces": [{"answer": answer}]}, conversation.at, conversation.item.face)


# The session


def test_what_was_dropped_last_is_on_view_and_its_largest_face_chosen():
    conversation = talk(photo("a"), photo("b", evidence(), evidence()))
    assert conversation.item.name == "b" and conversation.item.face == 0
    conversation.choose(item=0)
    assert conversation.item.name == "a"


def test_a_click_on_what_is_not_there_changes_nothing():
    conversation = talk(photo("a", evidence(), evidence()))
    conversation.choose(face=1)
    conversation.choose(item=7, face=9)
    assert (conversation.at, conversation.item.face) == (0, 1)


def test_a_session_is_not_filled_without_end():
    conversation = talk(*(photo() for _ in range(MAX_ITEMS)))
    with pytest.raises(FacewiseError, match="begin a new one"):
        conversation.add(photo(), "")


@pytest.mark.parametrize(
    "question, task",
    [("Why?", "spoof"), ("Where does it show?", "spoof"), ("Which muscles are active?", "au"), ("Tell me a joke", "chat")],
)
def test_a_question_without_a_task_goes_on_with_the_one_before_it(question, task):
    conversation = talk(photo())
    answered(conversation, "Is it real?", "spoof")
    assert conversation.task_for(question) == task


def test_a_question_about_another_face_begins_anew():
    conversation = talk(photo("a", evidence(), evidence()))
    answered(conversation, "Is it real?", "spoof")
    conversation.choose(face=1)
    assert conversation.task_for("Why?") == "chat"


def test_the_neutral_face_is_taken_off_and_given_back():
    calm, smiling = photo("a", evidence(AU12=(2.0, 2.0, 0.9))), photo("b", evidence(AU12=(3.1, 3.0, 0.97)))
    conversation = talk(calm)
    conversation.set_neutral()
    conversation.add(smiling, "")
    assert conversation.evidence().aus["AU12"][:2] == pytest.approx((1.1, 1.0))
    conversation.choose(item=0)
    conversation.set_neutral()
    assert conversation.neutral is None


def test_without_a_face_there_is_no_neutral_one():
    with pytest.raises(FacewiseError, match="choose a face"):
        Conversation().set_neutral()


def test_a_stopped_answer_stays_and_says_so():
    conversation = talk(photo())
    conversation.ask("Is it real?").text = "Live. The"
    conversation.stop()
    assert conversation.turns[-1].text == "Live. The … (stopped)" and conversation.pending is None


def test_the_transcript_names_the_face_where_there_are_several():
    conversation = talk(photo("a", evidence(), evidence()))
    answered(conversation, "Is it real?", "spoof")
    told = messages(conversation)
    assert [message["role"] for message in told] == ["user", "assistant", "user", "assistant"]
    assert told[0]["content"].startswith("![Photo a](seen/") and "about face 1" in told[2]["content"]


def test_a_small_picture_is_gone_with_its_session():
    conversation = talk(photo())
    messages(conversation)
    token = conversation.item.token
    assert seen(token)[:2] == b"\xff\xd8"
    del conversation
    assert seen(token) is None


def test_html_in_a_question_or_an_answer_is_shown_as_text():
    conversation = talk(photo())
    answered(conversation, "<form action=//elsewhere>", "spoof", "<img src=x onerror=alert(1)>")
    told = messages(conversation)
    assert not any("<" in message["content"] for message in told) and "&lt;form" in told[2]["content"]


# Streaming


def test_a_stream_grows_and_ends_with_what_ask_says():
    asking = models([" lip corners pulled up and cheeks raised."] * 2, a=[evidence(**SMILE)])
    stream = asking.stream(picture("a"), 0, "Which muscles are active?", "au", None)
    heard = []
    while True:
        try:
            heard.append(next(stream))
        except StopIteration as ended:
            reply = ended.value
            break
    assert len(heard) > 3 and all(later.startswith(earlier) for earlier, later in pairwise(heard))
    assert reply.text == asking.assistant().ask(picture("a"), task="au").text and FAKE in reply.text


def test_a_stream_is_about_one_face_and_refuses_one_that_is_not_there():
    asking = assistant(FakeEngine(), a=[evidence(), evidence(-3.0)])
    reply = whole(asking.stream(picture("a"), 1, asked_for(task="spoof")))
    assert [face.id for face in reply.faces] == [1] and reply.label == "live"
    with pytest.raises(FacewiseError, match="face 3"):
        whole(asking.stream(picture("a"), 2, asked_for(task="spoof")))


def test_what_is_streamed_of_software_is_what_is_asked():
    asking = assistant(FakeEngine(), a=[replace(evidence(), digital=0.9)])
    reply = whole(asking.stream(picture("a"), 0, asked_for("Is this face swapped?")))
    assert reply.text == asking.ask(picture("a"), "Is this face swapped?").text and "Software seems" in reply.text


def test_a_declined_question_streams_no_word():
    reply = whole(assistant(FakeEngine(), a=[evidence()]).stream(picture("a"), 0, asked_for("Who is this person?")))
    assert reply.faces[0].answer.task == "chat" and FAKE not in reply.text


def test_what_is_stopped_while_it_is_written_is_not_answered_too():
    asking = models([" lip corners pulled up and cheeks raised."] * 2, a=[evidence(**SMILE)])
    talking, conversation = Talking(Parts(*(f"part {n}" for n in range(len(fields(Parts))))), asking), talk(photo())
    growing = talking.ask("Which muscles are active?", conversation)
    next(growing), next(growing)
    conversation.stop()
    list(growing)
    assert [turn.text.endswith("(stopped)") for turn in conversation.turns] == [False, True] and conversation.pending is None


def test_a_clip_is_asked_about_as_a_photo_is_and_shows_the_frame_that_is_spoken_of():
    says = " lip corners pulled up on the left. The configuration resembles happiness (69%)."
    asking = models([says] * 2)
    asking._assistant.perceiver = asking._perceiver = Perceives(evidence())
    clip = filmed(watched(spot(40)), moved={40: smiling()})
    talking = Talking(Parts(*(f"part {n}" for n in range(len(fields(Parts))))), asking)
    conversation = talk(Item("clip.mp4", seen=clip.seen))
    steps = [step[talking.parts.talk][-1]["content"] for step in talking.ask("What moved, and when?", conversation)]
    assert len(steps) > 5 and all("possible micro-expression" in step for step in steps[2:])
    assert conversation.answer("micro")["intervals"][0]["apex"] == 40 and "(frame 40)" in conversation.turns[-1].text
    list(talking.ask("Which muscles are active?", conversation))
    assert conversation.item.frame == 40 and conversation.turns[-1].text.startswith("The strongest moment")
    list(talking.ask("Is it real?", conversation))
    assert "mean over 5 frames" in conversation.turns[-1].text and "Verdict" in panel.verdict(conversation.item, asking)


def test_a_verdict_has_no_baseline():
    reply = whole(models(a=[evidence()]).stream(picture("a"), 0, "Is it real?", "spoof", evidence()))
    assert reply.label == "live"


def test_what_cannot_be_asked_gets_a_sentence():
    assert "Drop a photo" in unaskable(None, "Is it real?")
    assert "no face" in unaskable(Item("a", picture=picture("a"), found=models().look(picture("a"))), "Is it real?")
    assert "Drop a clip" in unaskable(photo(), "Is there a micro-expression?")
    assert not unaskable(photo(), "Is it real?")
    nobody = Item("a.mp4", seen=filmed().seen)
    assert "No face could be followed" in unaskable(nobody, "Is it real?") and "No face" in unaskable(nobody, "What moves?")
    assert not unaskable(Item("a.mp4", seen=filmed(watched()).seen), "What moves?")


def test_a_file_keeps_its_name_in_a_sentence():
    assert sentence(FacewiseError("zero.jpg: the file is empty")) == "zero.jpg: the file is empty."
    assert sentence(FacewiseError("choose a face in a photo first")) == "Choose a face in a photo first."


# What is drawn


def test_the_gauge_says_what_its_colours_show():
    spoof = {"label": "spoof", "score": 0.93, "attack": "replay", "cues": [{"name": "bezel", "p": 0.9}]}
    html = bars.gauge(spoof, CALIBRATION)
    assert "Spoof: 93% probable" in html and "replay" in html and "bezel 90%" in html and "left:93.0%" in html
    assert "width:30.0%" in html and "width:40.0%" in html
    assert "Not judged yet" in bars.gauge(None, CALIBRATION) and "software: not judged" in html
    assert "software: 12%" in bars.gauge(spoof | {"digital": {"score": 0.12}}, CALIBRATION)
    assert "no log-probabilities" in bars.gauge(
        {"label": "uncertain", "score": None, "score_missing": "no log-probabilities"}, None
    )


def test_no_verdict_is_certain():
    assert "over 99% probable" in bars.gauge({"label": "spoof", "score": 0.9996}, CALIBRATION)
    assert "under 1% probable" in bars.gauge({"label": "live", "score": 0.0004}, CALIBRATION)


def test_active_units_come_first_with_the_persons_own_side():
    readings = {
        "AU6": ActionUnitReading(1.2, 0.8, "both"),
        "AU12": ActionUnitReading(3.1, 0.97, "left"),
        "AU4": ActionUnitReading(0.1, 0.2, "both"),
    }
    html = bars.action_units(readings, "people at large")
    assert html.index("AU12") < html.index("AU6") < html.index("AU4")
    assert html.count("the person's left") == 1 and "1 silent" in html


def test_an_appearance_is_not_called_a_feeling():
    unclear = bars.appearance(Emotion("no clear prototype", {"no clear prototype": 0.6, "anger": 0.4}))
    assert "No clear prototype." in unclear and "not a feeling" in unclear
    assert "An appearance of anger." in bars.appearance(Emotion("anger", {"anger": 0.8, "no clear prototype": 0.2}))


def test_missing_streams_and_doubts_are_said():
    html = bars.head("Face 1", Quality(False, ("dark: 20",)), {"landmarks": True, "motion": False})
    assert "dark: 20" in html and "landmarks: active" in html and "motion: missing" in html


def test_the_stage_marks_the_chosen_face_and_escapes_names():
    item = photo("a", evidence(), evidence())
    item.name, item.face = '<img src=x onerror="alert(1)">', 1
    html = stage.stage(item) + stage.pills(item)
    assert "2 faces found, face 2 is chosen" in html and "<img src=x" not in html
    assert 'data-face="1" aria-pressed="true"' in html and html.count("fw-face chosen") == 1


# What is taken along


def test_a_saved_conversation_opens_again():
    conversation = talk(photo("a", evidence(), evidence()), photo("b"))
    conversation.choose(item=0, face=1)
    answered(conversation, "Is it real?", "spoof")
    look = models(a=[evidence(), evidence()], b=[evidence()])
    again = from_json(as_json(conversation), lambda found: Item(found.name, picture=found, found=look.look(found)))
    assert [item.name for item in again.items] == ["a", "b"] and again.items[0].face == 1
    assert [turn.text for turn in again.turns] == [turn.text for turn in conversation.turns]
    assert again.items[0].answers[1, "spoof"]["label"] == "live"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "facewise conversation"}', '{"kind": "facewise conversation", "items": 3, "turns": []}']
)
def test_what_is_no_conversation_is_refused(text):
    with pytest.raises(FacewiseError, match="conversation"):
        from_json(text, lambda found: Item(found.name, picture=found))


@pytest.mark.parametrize(
    "turn",
    [
        {"item": []},
        {"reply": 3},
        {"reply": {"faces": []}},
        *(
            {"reply": {"faces": [{"answer": {"task": "spoof", "label": "spoof", "score": 0.5} | damage}]}}
            for damage in (
                {"task": ["a"]},
                {"score": "<b>"},
                {"score": float("nan")},
                {"score": 7},
                {"label": None},
                {"label": ["spoof"]},
                {"attack": {"name": "print"}},
                {"cues": [{"name": 1, "p": 0.5}]},
                {"boxes": [["<script>", 1, 2, 3]]},
                {"boxes": [[1, 2]]},
            )
        ),
    ],
)
def test_a_conversation_with_a_damaged_answer_is_refused(turn):
    told = json.loads(as_json(talk(photo())))
    told["turns"] = [{"question": "q", "text": "t", "item": 0, "face": 0, "dropped": False, "reply": None} | turn]
    with pytest.raises(FacewiseError, match="cannot be read"):
        from_json(json.dumps(told), lambda found: photo())


@pytest.mark.parametrize("face", ["<b>", 9, [1], None])
def test_a_face_that_is_not_there_is_left_out_of_an_opened_conversation(face):
    told = json.loads(as_json(talk(photo())))
    told["turns"] = [{"question": "q", "text": "t", "item": 0, "face": face, "dropped": False, "reply": None}]
    conversation = from_json(json.dumps(told), lambda found: photo())
    assert conversation.turns[0].face is None and messages(conversation) and as_markdown(conversation)


def test_markdown_holds_the_pictures_and_harmless_names():
    item = photo()
    item.name = "a](http://elsewhere)[.jpg"
    conversation = talk(item)
    answered(conversation, "Is it real?", "spoof")
    text = as_markdown(conversation)
    assert "](http" not in text and "**You (face 1 of" in text and "Live. Nothing stands out." in text
    picture_bytes = base64.b64decode(text.split("base64,")[1].split(")")[0])
    assert picture_bytes[:2] == b"\xff\xd8"


def test_conversations_are_kept_only_where_asked(tmp_path):
    conversation = talk(photo())
    keep(tmp_path, conversation)
    keep(tmp_path, conversation)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".md"]
    with pytest.raises(FacewiseError, match="cannot be kept"):
        keep(tmp_path / "gone", conversation)


# The other tabs


def test_many_files_give_a_table_csv_and_json_lines(tmp_path, examples):
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes((examples / "invented-face.jpg").read_bytes())
    bad.write_bytes(b"no picture")
    asking = models()
    asking._perceiver = asking._assistant.perceiver = Everywhere([evidence(**SMILE)])
    told = list(batch.replies([str(good), str(bad)], "au", asking))
    assert not good.exists() and not bad.exists()
    table = batch.table(told)
    assert "2 files, 1 with faces" in table and "not a picture" in table and "attack</th>" not in table
    (first, second) = csv.DictReader(io.StringIO(batch.as_csv(told)))
    assert first["input"] == "good.png" and "AU12" in first["action units"] and "not a picture" in second["text"]
    assert [json.loads(line)["input"] for line in batch.as_lines(told).splitlines()] == ["good.png", "bad.png"]


class Everywhere:
    """Finds the same faces on every picture."""

    def __init__(self, faces):
        self.faces = faces

    def perceive(self, found: Picture):
        return assistant(a=self.faces).perceiver.perceive(picture("a"))


def test_a_cell_of_a_table_is_no_formula():
    told = [{"input": "=cmd()", "error": "-1 is wrong"}]
    (row,) = csv.DictReader(io.StringIO(batch.as_csv(told)))
    assert row["input"] == "'=cmd()"


def test_built_rows_are_shown_a_few_at_a_time(tmp_path, examples):
    (tmp_path / "face.jpg").write_bytes((examples / "invented-face.jpg").read_bytes())
    message = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Is <b>it</b> real?"}]}
    lines = [
        {"id": f"row-{n}", "messages": [message], "images": ["face.jpg"], "objects": {"ref": ["face"], "bbox": [[1, 2, 30, 40]]}}
        for n in range(10)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    html, has_more = rows.cards(tmp_path, 0)
    assert (
        has_more and html.count("<article") == rows.SHOWN and "&lt;b&gt;" in html and html.count("data:image/jpeg") == rows.SHOWN
    )
    html, has_more = rows.cards(tmp_path, rows.SHOWN)
    assert not has_more and html.count("<article") == 10 - rows.SHOWN
    assert rows.cards(tmp_path, 0, "row-7")[0].count("<article") == 1
    with pytest.raises(FacewiseError, match="rows.jsonl"):
        rows.cards(tmp_path / "elsewhere", 0)


def test_reports_are_opened_and_may_run_nothing(tmp_path):
    def opened(name: str, text: str):
        path = tmp_path / name
        path.write_text(text)
        shown = report.opened(path)
        assert not path.exists()
        return shown

    html, _ = opened("report.html", '<script>alert("x")</script>')
    assert "sandbox" in html and "<script>" not in html
    assert opened("report.md", "# ACER")[1] == "# ACER"
    assert "0.1235" in opened("report.json", '{"spoof": {"acer": 0.12345678}}')[0]
    assert "spoof" in opened("report.csv", "task,n\nspoof,3\n")[0]
    for name, text in (("report.exe", "x"), ("report.json", "{"), ("report.json", "[1]")):
        with pytest.raises(FacewiseError, match="report"):
            opened(name, text)


# The site


@pytest.mark.parametrize(
    "method, headers, is_refused",
    [
        ("GET", {}, False),
        ("POST", {"sec-fetch-site": "same-origin"}, False),
        ("POST", {"sec-fetch-site": "cross-site"}, True),
        ("POST", {"sec-fetch-site": "same-site"}, True),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, True),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
        ("POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True),
        ("POST", {"origin": "http://elsewhere"}, True),
        ("POST", {"origin": "null"}, True),
        ("POST", {"origin": "http://127.0.0.1:7860"}, False),
        ("GET", {"host": "elsewhere:7860"}, True),
        ("GET", {"host": "localhost:7860"}, False),
        ("GET", {"host": "[::1]:7860"}, False),
        ("GET", {"host": "["}, True),
    ],
)
def test_what_another_site_sends_is_turned_away(method, headers, is_refused):
    assert bool(refusal(method, {"host": "127.0.0.1:7860"} | headers, only_local=True)) is is_refused


def test_a_page_that_signs_people_in_may_have_a_name():
    assert not refusal("GET", {"host": "faces.example"}, only_local=False)


def test_only_an_upload_is_a_file(tmp_path):
    (tmp_path / "up").mkdir()
    (tmp_path / "secret.json").touch()
    (tmp_path / "up" / "link.json").symlink_to(tmp_path / "secret.json")
    folder = str(tmp_path / "up")
    assert is_upload(f"{folder}/ab/face.jpg", folder)
    others = (folder, f"{folder}/../secret.json", f"{folder}/link.json", "http://elsewhere/face.jpg", "\0", 3, "face.jpg")
    assert not any(is_upload(other, folder) for other in others)
    assert list(paths([{"a": [{"path": "x"}]}, "words", {"path": None}])) == ["x"]


def test_a_file_of_this_machine_is_not_opened_for_a_visitor(tmp_path, monkeypatch):
    """Over real HTTP, at the report tab, which would show any JSON: Gradio's own check is off in a mounted app."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")  # set by `served`, taken back by monkeypatch
    secret = tmp_path / "secret.json"
    secret.write_text('{"key": "s3cret"}')
    with listening() as url:
        layout = json.loads(fetched(f"{url}/config"))
        (file,) = (part["id"] for part in layout["components"] if part["props"].get("elem_id") == "report-file")
        (event,) = (event["id"] for event in layout["dependencies"] if [file, "upload"] in event["targets"])
        data = [{"path": str(secret), "meta": {"_type": "gradio.FileData"}}]
        fetched(f"{url}/gradio_api/queue/join", {"data": data, "fn_index": event, "session_hash": "me"})
        told = fetched(f"{url}/gradio_api/queue/data?session_hash=me")
        assert "not uploaded here" in told and "s3cret" not in told
        assert json.loads(fetched(f"{url}/gradio_api/info"))["named_endpoints"] == {}


@contextmanager
def listening():
    with socket.create_server(("127.0.0.1", 0)) as port, served(models(), port) as server:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [port]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{port.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


def fetched(url: str, body: dict | None = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"content-type": "application/json"}), timeout=20) as answer:
        lines = []
        for line in answer:
            lines.append(line.decode())
            if "process_completed" in lines[-1]:  # the stream stays open for the next event
                break
        return "".join(lines)


# The command


@pytest.fixture
def _stderr_comes_back(monkeypatch):
    monkeypatch.setattr(sys, "stderr", sys.stderr)


@pytest.mark.usefixtures("_stderr_comes_back")
@pytest.mark.parametrize(
    "words, told",
    [
        (("--auth", "name-only"), "USER:PASS"),
        (("--rows", "no-such-folder"), "no such folder"),
        (("--port", "70000"), "65536"),
        (("--save", "file"), "--save"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_loaded(words, told, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    code = main(["chat", *words])
    err = capfd.readouterr().err
    assert code == 2 and told in err and err.count("\n") == 1


def test_a_password_may_hold_colons():
    assert signed_in("me:a:b") == ("me", "a:b") and signed_in(None) is None


def test_the_container_of_the_page_is_for_this_machine_only_and_its_flags_are_ours():
    services = yaml.safe_load((CONTAINERS / "compose.yaml").read_text())["services"]
    page = services["page"]
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service["ports"])
    assert page["entrypoint"] == ["facewise", "chat"] and f":{PORT}" in page["ports"][0]
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(page["command"])
    assert args.model.startswith("http://server:") and args.model.endswith("/v1") and args.port == PORT
    assert (CONTAINERS / page["build"]["context"] / page["build"]["dockerfile"]).is_file()
    assert {"FACEWISE_API_KEY", "FACEWISE_AUTH"} <= set(page["environment"])


def test_the_page_costs_less_than_300_mb_beyond_the_model():
    """Resident memory of a process that holds torch, before and after the page is built."""
    code = """
import resource
import torch, transformers, facewise.model.assistant, facewise.model.network.perceive
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
from facewise.serve.page.app import Page, blocks
from facewise.serve.page.layout import Parts
from facewise.serve.page.models import Models
from facewise.serve.page.notices import sentence, unaskable
from facewise.serve.page.site import refusal, served
blocks(Page(Models(engine="fake")))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    added_mb = float(told.split()[-1])
    print(f"the page adds {added_mb:.0f} MB")
    assert added_mb < 300


def test_attention_shares_are_a_map_of_nine_regions():
    from tiny_assistant import tiny_encoder

    from facewise.model.network.perceive import Perceiver
    from facewise.model.perception.faces import DetectedFace
    from facewise.serve.page.drawn import attention, regions

    points = np.random.default_rng(0).uniform(40, 80, (68, 3))
    face = DetectedFace(0, (40.0, 40.0, 80.0, 80.0), 1.0, points)
    shares = attention(Perceiver(tiny_encoder()), Picture(np.full((120, 120, 3), 128, np.uint8)), face)
    assert shares.shape[2] == 9 and (shares >= 0).all() and (shares.sum(2) <= 1 + 1e-5).all()
    assert regions(shares).startswith("data:image/png;base64,")
