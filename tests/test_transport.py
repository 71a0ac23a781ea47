"""What a connection may do before the gate sees a request, how a server says that it is ready, and how it ends."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import uvicorn

from facewise.model.errors import FacewiseError
from facewise.serve import command, faces, transport
from facewise.serve.command import bound, may_open, parse, settled, tell_if_open
from facewise.serve.fallback import configured
from facewise.serve.limits import VARIABLE, Limits
from facewise.serve.ready import announce

MB = 10**6
MOST = 20 * MB  # that a test sends
HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /v1/faces/ask HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


class App:
    """Reads every body, says how long it was; /slow takes a second, /flood answers more than a socket holds, /patient waits for its body."""

    def __init__(self):
        self.lengths: list[int] = []

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return
        length, more = 0, True
        while more:
            message = await receive()
            length += len(message.get("body", b""))
            more = message.get("more_body", False)
        self.lengths.append(length)
        if scope["path"] == "/slow":
            await asyncio.sleep(1)
        body = b"x" * (30 * MB if scope["path"] == "/flood" else 0) or str(length).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        headers += [(b"connection", b"close")] if scope["path"] == "/flood" else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Served:
    """The app as `--engine hf` serves one."""

    def __init__(self):
        self.app = App()
        listening = bound("127.0.0.1", 0)
        self.address = listening.getsockname()
        self.server = uvicorn.Server(configured(self.app, False))
        self.thread = threading.Thread(target=self.server.run, args=([listening],), daemon=True)
        self.thread.start()
        until(lambda: self.server.started)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10)

    def ask(self, request: bytes) -> bytes:
        """All that comes back until the server has nothing more to say for half a second."""
        with self.connect() as connection:
            connection.sendall(request)
            return heard(connection)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)


def heard(connection: socket.socket, seconds: float = 0.5) -> bytes:
    connection.settimeout(seconds)
    said = b""
    with suppress(TimeoutError, ConnectionError):
        while piece := connection.recv(65536):
            said += piece
    return said


def until(true: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def served() -> Iterator[Served]:
    started = Served()
    yield started
    started.stop()


@pytest.fixture
def hurried(monkeypatch) -> float:
    """A head has this long."""
    monkeypatch.setattr(transport, "HEAD_S", 0.4)
    return 0.4


# Too much


def swallowed(served: Served, begun: bytes, more: bytes) -> int:
    """How many bytes the server takes of a request that never ends."""
    sent = 0
    with served.connect() as connection, suppress(ConnectionError):
        connection.sendall(begun)
        piece = more * (65536 // len(more))
        while sent < MOST:
            connection.sendall(piece)
            sent += len(piece)
    return sent


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (b"GET /", b"a"),
        (HEAD, b"a: b\r\n"),
        (HEAD + b"a: ", b"b"),
        (HEAD + b"a: b\r\n", b" folded\r\n"),
        (CHUNKED + b"0\r\n", b"a: b\r\n"),
        (CHUNKED + b"1;", b"a=b;"),
        (CHUNKED, b"1\r\nx\r\n"),
    ],
    ids=["address", "headers", "a header", "a folded header", "trailers", "a chunk's extension", "tiny chunks"],
)
def test_what_never_becomes_a_request_is_cut_off_while_it_is_small(served, begun, more):
    """Sockets hold some megabytes between them."""
    assert swallowed(served, begun, more) < MOST / 2
    assert served.ask(HEAD + b"\r\n").startswith(b"HTTP/1.1 200")


def test_a_head_that_comes_behind_another_request_is_cut_off_too(served):
    assert swallowed(served, HEAD + b"\r\n" + HEAD, b"a: b\r\n") < MOST / 2


def test_a_large_body_arrives_whole_in_whatever_pieces(served):
    plain = POST + f"Content-Length: {5 * MB}\r\n\r\n".encode() + b"x" * (5 * MB)
    assert served.ask(plain).endswith(str(5 * MB).encode())
    for size in (1, 100, 70_000):
        chunk = f"{size:x}\r\n".encode() + b"x" * size + b"\r\n"
        count = min(100, 3 * MB // size)
        assert served.ask(CHUNKED + chunk * count + b"0\r\n\r\n").endswith(str(size * count).encode())


def test_requests_on_one_connection_are_answered_in_their_order(served):
    asked = b"".join(POST + f"Content-Length: {length}\r\n\r\n".encode() + b"x" * length for length in range(60))
    said = served.ask(asked)
    assert said.count(b"HTTP/1.1 200") == 60 and served.app.lengths == list(range(60))


def test_nobody_is_let_into_another_protocol(served):
    upgrade = HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n"
    assert served.ask(upgrade).startswith(b"HTTP/1.1 200")


# Too slow


@pytest.mark.parametrize("begun", [b"", b"GET", HEAD, HEAD + b"\r\n" + HEAD], ids=["nothing", "a word", "half", "one and a half"])
def test_a_connection_without_a_whole_request_is_closed(served, hurried, begun):
    with served.connect() as connection:
        connection.sendall(begun)
        started = time.monotonic()
        assert heard(connection, 9).count(b"HTTP/1.1") == begun.count(b"\r\n\r\n")
        assert time.monotonic() - started < 8  # with who was answered once, uvicorn has patience for 5
        until(lambda: not served.server.server_state.connections)


def test_a_head_that_drips_is_closed(served, hurried):
    with served.connect() as connection:
        started = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() - started < 5:
                connection.sendall(b"a" if time.monotonic() - started > 0.2 else b"GET /")
                time.sleep(0.05)


def test_bodies_answers_and_clients_that_take_their_time_are_left_alone(served, hurried):
    with served.connect() as connection:
        connection.sendall(POST + b"Content-Length: 10\r\n\r\n")
        for _ in range(10):
            time.sleep(0.1)
            connection.sendall(b"x")
        connection.settimeout(5)
        assert connection.recv(999).endswith(b"10")
        time.sleep(1)  # and asks once more
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(999).endswith(b"0")


def test_who_does_not_take_its_answer_is_not_kept(served, hurried):
    with served.connect() as connection:
        connection.sendall(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: served.app.lengths)
        until(lambda: not served.server.server_state.connections, 5)


def test_who_takes_its_answer_slowly_gets_all_of_it(served, hurried):
    with served.connect() as connection:
        connection.sendall(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
        got = 0
        while piece := connection.recv(2 * MB):
            got += len(piece)
            time.sleep(0.05)
    assert got > 30 * MB


# Both engines


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_vllms_server_of_ours_reads_connections_in_the_same_way(monkeypatch):
    pytest.importorskip("vllm")
    from uvicorn.config import HTTP_PROTOCOLS

    from facewise.serve.plugin import register

    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])

    def read_by() -> type:
        config = uvicorn.Config(App())  # as vLLM makes it
        config.load()
        return config.http_protocol_class

    monkeypatch.delenv(VARIABLE, raising=False)
    register()
    assert read_by() is not transport.Bounded, "a server that is none of ours was changed"
    monkeypatch.setenv(VARIABLE, "{}")
    register()
    assert read_by() is transport.Bounded


def test_a_server_may_open_as_many_files_as_the_system_lets_it():
    code = "import resource; from facewise.serve.command import may_open; may_open(); print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    told = subprocess.run(
        ["bash", "-c", 'ulimit -Sn 100; ulimit -Hn 400; exec "$0" -c "$1"', sys.executable, code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "400"
    may_open()  # where nothing is to be raised, nothing happens


# How it is called


def test_a_model_is_named_by_its_place_or_by_a_flag():
    assert parse([]).model == "default"
    assert parse(["mine"]).model == parse(["--model", "mine"]).model == parse(["--port", "80", "--model=mine"]).model == "mine"
    with pytest.raises(FacewiseError, match="mine.*yours"):
        parse(["mine", "--model", "yours"])


def test_a_port_is_chosen_once():
    chosen = settled(parse(["--engine", "vllm", "--port", "0"]))
    assert chosen.port > 0 and settled(chosen).port == chosen.port


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_misspelt_flag_of_vllms_is_told_and_not_guessed():
    pytest.importorskip("vllm")
    assert command.vllm_parser().parse_args(["m", "--max-num-seqs", "4"]).max_num_seqs == 4
    with pytest.raises(FacewiseError, match="--max-num-seq "):
        command.vllm_parser().parse_args(["m", "--max-num-seq", "4"])


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        ([], False),
        (["--host", "127.0.0.1"], False),
        (["--host", "::1"], False),
        (["--host", "localhost"], False),
        (["--host", "0.0.0.0"], True),
        (["--host", "::"], True),
        (["--host", "0.0.0.0", "--api-key", "K"], False),
    ],
)
def test_a_server_that_everyone_may_ask_says_so(words, is_told, capsys, monkeypatch):
    monkeypatch.delenv("FACEWISE_API_KEY", raising=False)
    tell_if_open(parse([*words, "--port", "0"]))
    told = capsys.readouterr().err
    assert ("--api-key" in told and told.count("\n") == 1) if is_told else not told


class Ready(BaseHTTPRequestHandler):
    """A server that is healthy at the second look."""

    asked: list[tuple[str, str | None]]

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(200 if len(self.asked) > 1 else 503)
        self.end_headers()

    def do_POST(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500)  # a server that cannot see is ready for words
        self.end_headers()


@contextmanager
def becoming_ready() -> Iterator[ThreadingHTTPServer]:
    Ready.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as listener:
        threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield listener
        listener.shutdown()


class Writes:
    """A stderr that keeps each write."""

    def __init__(self):
        self.written: list[str] = []

    def write(self, text: str) -> int:
        self.written.append(text)
        return len(text)

    def flush(self) -> None:
        pass


def test_ready_is_said_at_once_when_the_first_picture_has_been_looked_at(monkeypatch):
    stderr = Writes()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # which is not asked
    with becoming_ready() as listener:
        announce("127.0.0.1", listener.server_port, "twin", Limits(api_keys=("K",)))
    assert [path for path, _ in Ready.asked] == ["/health", "/health", "/v1/faces/ask"]
    assert {key for _, key in Ready.asked} == {"Bearer K"}
    (text,) = stderr.written
    assert text.startswith("Ready: twin at http://127.0.0.1") and text.endswith("\n") and text.count("\n") == 2


@pytest.mark.parametrize(
    ("environment", "keys", "shown"),
    [
        (None, (), "curl -F"),
        ("K", ("K",), 'curl -H "Authorization: Bearer $FACEWISE_API_KEY" -F'),
        (None, ("K",), 'curl -H "Authorization: Bearer YOUR_KEY" -F'),
        ("other", ("K",), 'curl -H "Authorization: Bearer YOUR_KEY" -F'),
    ],
)
def test_the_line_that_asks_names_a_key_that_the_shell_knows(environment, keys, shown, monkeypatch, capsys):
    monkeypatch.delenv("FACEWISE_API_KEY", raising=False)
    if environment:
        monkeypatch.setenv("FACEWISE_API_KEY", environment)
    with becoming_ready() as listener:
        announce("0.0.0.0", listener.server_port, "twin", Limits(api_keys=keys))
    told = capsys.readouterr().err
    assert shown in told and "Bearer K" not in told


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
def test_ready_is_said_of_a_server_with_a_certificate_of_its_own(tmp_path, capsys):
    pem = tmp_path / "both.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=faces.example"]
    subprocess.run([*request, "-keyout", pem, "-out", tmp_path / "certificate"], check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + (tmp_path / "certificate").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with becoming_ready() as listener:
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        announce("127.0.0.1", listener.server_port, "twin", Limits(), tls=True)
    assert capsys.readouterr().err.startswith("Ready: twin at https://127.0.0.1")


# What it says of itself


def referred(part: object) -> Iterator[str]:
    """All references in a document."""
    if isinstance(part, dict):
        yield from (target for name, target in part.items() if name == "$ref")
    if isinstance(part, dict | list):
        for inside in part.values() if isinstance(part, dict) else part:
            yield from referred(inside)


def test_the_face_endpoints_description_tells_the_form_and_the_answer():
    described = asyncio.run(faces.openapi())
    ask = described["paths"]["/v1/faces/ask"]["post"]
    by_json, by_form = (ask["requestBody"]["content"][kind]["schema"] for kind in ("application/json", "multipart/form-data"))
    assert (
        by_json["properties"].keys() == by_form["properties"].keys()
        and by_form["properties"]["prior"] == by_json["properties"]["prior"]
    )
    assert by_form["properties"]["image"]["items"]["format"] == by_form["properties"]["neutral"]["format"] == "binary"
    one, several = ask["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"]
    assert one == several["properties"]["answers"]["items"] == {"$ref": "#/components/schemas/Answer"}
    known = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert len(set(referred(described))) > 1 and set(referred(described)) <= known


# Files of the server


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_file_that_cannot_be_read_is_a_clients_mistake(tmp_path):
    pytest.importorskip("vllm")
    from facewise.model.perception.picture import MAX_BYTES
    from facewise.serve.media import Connector

    (tmp_path / "folder").mkdir()
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    connector = Connector(allowed_local_media_path=str(tmp_path))
    for name, says in (("nope.jpg", "nope.jpg"), ("folder", "folder"), ("huge.jpg", "MB"), ("%00", "null")):
        with pytest.raises(ValueError, match=says):
            connector.fetch_image(f"file://{tmp_path}/{name}")
        with pytest.raises(ValueError, match=says):
            connector.fetch_video(f"file://{tmp_path}/{name}")


# The end

STUCK = """
import sys, threading, time
from facewise.serve import command, fallback
command.DRAIN_S = fallback.DRAIN_S = 1
command.LEAVE_S = fallback.LEAVE_S = 1

