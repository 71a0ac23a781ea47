"""The real server as a process on loopback, for its tests and for its benchmark."""

import base64
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import openai

KEY = "a-key-for-tests"
MODEL = "facewise-135m"
READY_S = 300


class Server:
    """`facewise serve default` with these flags; `log` is what it printed."""

    def __init__(self, folder: Path, *flags: str):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log_path = folder / "serve.log"
        command = [sys.executable, "-m", "facewise.cli", "serve", "default", "--port", str(self.port), *flags]
        with self.log_path.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
        self.base = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.base, headers={"Authorization": f"Bearer {KEY}"}, timeout=120)
        self.client = openai.OpenAI(base_url=f"{self.base}/v1", api_key=KEY, timeout=120, max_retries=0)

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def wait(self) -> None:
        until = time.monotonic() + READY_S
        while "Ready:" not in self.log:
            assert self.process.poll() is None and time.monotonic() < until, self.log[-3000:]
            time.sleep(0.5)

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        lines = [line for line in self.http.get("/metrics").text.splitlines() if line.startswith(name)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def chat(self, *content: dict, **options):
        messages = [{"role": "user", "content": list(content)}]
        return self.client.chat.completions.create(model=MODEL, messages=messages, **options)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(90)


def uri(data: bytes, kind: str = "image/jpeg") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def image(url: str) -> dict:
    return {"type": "image_url", "image_url": {"url": url}}


def words(text: str) -> dict:
    return {"type": "text", "text": text}
