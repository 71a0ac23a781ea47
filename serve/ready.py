"""Says when a server that is coming up can be asked, and how: it asks it as a client would."""

import base64
import json
import os
import ssl
import sys
import time
import urllib.request
from functools import cache
from http.client import HTTPException

from .limits import Limits

LOOPBACK = "127.0.0.1"
FIRST_LOOK_S = 60  # for the first picture, on a busy machine


def announce(host: str, port: int, model: str, limits: Limits, tls: bool = False) -> None:
    """Waits until the server is healthy and has looked at a first picture, for which it loads its detector; then prints how to ask it."""
    shown = LOOPBACK if host in ("0.0.0.0", "::", None) else host
    base = f"http{'s' if tls else ''}://{f'[{shown}]' if ':' in shown else shown}:{port}"
    while not _answers(f"{base}/health", limits):
        time.sleep(0.5)
    _answers(f"{base}/v1/faces/ask", limits, json.dumps({"image": _blank()}).encode())
    known = os.environ.get("FACEWISE_API_KEY") in limits.api_keys
    key = f' -H "Authorization: Bearer {"$FACEWISE_API_KEY" if known else "YOUR_KEY"}"' if limits.api_keys else ""
    # One write: others write there, too.
    sys.stderr.write(f"Ready: {model} at {base}/v1\n  curl{key} -F image=@photo.jpg -F task=spoof {base}/v1/faces/ask\n")
    sys.stderr.flush()


def _answers(url: str, limits: Limits, body: bytes | None = None) -> bool:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    if limits.api_keys:
        request.add_header("Authorization", f"Bearer {limits.api_keys[0]}")
    try:
        # Past the environment's proxies, whom neither the question nor the key concerns.
        with _opener().open(request, timeout=5 if body is None else FIRST_LOOK_S):
            return True
    except (OSError, HTTPException):
        return False


@cache
def _opener() -> urllib.request.OpenerDirector:
    """Takes any certificate: it is our own server that is asked, by an address that its certificate need not name."""
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=unchecked))


def _blank() -> str:
    """A picture of nobody, as base64."""
    import cv2
    import numpy as np

    return base64.b64encode(cv2.imencode(".png", np.full((64, 64, 3), 128, np.uint8))[1].tobytes()).decode()
