"""Small folders of one's own and a server that plays a peer, for the tests of evaluation runs."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image


def own_folder(root: Path, count: int = 12) -> Path:
    """Half live and half spoof, two pictures a subject; each picture is noise of its own, and tells its class by its red."""
    (root / "pictures").mkdir(parents=True)
    lines = ["file_name,live,attack,emotion,age,gender,subject,AU12,AU4"]
    rng = np.random.default_rng(0)
    for number in range(count):
        live = number % 2 == 0
        pixels = rng.integers(0, 60, (24, 24, 3), np.uint8)
        pixels[..., 0] = 220 if live else 10
        name = f"pictures/{number:02d}.png"
        Image.fromarray(pixels).save(root / name)
        attack = "" if live else ("print", "replay")[number // 2 % 2]
        emotion, smile = ("happiness", 3) if live else ("anger", 0)
        lines.append(
            f"{name},{str(live).lower()},{attack},{emotion},{20 + number % 60},{('female', 'male')[number % 3 == 0]},s{number // 2},{smile},{3 - smile}"
        )
    (root / "metadata.csv").write_text("\n".join(lines) + "\n")
    return root


class Peer:
    """An OpenAI-compatible server on loopback. `reply(body)` gives the text, `status(body)` the HTTP status; `logprobs` may be None."""

    def __init__(self, reply, logprobs=None, delay_s=0.0, status=lambda body: 200):
        self.reply, self.logprobs, self.delay_s, self.status = reply, logprobs, delay_s, status
        self.bodies, self.most_at_once, self._now = [], 0, 0
        self._lock = threading.Lock()
        self.listener = _Listener(("127.0.0.1", 0), _Handler)
        self.listener.daemon_threads, self.listener.peer = True, self
        self.url = f"http://127.0.0.1:{self.listener.server_port}/v1"

    def __enter__(self) -> "Peer":
        threading.Thread(target=self.listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.listener.shutdown()
        self.listener.server_close()

    def answer(self, body: dict) -> dict:
        with self._lock:
            self.bodies.append(body)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        time.sleep(self.delay_s)
        with self._lock:
            self._now -= 1
        choice = {"index": 0, "message": {"role": "assistant", "content": self.reply(body)}, "finish_reason": "stop"}
        if body.get("logprobs") and self.logprobs:
            told = [{"token": token, "logprob": value, "bytes": None} for token, value in self.logprobs(body).items()]
            choice["logprobs"] = {"content": [{**told[0], "top_logprobs": told}]}
        return {"id": "1", "object": "chat.completion", "created": 0, "model": "peer", "choices": [choice]}


class _Listener(ThreadingHTTPServer):
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_GET(self):
        known = self.path == "/v1/models"
        self._send(
            {"object": "list", "data": [{"id": "peer"}, {"id": "other"}]} if known else {"detail": "none"}, 200 if known else 404
        )

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        peer = self.server.peer
        status = peer.status(body)
        self._send(peer.answer(body) if status == 200 else {"error": {"message": "no such picture"}}, status)

    def _send(self, told, status):
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def words_of(body: dict) -> str:
    """All words of the last message of a request."""
    return " ".join(part["text"] for part in body["messages"][-1]["content"] if part["type"] == "text")


def is_red(body: dict) -> bool:
    """Whether the first picture of a request is one of the live ones."""
    import base64
    import io

    url = next(part["image_url"]["url"] for part in body["messages"][-1]["content"] if part["type"] == "image_url")
    picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
    return np.asarray(picture)[..., 0].mean() > 120
