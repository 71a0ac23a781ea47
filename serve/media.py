"""What comes over the wire, read as everywhere else: pictures by our decoder, clips watched and spotted while they are decoded.

vLLM's own readers would turn a 16-bit picture white and hand over 32 evenly spaced frames of a clip, in which nothing can be spotted. An
address is fetched only from a host that the server's owner named.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

from vllm import envs
from vllm.multimodal.media import MEDIA_CONNECTOR_REGISTRY, MediaConnector
from vllm.multimodal.media.base import MediaIO, MediaWithBytes

from ..model.errors import FacewiseError
from ..model.perception.moments import Moments, moments_of
from ..model.perception.picture import MAX_BYTES, Picture, as_picture, read_picture
from ..model.perception.video import Clip, open_clip
from ..model.perception.views import SIZE
from .clips import clip_moments

CONNECTOR = "facewise"  # its name for VLLM_MEDIA_CONNECTOR
MAX_SECONDS = 60.0


@MEDIA_CONNECTOR_REGISTRY.register(CONNECTOR)
class Connector(MediaConnector):
    """Fetches what a request names: data URIs always, addresses of the allowed hosts, files of the allowed folder."""

    def _assert_url_in_allowed_media_domains(self, url_spec: Any) -> None:
        """vLLM takes an empty list for every host."""
        if url_spec.hostname not in self.allowed_media_domains:
            raise ValueError(f"{url_spec.hostname}: no address that this server fetches from; send a data URI")

    def _load_data_url(self, url: str, media_io: MediaIO) -> Any:
        try:
            return super()._load_data_url(url, media_io)
        except NotImplementedError as error:  # a client's mistake, which vLLM would answer with 501
            raise ValueError(str(error)) from None

    def _load_file_url(self, url_spec: Any, media_io: MediaIO) -> Any:
        if self.allowed_local_media_path is None:
            raise ValueError("this server reads no files of its own; send a data URI")
        try:
            return super()._load_file_url(url_spec, media_io)
        except OSError as error:  # vLLM would answer with 500
            raise ValueError(f"{url_spec.path}: cannot be read ({error.strerror or error})") from None

    def fetch_image(self, image_url: str, **_: Any) -> Picture:
        return self.load_from_url(image_url, PictureIO(), fetch_timeout=envs.VLLM_IMAGE_FETCH_TIMEOUT)

    async def fetch_image_async(self, image_url: str, **_: Any) -> Picture:
        return await self.load_from_url_async(image_url, PictureIO(), fetch_timeout=envs.VLLM_IMAGE_FETCH_TIMEOUT)

    def fetch_video(self, video_url: str, **_: Any) -> Moments:
        return self.load_from_url(video_url, self._clip_io, fetch_timeout=envs.VLLM_VIDEO_FETCH_TIMEOUT)

    async def fetch_video_async(self, video_url: str, **_: Any) -> Moments:
        clip_io = self._clip_io
        try:
            return await self.load_from_url_async(video_url, clip_io, fetch_timeout=envs.VLLM_VIDEO_FETCH_TIMEOUT)
        except asyncio.CancelledError:  # the client has left; the thread that watches goes on until it is told
            clip_io.leave()
            raise

    @property
    def _clip_io(self) -> ClipIO:
        return ClipIO(**self.media_io_kwargs.get("video", {}))


class _Told(MediaIO):
    """A user's mistake as the ValueError that vLLM answers with 400."""

    def get_max_bytes(self) -> int:
        return MAX_BYTES

    def read(self, data: bytes) -> Any:
        raise NotImplementedError

    def load_bytes(self, data: bytes) -> Any:
        try:
            return self.read(data)
        except FacewiseError as error:
            raise ValueError(str(error)) from None

    def load_base64(self, media_type: str, data: str) -> Any:
        return self.load_bytes(base64.b64decode(data, validate=True))

    def load_file(self, filepath: Path) -> Any:
        if filepath.stat().st_size > MAX_BYTES:
            raise ValueError(f"{filepath.name}: larger than {MAX_BYTES // 10**6} MB")
        return self.load_bytes(filepath.read_bytes())


class PictureIO(_Told):
    """The bytes of a file -> Picture."""

    def read(self, data: bytes) -> Picture:
        return read_picture(data)


class ClipIO(_Told):
    """The bytes of a file -> Moments, for an encoder of `image_size` and `views`, of at most `max_seconds`."""

    def __init__(
        self,
        max_faces: int = 8,
        image_size: int = SIZE,
        views: Sequence[str] = ("rgb", "spoof"),
        max_seconds: float = MAX_SECONDS,
    ):
        self.wanted = (max_faces, image_size, tuple(views), max_seconds)
        self._left = Event()

    def leave(self) -> None:
        """Nobody waits for the clip any more."""
        self._left.set()

    def read(self, data: bytes) -> Moments:
        return clip_moments(data, *self.wanted, self._left.is_set)


def received_picture(item: Any) -> Picture:
    """A Picture of what the connector, vLLM's own one, or a caller of the offline LLM hands over. Raises FacewiseError."""
    return as_picture(_original(item))


def received_clip(item: Any, max_faces: int, image_size: int, views: Sequence[str]) -> Moments:
    """The Moments of the same, of a path or of a file's bytes. Raises FacewiseError; also for bare frames, whose times nobody knows."""
    item = _original(item)
    if isinstance(item, Moments):
        return item
    if isinstance(item, bytes):
        return clip_moments(item, max_faces, image_size, tuple(views), float("inf"))
    if not isinstance(item, Clip | str | Path):
        raise FacewiseError(f"a clip as {type(item).__name__} has no frame rate; give a video file, its path or its bytes")
    clip = item if isinstance(item, Clip) else open_clip(item)
    return moments_of(clip, max_faces, None, image_size, views)


def _original(item: Any) -> Any:
    """vLLM's own connector decodes with its own readers and keeps the file's bytes beside: those count."""
    if not isinstance(item, MediaWithBytes):
        return item
    return item.media if isinstance(item.media, Picture | Moments) else item.original_bytes