async def app(scope, receive, send):
    import asyncio
    if scope["type"] == "http":
        print("asked", flush=True)
        await asyncio.to_thread(time.sleep, 60)

class Stuck:
    def close(self):
        print("closing", flush=True)
        time.sleep(60)

listening = command.bound("127.0.0.1", 0)
print(listening.getsockname()[1], flush=True)
fallback.run(app, listening, Stuck(), False)
"""


@contextmanager
def stuck(code: str = STUCK) -> Iterator[tuple[subprocess.Popen, socket.socket]]:
    """The process, once it listens, and a connection to it."""
    with (
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process,
        socket.socket() as connection,
    ):
        try:
            port = int(process.stdout.readline())
            until(lambda: not connection.connect_ex(("127.0.0.1", port)), 30)
            yield process, connection
        finally:
            process.kill()


def test_a_signal_ends_it_though_a_request_does_not_end():
    with stuck() as (process, connection):
        connection.sendall(HEAD + b"\r\n")
        assert process.stdout.readline() == "asked\n"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(8) == 0


def test_a_signal_ends_it_though_the_engine_does_not_end():
    with stuck() as (process, _):
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(8) == 0


def test_a_further_signal_ends_the_engine_too():
    with stuck(STUCK.replace("LEAVE_S = 1", "LEAVE_S = 60")) as (process, _):
        os.kill(process.pid, signal.SIGTERM)
        assert process.stdout.readline() == "closing\n"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(3) == -signal.SIGTERM
