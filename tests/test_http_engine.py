"""The http engine against servers on loopback that play ours and a peer, and misbehave: bodies, order, retries, time-outs, one line a fault."""

import base64
import gzip
import io
import json
import math
import os
import re
import signal
import socket
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image

import facewise
from facewise.cli import main
from facewise.model.answer import schema
from facewise.model.checkpoint import load_checkpoint
from facewise.model.engines import http
from facewise.model.engines.http import HttpEngine
from facewise.model.engines.protocol import Completion, Request
from facewise.model.errors import FacewiseError
from facewise.model.perception.picture import Picture, as_picture, read_picture
from facewise.model.perception.video import open_clip
from facewise.model.questions import prompt
from facewise.model.wording import CHOICES

CALIBRATION = {"llm": 1.0, "head": 0.0, "bias": 0.0, "low": 0.3, "high": 0.7}
CONFIG = {"model": "tiny", "verdict_ids": [11, 22], "calibration": CALIBRATION, "max_faces": 3, "version": "0.1.0"}
SCORES = {"token_id:11": -4.0, "token_id:22": -1.0, "token_id:7": -0.3}
PREFIX = "The face shows"


class Handler(BaseHTTPRequestHandler):
    """Hands every request to the server that is played."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.played.get(self)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.played.chat(self, body)

    def reply(self, body, status=200, kind="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)


class Server:
    """Plays a server: `faults` are used up first, one a chat request, then `text` answers; everything that came in is kept."""

    def __init__(self, config=None):
        self.config = config
        self.faults = deque()
        self.bodies, self.ports, self.keys, self.paths, self.encodings = [], [], [], [], []
        self.models = {"object": "list", "data": [{"id": "tiny", "object": "model"}, {"id": "adapter", "object": "model"}]}
        self.text = lambda body: " lip corners pulled up."
        self.scores = SCORES if config else {"Live": -0.2, " Live": -3.0, "Spoof": -2.0, "The": -5.0}
        self.at_once, self.most_at_once = 0, 0
        self.over, self.left = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listener.daemon_threads, self.listener.played = True, self
        self.url = f"http://127.0.0.1:{self.listener.server_port}/v1"
        threading.Thread(target=self.listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self.over.set()
        self.listener.shutdown()
        self.listener.server_close()

    def get(self, handler):
        self.ports.append(handler.client_address[1])
        self.paths.append(handler.path)
        if handler.path == "/v1/models":
            handler.reply(self.models)
        elif handler.path == "/v1/faces/config" and self.config is not None:
            handler.reply(self.config)
        else:
            handler.reply({"detail": "Not Found"}, 404)

    def chat(self, handler, body):
        with self.lock:
            self.bodies.append(body)
            self.ports.append(handler.client_address[1])
            self.keys.append(handler.headers["Authorization"])
            self.encodings.append(handler.headers["Accept-Encoding"])
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        fault = self.faults.popleft() if self.faults else None
        try:
            (fault or self.answer)(handler, body)
        except (BrokenPipeError, ConnectionResetError):
            self.left.set()
        with self.lock:
            self.at_once -= 1

    def answer(self, handler, body):
        if body.get("stream"):
            return self.streamed(handler, re.findall(r"\s*\S+", self.text(body)))
        choice = {"index": 0, "message": {"role": "assistant", "content": self.text(body)}, "finish_reason": "stop"}
        if body.get("logprobs"):
            top = [{"token": token, "logprob": value, "bytes": None} for token, value in self.scores.items()]
            choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
        usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
        return handler.reply({"id": "1", "object": "chat.completion", "choices": [choice], "usage": usage})

    def streamed(self, handler, pieces, pause=0.0):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for piece in pieces:
            chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": piece}}]}
            handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            time.sleep(pause)
        handler.wfile.write(b'data: {"choices": [], "usage": null}\n\ndata: [DONE]\n\n')
        handler.close_connection = True

    def stall(self, handler, body):
        self.over.wait(20)
        handler.close_connection = True


def status(code, body=None, **headers):
    """A fault: the request is answered with `code`."""
    return lambda handler, _: handler.reply(body or {"error": {"message": f"fault {code}"}}, code, **headers)


def raw(data: bytes, kind="application/json"):
    return lambda handler, _: handler.reply(data, kind=kind)


def truncated(handler, body):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


def cut_stream(handler, body):
    """A chunked answer whose connection ends before its last chunk."""
    chunk = b'data: {"choices": [{"index": 0, "delta": {"content": " half"}}]}\n\n'
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
    handler.close_connection = True


def endless(kind="application/json", code=200, piece=b'{"choices": [' + b" " * 2**20):
    """An answer that never ends, of at most 40 MB."""

    def answer(handler, _):
        handler.send_response(code)
        handler.send_header("Content-Type", kind)
        handler.end_headers()
        handler.close_connection = True
        for _ in range(40):
            handler.wfile.write(piece)

    return answer


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    for name in ("FACEWISE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def played():
    """Makes servers that are closed after the test."""
    servers = []

    def play(config=None) -> Server:
        servers.append(Server(config))
        return servers[-1]

    yield play
    for server in servers:
        server.close()


@pytest.fixture
def ours(played) -> Server:
    return played(CONFIG)


@pytest.fixture
def peer(played) -> Server:
    return played()


@pytest.fixture
def photo(tmp_path):
    """A JPEG file of one face-sized picture."""
    path = tmp_path / "photo.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)).save(path, quality=80)
    return path


def asked(picture=None, question="Is there a beard?", **fields) -> Request:
    picture = picture or Picture(np.full((8, 9, 3), 99, np.uint8))
    return Request(prompt(question, 0), (picture,), **fields)


def one(server: Server, request: Request | None = None, **settings) -> Completion:
    return HttpEngine(server.url, **settings).complete([request or asked()])[0]


def refused(server: Server, request: Request | None = None, **settings) -> str:
    """The one line of a refusal, which names the server."""
    with pytest.raises(FacewiseError) as told:
        one(server, request, **settings)
    line = str(told.value)
    assert "\n" not in line and server.url in line
    return line


def parts(body: dict) -> list[dict]:
    return next(message["content"] for message in body["messages"] if message["role"] == "user")


def sent_file(body: dict) -> tuple[str, bytes]:
    """Type and bytes of the first picture of a request."""
    head, data = parts(body)[0]["image_url"]["url"].split(",", 1)
    return re.fullmatch(r"data:(image/\w+);base64", head)[1], base64.b64decode(data)


# What is sent


def test_the_picture_precedes_the_question_as_the_file_s_own_bytes(ours, photo):
    one(ours, asked(read_picture(photo)))
    kinds = [part["type"] for part in parts(ours.bodies[0])]
    assert kinds == ["image_url", "text"] and parts(ours.bodies[0])[1]["text"] == "Face 1: Is there a beard?"
    assert sent_file(ours.bodies[0]) == ("image/jpeg", photo.read_bytes())


def test_pictures_that_follow_their_question_are_put_before_it_in_their_order(ours):
    pictures = tuple(Picture(np.full((4, 4, 3), value, np.uint8)) for value in (10, 200))
    content = [{"type": "text", "text": "Which?"}, {"type": "image"}, {"type": "image"}]
    one(ours, Request([{"role": "user", "content": content}], pictures))
    sent = parts(ours.bodies[0])
    assert [part["type"] for part in sent] == ["image_url", "image_url", "text"]
    decoded = [Image.open(io.BytesIO(base64.b64decode(part["image_url"]["url"].split(",")[1]))) for part in sent[:2]]
    assert [image.getpixel((0, 0))[0] for image in decoded] == [10, 200]


def test_a_clip_goes_as_its_own_file_before_its_question(ours, peer, examples):
    file = examples / "invented-clip.mp4"
    question = Request(prompt("What moves?", 0, "video"), (), clips=(open_clip(file),))
    for server in (ours, peer):
        one(server, question)
        clip, text = parts(server.bodies[-1])[:2]
        kind, _, data = clip["video_url"]["url"].partition(",")
        assert kind == "data:video/mp4;base64" and base64.b64decode(data) == file.read_bytes()
        assert text["text"] == "Face 1: What moves?"


def test_a_folder_of_frames_is_no_file_to_send(ours, tmp_path):
    for number in (1, 2):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{number}.png")
    with pytest.raises(FacewiseError, match="only a video file"):
        one(ours, Request(prompt("What moves?", 0, "video"), (), clips=(open_clip(tmp_path, 30),)))
    assert ours.bodies == []


def test_a_conversation_keeps_its_turns(ours):
    picture = Picture(np.zeros((4, 4, 3), np.uint8))
    turns = [*prompt("First?", 0), {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "And now?"}]
    one(ours, Request(turns, (picture,)))
    assert [message["role"] for message in ours.bodies[0]["messages"]] == ["user", "assistant", "user"]
    assert ours.bodies[0]["messages"][1:] == turns[1:]


def test_pixels_without_a_file_travel_without_loss(ours):
    pixels = np.random.default_rng(1).integers(0, 255, (30, 20, 3), np.uint8)
    one(ours, asked(as_picture(pixels)))
    kind, data = sent_file(ours.bodies[0])
    assert kind == "image/png" and np.array_equal(np.array(Image.open(io.BytesIO(data))), pixels)


@pytest.mark.parametrize("name", ["turned.jpg", "clear.png", "palette.gif", "deep.png"])
def test_a_peer_gets_upright_pixels_of_a_file_that_decoders_read_differently(ours, peer, tmp_path, name):
    noise = np.random.default_rng(2).integers(0, 255, (20, 60, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.fromarray(noise).save(tmp_path / "turned.jpg", exif=exif)
    Image.new("RGBA", (60, 20), (200, 30, 30, 90)).save(tmp_path / "clear.png")
    Image.fromarray(noise).quantize(16).save(tmp_path / "palette.gif")
    Image.fromarray(noise[..., 0].astype(np.uint16) * 200).save(tmp_path / "deep.png")
    picture = read_picture(tmp_path / name)
    one(peer, asked(picture))
    kind, data = sent_file(peer.bodies[0])
    assert kind == "image/png" and np.array_equal(np.array(Image.open(io.BytesIO(data)).convert("RGB")), picture.pixels)
    one(ours, asked(picture))  # whose decoder is this one
    assert sent_file(ours.bodies[0])[1] == (tmp_path / name).read_bytes()


def test_a_file_larger_than_its_pixels_is_not_kept(ours, tmp_path):
    path = tmp_path / "plain.bmp"
    Image.new("RGB", (40, 40), "red").save(path)
    assert read_picture(path).file is None
    one(ours, asked(read_picture(path)))
    assert sent_file(ours.bodies[0])[0] == "image/png"


def test_bytes_of_a_file_are_kept_as_they_came(photo):
    assert as_picture(photo.read_bytes()).file == photo.read_bytes()
    assert str(photo.read_bytes()[:9])[2:-1] not in repr(read_picture(photo))


def test_ours_continues_the_beginning_of_the_answer_and_bans_phrases(ours):
    done = one(ours, asked(prefix=PREFIX, banned=("nose wrinkled", "anger")))
    body = ours.bodies[0]
    assert body["messages"][-1] == {"role": "assistant", "content": PREFIX}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert body["vllm_xargs"] == {"banned_phrases": ["nose wrinkled", "anger"]}
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("tiny", 0, 96)
    assert done == Completion(" lip corners pulled up.", None, 4)  # of five tokens the last ends it


def test_without_a_beginning_nothing_is_continued(ours):
    one(ours)
    assert [message["role"] for message in ours.bodies[0]["messages"]] == ["user"]
    assert not {"continue_final_message", "add_generation_prompt", "vllm_xargs"} & set(ours.bodies[0])


def test_a_peer_is_asked_in_words_and_spared_our_fields(peer):
    one(peer, asked(prefix=PREFIX, banned=("anger",)))
    body = peer.bodies[0]
    assert set(body) <= {"model", "messages", "temperature", "max_tokens"} and body["messages"][-1]["role"] == "user"
    assert [part["type"] for part in parts(body)][:2] == ["image_url", "text"]
    assert PREFIX in parts(body)[-1]["text"]


# What comes back


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("The face shows a smile.", " a smile."),
        (" the  face shows\na smile.", "\na smile."),
        ('"The face shows" a smile.', " a smile."),
        ("The face shows The face shows a smile.", " a smile."),
        ("Sure! The face shows a smile.", " a smile."),
        ("Here is my answer:\n\n**The face shows** a smile.", " a smile."),
        ("A smile.", "A smile."),
        ("I doubt that the face shows a smile.", "I doubt that the face shows a smile."),
        ("The face showsome", "The face showsome"),
        ("The face shows", ""),
        ("", ""),
    ],
)
def test_a_peer_s_answer_is_continued_without_its_beginning(peer, answer, text):
    peer.text = lambda body: answer
    assert one(peer, asked(prefix=PREFIX)).text == text
    assert "".join(HttpEngine(peer.url).stream(asked(prefix=PREFIX))) == text


def test_a_verdict_s_word_is_cut_off_whatever_follows_it_and_never_turned_around(peer):
    for answer, text in {
        "Live. No sign.": " No sign.",
        "Live, I think.": " I think.",
        "Not live. A print.": "Not live. A print.",
    }.items():
        peer.text = lambda body, answer=answer: answer
        assert one(peer, asked(prefix="Live.")).text == text


def test_the_verdict_of_ours_comes_from_the_ids_of_its_tokens(ours):
    done = one(ours, asked(choices=CHOICES, max_tokens=0))
    body = ours.bodies[0]
    assert len(ours.bodies) == 1 and (body["logprobs"], body["logprob_token_ids"], body["max_tokens"]) == (True, [11, 22], 1)
    assert body["return_tokens_as_token_ids"] is True and "top_logprobs" not in body
    assert done.text == "" and done.choice_logprobs["Spoof"] - done.choice_logprobs["Live"] == pytest.approx(3.0)
    assert sum(map(math.exp, done.choice_logprobs.values())) == pytest.approx(1.0)  # as hf gives them


def test_choices_are_scored_behind_the_beginning(ours):
    one(ours, asked(choices=CHOICES, prefix="It is", max_tokens=0))
    assert ours.bodies[0]["messages"][-1]["content"] == "It is" and ours.bodies[0]["continue_final_message"] is True


def test_choices_and_a_text_are_two_requests(ours):
    done = one(ours, asked(choices=CHOICES))
    assert len(ours.bodies) == 2 and done.choice_logprobs and done.text == " lip corners pulled up."


def test_choices_of_a_peer_are_looked_up_among_its_twenty_likeliest_tokens(peer):
    done = one(peer, asked(choices=CHOICES, max_tokens=0))
    assert (peer.bodies[0]["logprobs"], peer.bodies[0]["top_logprobs"]) == (True, 20)
    live = math.log(math.exp(-0.2) + math.exp(-3.0))  # with and without a blank
    assert done.choice_logprobs["Spoof"] - done.choice_logprobs["Live"] == pytest.approx(-2.0 - live)
    assert "Live or Spoof" in parts(peer.bodies[0])[-1]["text"]


@pytest.mark.parametrize(
    "scores",
    [
        {"Live": -0.2, "Sp": -2.0},
        {"Live": -0.2, "Spoofs": -1.0},
        {"Live": -0.2, "Spoof": None},
        {"Live": -0.2, "Spoof": -(10**400)},
    ],
)
def test_a_choice_that_is_not_among_them_leaves_none_for_all(peer, scores):
    peer.scores = scores
    assert one(peer, asked(choices=CHOICES, max_tokens=0)).choice_logprobs is None


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        {"content": None},
        {"content": []},
        {"content": [{"token": "Live"}]},
        {"content": [{"top_logprobs": [{"token": 5, "logprob": -1.0}, None]}]},
        {"content": [{"top_logprobs": [{"token": ["Live"], "logprob": -1.0}]}]},
        7,
        "x",
    ],
)
@pytest.mark.parametrize("config", [None, CONFIG], ids=["peer", "ours"])
def test_missing_log_probabilities_are_none(played, config, logprobs):
    server = played(config)
    choice = {"message": {"content": "Live"}, "logprobs": logprobs}
    server.faults.append(raw(json.dumps({"choices": [choice]}).encode()))
    assert one(server, asked(choices=CHOICES, max_tokens=0)).choice_logprobs is None


@pytest.mark.parametrize("code", [400, 422])
def test_a_peer_that_refuses_log_probabilities_still_answers(peer, code):
    peer.faults.append(status(code))
    done = one(peer, asked(choices=CHOICES))
    assert done.choice_logprobs is None and done.text == " lip corners pulled up."


def test_a_peer_asked_to_continue_gives_no_log_probabilities(peer):
    assert one(peer, asked(choices=CHOICES, prefix="It is", max_tokens=0)).choice_logprobs is None
    assert peer.bodies == []


def test_an_answer_cut_off_by_its_length_counts_as_full_where_nothing_is_counted(peer):
    peer.faults.append(raw(b'{"choices": [{"message": {"content": "So it"}, "finish_reason": "length"}]}'))
    assert one(peer).tokens == 96


# Many requests


def test_the_order_is_kept_under_concurrency_and_connections_are_reused(ours):
    def slowly(body):
        number = int(re.search(r"\d+$", parts(body)[-1]["text"])[0])
        time.sleep(0.05 if number % 7 == 0 else 0.01)
        return f" {number}"

    ours.text = slowly
    engine = HttpEngine(ours.url)
    for _ in range(2):
        answers = engine.complete([asked(question=f"Number {n}") for n in range(60)])
        assert [answer.text for answer in answers] == [f" {n}" for n in range(60)]
    assert 4 < ours.most_at_once <= 16 and len(set(ours.ports)) <= 16


def test_one_after_another_use_one_connection(ours):
    engine = HttpEngine(ours.url)
    for _ in range(5):
        engine.complete([asked()])
    assert len(ours.ports) == 7 and len(set(ours.ports)) == 1


def test_one_picture_is_put_into_words_once_for_all_its_faces(ours, monkeypatch):
    made = []
    real = http.data_uri
    monkeypatch.setattr(http, "data_uri", lambda *args: made.append(1) or real(*args))
    picture = Picture(np.zeros((9, 9, 3), np.uint8))
    HttpEngine(ours.url).complete([asked(picture)] * 5)
    assert len(made) == 1 and len(ours.bodies) == 5


def test_no_requests_give_no_answers(ours):
    assert HttpEngine(ours.url).complete([]) == []


# What goes wrong


def test_a_busy_server_is_asked_again_when_it_says(peer):
    peer.faults.append(status(429, Retry_After="1"))
    started = time.perf_counter()
    assert one(peer).text == " lip corners pulled up."
    assert time.perf_counter() - started >= 1.0 and len(peer.bodies) == 2


@pytest.mark.parametrize("fault", [status(500), status(503), truncated], ids=["500", "503", "truncated"])
def test_a_fault_that_passes_costs_a_second_request(peer, fault):
    peer.faults.append(fault)
    assert one(peer).text == " lip corners pulled up." and len(peer.bodies) == 2


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (status(500), "the server failed.*HTTP 500: fault 500.*log"),
        (status(429, Retry_After="0.01"), "busy.*HTTP 429.*try again"),
        (truncated, "no connection.*check the address"),
    ],
    ids=["500", "429", "truncated"],
)
def test_a_fault_that_stays_is_one_line(peer, fault, told, monkeypatch):
    monkeypatch.setattr(http, "RETRIES", 1)
    peer.faults.extend([fault] * 9)
    assert re.search(told, refused(peer)) and len(peer.bodies) == 2


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (status(400), "HTTP 400: fault 400"),
        (status(404), "HTTP 404: fault 404"),
        (status(413, {"detail": "too large\nby far"}), "HTTP 413: too large by far"),
        (status(422, {"detail": [{"msg": "odd"}]}), "HTTP 422: .*odd"),
        (status(418, b"<html>teapot</html>", kind="text/html"), "HTTP 418\\)"),
        (status(400, {"error": "word " * 999}), "HTTP 400: word"),
        (status(307, b"", Location="http://elsewhere.invalid/v1?token=1"), r"HTTP 307.*http://elsewhere\.invalid/v1;"),
    ],
)
def test_what_the_server_refuses_is_told_with_its_words_and_not_tried_again(peer, fault, told):
    peer.faults.append(fault)
    line = refused(peer)
    assert re.search(told, line) and len(line) < 600 and len(peer.bodies) == 1


@pytest.mark.parametrize(
    "answer",
    [
        raw(b"<html>Welcome</html>", "text/html"),
        raw(b"<html>Welcome</html>"),
        raw(b""),
        raw(b"null"),
        raw(b"[]"),
        raw(b"{}"),
        raw(b'{"choices": []}'),
        raw(b'{"choices": [null]}'),
        raw(b'{"choices": [{"message": null}]}'),
        raw(b'{"choices": [{"message": {"content": 5}}]}'),
        raw(b'{"choices": "\xff'),
        raw(b"[" * 100_000),
    ],
)
def test_nonsense_is_one_line(peer, answer):
    peer.faults.append(answer)
    assert "no chat completion" in refused(peer)


@pytest.mark.parametrize("code", [200, 400, 404])
def test_an_answer_that_does_not_end_is_left_after_some_megabytes(peer, code):
    peer.faults.append(endless(code=code))
    assert "longer than 4 MB" in refused(peer)
    assert peer.left.wait(5) and len(peer.bodies) == 1


@pytest.mark.parametrize("piece", [b" " * 2**20, b'data: {"choices": []}\n\n' * 50_000], ids=["no event", "empty events"])
def test_a_stream_that_does_not_end_is_left_after_some_megabytes(peer, piece):
    peer.faults.append(endless("text/event-stream", piece=piece))
    with pytest.raises(FacewiseError, match="longer than 4 MB"):
        list(HttpEngine(peer.url).stream(asked()))
    assert peer.left.wait(5)


def test_a_list_of_models_that_does_not_end_is_left_too(peer):
    peer.get = lambda handler: endless()(handler, None) if handler.path == "/v1/models" else handler.reply({}, 404)
    assert "longer than 4 MB" in refused(peer)


def test_a_packed_answer_is_neither_asked_for_nor_opened(peer):
    """A megabyte of it may unpack to a thousand."""
    packed = gzip.compress(b'{"choices": [' + b" " * 10**7)
    peer.faults.append(lambda handler, _: handler.reply(packed, Content_Encoding="gzip"))
    assert "packed (gzip)" in refused(peer)
    one(peer)
    assert set(peer.encodings) == {"identity"}


def test_an_answer_without_words_is_empty(peer):
    peer.faults.append(raw(b'{"choices": [{"message": {"content": null}}]}'))
    assert one(peer).text == ""


def test_a_server_that_stalls_is_left_after_the_time_out(peer):
    peer.faults.append(peer.stall)
    started = time.perf_counter()
    assert re.search("no answer within 0.5 s", refused(peer, timeout_s=0.5))
    assert time.perf_counter() - started < 15 and len(peer.bodies) == 1


def test_a_server_that_drips_is_left_after_the_time_out_too(peer):
    def drip(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.05)

    peer.faults.append(drip)
    assert "no answer within" in refused(peer, timeout_s=0.5)
    assert peer.left.wait(3)


def test_ctrl_c_ends_what_is_under_way(peer):
    def interrupted(*_):
        raise KeyboardInterrupt

    engine = HttpEngine(peer.url)
    peer.faults.extend([peer.stall] * 3)
    before = signal.signal(signal.SIGUSR1, interrupted)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    started = time.perf_counter()
    try:
        with pytest.raises(KeyboardInterrupt):
            engine.complete([asked()] * 3)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert time.perf_counter() - started < 15
    assert engine.complete([asked()])[0].text == " lip corners pulled up."


def test_one_bad_request_ends_its_batch_at_once(peer):
    peer.faults.extend([peer.stall] * 3 + [status(400)])
    started = time.perf_counter()
    with pytest.raises(FacewiseError, match="HTTP 400"):
        HttpEngine(peer.url).complete([asked()] * 4)
    assert time.perf_counter() - started < 15


def test_the_key_of_the_environment_is_sent_and_never_printed(peer, monkeypatch):
    monkeypatch.setenv("FACEWISE_API_KEY", "sk-very-secret\n")
    peer.faults.append(status(401, {"error": {"message": "wrong key sk-very-secret"}}))
    line = refused(peer)
    assert peer.keys == ["Bearer sk-very-secret"] and "secret" not in line
    assert re.search("key was refused.*HTTP 401.*set FACEWISE_API_KEY", line)


def test_openais_key_goes_to_openai_alone(peer, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "other")
    one(peer)
    assert "other" not in peer.keys[0] and http.key("https://api.openai.com/v1") == "other"
    assert http.key("https://api.openai.com.example.org/v1") == http.key("http://api.openai.com/v1") == http.NO_KEY
    monkeypatch.setenv("FACEWISE_API_KEY", "own")
    one(peer)
    assert peer.keys[1] == "Bearer own" and http.key("https://api.openai.com/v1") == "own"


@pytest.mark.parametrize("key", ["two words", "schlüssel", "a\nb"])
def test_a_key_that_no_header_can_hold_is_one_line_without_it(peer, monkeypatch, key):
    monkeypatch.setenv("FACEWISE_API_KEY", key)
    with pytest.raises(FacewiseError, match="FACEWISE_API_KEY.*no key") as told:
        HttpEngine(peer.url)
    assert key not in str(told.value)


# Who answers


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_closed_port_is_one_line(monkeypatch):
    monkeypatch.setattr(http, "RETRIES", 0)
    url = f"http://127.0.0.1:{closed_port()}/v1"
    with pytest.raises(FacewiseError, match=f"{url}: no connection .*check the address and that the server runs"):
        HttpEngine(url)


def test_a_slash_at_the_end_changes_nothing(ours):
    assert HttpEngine(ours.url + "/").server == HttpEngine(ours.url).server
    assert set(ours.paths) == {"/v1/faces/config", "/v1/models"}


def test_an_address_without_v1_gets_a_hint(ours):
    with pytest.raises(FacewiseError, match=f"HTTP 404.*perhaps {ours.url} is meant"):
        HttpEngine(ours.url.removesuffix("/v1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///v1",
        "http://a b/v1",
        "http://host:port/v1",
        "http://host:99999/v1",
        "http://[::1/v1",
        "http://[:]/v1",
        "http://host/v1?key=1",
        "http://host/v1#x",
        "http://host/v1\n",
        "https://exa\u2028mple/v1",
        "http://a..b/v1",
        f"http://{'a' * 64}/v1",
    ],
)
def test_what_is_no_address_is_one_line(url):
    with pytest.raises(FacewiseError, match=r"no address.*http://host:8000/v1") as told:
        HttpEngine(url)
    assert "\n" not in str(told.value) and "key=1" not in str(told.value)


def test_a_password_in_the_address_is_refused_and_not_repeated():
    with pytest.raises(FacewiseError, match="FACEWISE_API_KEY") as told:
        HttpEngine("http://me:pass@host/v1")
    assert "pass" not in str(told.value).replace("password", "")


def test_ours_tells_its_config_and_a_peer_has_none(ours, peer):
    assert HttpEngine(ours.url).server == http.Server("tiny", True, (11, 22), CALIBRATION, 3)
    assert HttpEngine(peer.url).server == http.Server("tiny")


@pytest.mark.parametrize("page", ["<html></html>", [], {"hello": 1}])
def test_a_peer_that_answers_everything_is_still_a_peer(peer, page):
    peer.config = page
    assert not HttpEngine(peer.url).server.ours


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict_ids": [1]},
        {"verdict_ids": [1, 1]},
        {"verdict_ids": [1, "2"]},
        {"verdict_ids": [-1, 2]},
        {"calibration": {"llm": 1.0}},
        {"calibration": CALIBRATION | {"low": None}},
        {"calibration": 5},
        {"max_faces": 0},
        {"max_faces": "many"},
    ],
)
def test_a_config_that_cannot_be_read_is_one_line(played, wrong):
    server = played(CONFIG | wrong)
    with pytest.raises(FacewiseError, match="faces/config.*versions of Facewise"):
        HttpEngine(server.url)


def test_ours_without_a_verdict_gives_no_log_probabilities(played):
    server = played(CONFIG | {"verdict_ids": [], "calibration": None})
    assert HttpEngine(server.url).server == http.Server("tiny", True, None, None, 3)
    server.scores = {"A": -1.0}
    assert one(server, asked(choices=CHOICES, max_tokens=0)).choice_logprobs is None


@pytest.mark.parametrize(
    "models", [{"data": []}, {"data": [{}]}, {"data": [{"id": ""}]}, {"data": [{"id": 5}]}, {}, [], "x", None]
)
def test_a_server_without_a_model_is_one_line(peer, models):
    peer.models = models
    with pytest.raises(FacewiseError, match="names no model"):
        HttpEngine(peer.url)


# Streaming


def test_a_stream_gives_the_pieces_of_the_completion(ours):
    engine = HttpEngine(ours.url)
    pieces = list(engine.stream(asked(prefix=PREFIX, banned=("anger",))))
    assert len(pieces) > 2 and "".join(pieces) == engine.complete([asked(prefix=PREFIX, banned=("anger",))])[0].text
    streamed, whole = ours.bodies
    assert streamed.pop("stream") is True and streamed == whole


def test_pieces_come_before_the_last_one_is_written(ours):
    gate = threading.Event()

    def pieces():
        yield " first"
        gate.wait(10)
        yield " second"

    ours.faults.append(lambda handler, body: ours.streamed(handler, pieces()))
    stream = HttpEngine(ours.url).stream(asked())
    assert next(stream) == " first"
    gate.set()
    assert list(stream) == [" second"]


def test_closing_a_stream_early_closes_its_connection(ours):
    ours.faults.append(lambda handler, body: ours.streamed(handler, [" word"] * 10_000, pause=0.002))
    stream = HttpEngine(ours.url).stream(asked())
    assert next(stream) == " word"
    stream.close()
    assert ours.left.wait(5)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (status(400), "HTTP 400: fault 400"),
        (raw(b"<html></html>", "text/html"), "no chat completion"),
        (raw(b'{"choices": [{"message": {"content": "whole"}}]}'), "no chat completion"),
        (raw(b"data: {nonsense\n\n", "text/event-stream"), "no chat completion"),
        (raw(b'data: {"error": {"message": "out of memory"}}\n\n', "text/event-stream"), "out of memory"),
        (cut_stream, "no connection"),
    ],
)
def test_a_stream_that_fails_is_one_line(peer, fault, told):
    peer.faults.append(fault)
    with pytest.raises(FacewiseError, match=told) as line:
        list(HttpEngine(peer.url).stream(asked()))
    assert peer.url in str(line.value)


def test_a_stream_that_stalls_is_left_after_the_time_out(peer):
    peer.faults.append(lambda handler, body: peer.streamed(handler, [" word"] * 2, pause=3))
    stream = HttpEngine(peer.url, timeout_s=0.5).stream(asked())
    assert next(stream) == " word"
    with pytest.raises(FacewiseError, match="no answer within"):
        next(stream)


# The assistant and the front door


@pytest.fixture
def face(examples) -> str:
    return str(examples / "invented-face.jpg")


def test_ours_answers_with_its_calibration_and_the_numbers_of_the_local_encoder(ours, face):
    reply = facewise.load(ours.url).ask(face, task="spoof")
    jsonschema.validate(json.loads(json.dumps(reply.to_dict())), schema())
    assert reply.label == "spoof" and reply.score == pytest.approx(1 / (1 + math.exp(-3.0)), abs=1e-3)
    assert reply.model == f"tiny at {ours.url}"
    scored, written = ours.bodies[:2]
    assert scored["logprob_token_ids"] == [11, 22] and written["messages"][-1] == {"role": "assistant", "content": "Spoof."}
    assert sent_file(scored)[1] == Path(face).read_bytes() == sent_file(written)[1]


def test_as_many_faces_are_named_as_ours_shows(ours, face):
    assert facewise.load(ours.url).perceiver.max_faces == 3


def test_a_peer_answers_without_a_verdict_and_with_the_same_numbers(peer, face):
    assistant = facewise.load(peer.url)
    reply = assistant.ask(face, task="spoof")
    answer = reply.faces[0].answer
    assert (answer.label, answer.score) == ("uncertain", None) and "calibration" in answer.score_missing
    muscles = assistant.ask(face, task="au").faces[0].answer
    local = load_checkpoint().perceiver.perceive(read_picture(face)).faces[0].evidence
    assert muscles.aus["AU12"].p == pytest.approx(local.aus["AU12"][2], abs=1e-4)


def test_the_front_door_asks_a_server(ours, face, capfd):
    assert main(["ask", face, face, "--json", "--task", "au", "--model", ours.url + "/"]) == 0
    replies = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [reply["model"] for reply in replies] == [f"tiny at {ours.url}"] * 2
    assert all(reply["faces"][0]["answer"]["text"] for reply in replies)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ask", "--engine", "fake"), "engine 'fake'.*leave the engine out"),
        (("see",), "a server.*give `default` or a folder"),
    ],
)
def test_a_server_where_none_is_wanted_is_one_line(ours, face, capfd, words, told):
    assert main([words[0], face, *words[1:], "--model", ours.url]) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1 and err.startswith("facewise: ") and re.search(told, err) and ours.url in err
    assert ours.paths == []


def test_the_front_door_tells_a_server_that_does_not_run(face, capfd, monkeypatch):
    monkeypatch.setattr(http, "RETRIES", 0)
    assert main(["ask", face, "--model", f"http://127.0.0.1:{closed_port()}/v1"]) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1 and "no connection" in err and "Traceback" not in err


def test_a_question_that_the_server_refuses_leaves_an_object_for_every_picture(ours, face, capfd):
    ours.faults.extend([status(400)] * 2)
    assert main(["ask", face, face, "--json", "--task", "au", "--model", ours.url]) == 2
    out, err = capfd.readouterr()
    objects = [json.loads(line) for line in out.splitlines()]
    assert [item["input"] for item in objects] == [face, face] and all("HTTP 400" in item["error"] for item in objects)
    assert err.count("\n") == 2
