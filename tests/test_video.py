"""Clips that number their own frames in blocks of grey: numbers, times, turns and colours survive the coding, and damage is said."""

import gc
import io
import struct
import weakref
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from facewise.model.errors import FacewiseError
from facewise.model.perception.video import between, is_clip, open_clip

WIDTH, HEIGHT, BITS = 128, 64, 8
MILLISECOND = Fraction(1, 1000)
CODINGS = {
    "h264.mp4": ("libx264", {}),
    "fragmented.mp4": ("libx264", {"movflags": "frag_keyframe+empty_moov"}),
    "h264.mov": ("libx264", {}),
    "mpeg4.m4v": ("mpeg4", {}),
    "vp8.webm": ("libvpx", {}),
    "vp9.webm": ("libvpx-vp9", {}),
    "h264.mkv": ("libx264", {}),
    "mpeg4.avi": ("mpeg4", {}),
    "mjpeg.avi": ("mjpeg", {}),
    "flash.flv": ("flv", {}),
    "animation.gif": ("gif", {}),
}
PIXEL_FORMATS = {"gif": "rgb8", "mjpeg": "yuvj420p"}


def numbered(number: int) -> np.ndarray:
    """A picture with `number` in eight blocks, dark for 0 and bright for 1; the bottom is grey."""
    pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for bit in range(BITS):
        pixels[:32, bit * 16 : bit * 16 + 16] = 220 if number >> bit & 1 else 25
    return pixels


def number_in(pixels: np.ndarray) -> int:
    return sum(int(pixels[8:24, bit * 16 + 4 : bit * 16 + 12].mean() > 120) << bit for bit in range(BITS))


def write(path: Path, pictures, codec="libx264", rate=30, stamps=None, container=None, turn=None, **options) -> Path:
    """Encodes `pictures` at `rate`, or at `stamps` in milliseconds; `turn` is (degrees, hflip, vflip) of the display matrix."""
    with av.open(str(path), "w", format="mp4" if path.suffix == ".m4v" else None, options=container or {}) as file:
        stream = file.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, PIXEL_FORMATS.get(codec, "yuv420p")
        stream.options = options
        if stamps:
            stream.codec_context.time_base = MILLISECOND
        if turn:
            stream.set_display_rotation(turn[0], hflip=turn[1], vflip=turn[2])
        for index, pixels in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            if stamps:
                frame.pts, frame.time_base = stamps[index], MILLISECOND
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def write_jpegs(path: Path, jpegs: list[bytes], size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """A Motion JPEG whose pictures are these very bytes."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = *size, "yuvj420p"
        stream.codec_context.open()
        for index, jpeg in enumerate(jpegs):
            packet = av.Packet(jpeg)
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, index, index, stream.codec_context.time_base
            file.mux(packet)
    return path


def jpeg(pixels: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def packet_places(path: Path) -> list[tuple[int, int]]:
    """Position and size of every coded picture in the file, in its order."""
    with av.open(str(path)) as file:
        return [(packet.pos, packet.size) for packet in file.demux(video=0) if packet.size]


def folder_of(path: Path, names: list[str], pixels=numbered) -> Path:
    path.mkdir()
    for number, name in enumerate(names):
        Image.fromarray(pixels(number)).save(path / name)
    return path


def count(n: int) -> list[np.ndarray]:
    return [numbered(number) for number in range(n)]


@pytest.mark.parametrize("name", CODINGS)
def test_every_container_gives_every_frame_under_its_number_and_time(tmp_path, name):
    codec, container = CODINGS[name]
    clip = open_clip(write(tmp_path / name, count(60), codec, 10 if codec == "gif" else 30, container=container))
    frames = list(clip.frames())
    assert clip.size == (WIDTH, HEIGHT) and clip.fps == (10 if codec == "gif" else 30) and clip.frames_told == 60
    assert [frame.index for frame in frames] == [number_in(frame.pixels) for frame in frames] == list(range(60))
    assert np.allclose([frame.time_s for frame in frames], np.arange(60) / clip.fps, atol=0.0006)
    assert frames[0].time_s == 0 and frames[0].pixels.dtype == np.uint8 and frames[0].pixels.flags.c_contiguous
    assert clip.notes == []


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.webm", "libvpx")])
def test_a_variable_rate_keeps_its_time_stamps_and_its_mean(tmp_path, name, codec):
    stamps = [500 + 33 * i for i in range(30)] + [500 + 33 * 30 + 100 * i for i in range(30)]
    clip = open_clip(write(tmp_path / name, count(60), codec, stamps=stamps))
    frames = list(clip.frames())
    assert [number_in(frame.pixels) for frame in frames] == list(range(60))
    assert np.allclose([frame.time_s for frame in frames], (np.array(stamps) - 500) / 1000, atol=1e-6)
    assert clip.fps == pytest.approx(59 / 3.89, rel=0.05) and clip.notes == []


def test_stamps_out_of_order_give_way_to_the_mean_rate_and_it_is_said(tmp_path):
    """FFmpeg dates the pictures of H.264 in AVI by their place in the file, not by when they are shown."""
    clip = open_clip(write(tmp_path / "a.avi", count(60)))
    assert [(frame.time_s, number_in(frame.pixels)) for frame in clip.frames()] == [(i / 30, i) for i in range(60)]
    assert clip.notes == ["the time stamps of the file are missing or out of order; its mean rate of 30 fps is used"]


def test_a_stamp_that_jumps_back_later_gives_one_mean_step_and_it_is_said(tmp_path):
    path = write(tmp_path / "a.webm", count(60), "libvpx")
    data = path.read_bytes()
    block = b"\x81" + struct.pack(">h", 1333)  # track 1, milliseconds within the cluster
    assert data.count(block) == 1
    clip = open_clip(data.replace(block, b"\x81" + struct.pack(">h", 1200)))
    times = np.array([frame.time_s for frame in clip.frames()])
    assert (np.diff(times) > 0).all() and times[40] == pytest.approx(40 / 30, abs=0.001)
    assert clip.notes == [
        "some time stamps of the file are missing or jump back; these frames come one mean step after the one before"
    ]


def test_a_rate_that_is_given_overrides_the_container(tmp_path):
    clip = open_clip(write(tmp_path / "a.mp4", count(20)), fps=200)
    assert clip.fps == 200
    assert [frame.time_s for frame in clip.frames()] == [i / 200 for i in range(20)]


@pytest.mark.parametrize("rate", [0, -5, float("nan"), float("inf")])
def test_a_rate_that_is_no_rate_is_refused(tmp_path, rate):
    with pytest.raises(FacewiseError, match="frames per second; give a positive number"):
        open_clip(tmp_path / "a.mp4", fps=rate)


def test_bytes_are_read_like_the_file(tmp_path):
    path = write(tmp_path / "a.mp4", count(12))
    ours, theirs = open_clip(path.read_bytes()), open_clip(path)
    assert ours.name == "clip" and theirs.name == str(path)
    for one, other in zip(ours.frames(), theirs.frames(), strict=True):
        assert one.time_s == other.time_s and (one.pixels == other.pixels).all()


def test_two_readings_agree_even_when_the_first_was_broken_off(tmp_path):
    clip = open_clip(write(tmp_path / "a.webm", count(30), "libvpx"))
    for frame in clip.frames():
        if frame.index == 7:
            break
    first, second = list(clip.frames()), list(clip.frames())
    assert len(first) == 30
    assert all(a.time_s == b.time_s and (a.pixels == b.pixels).all() for a, b in zip(first, second, strict=True))


def test_a_part_of_a_clip_keeps_its_numbers_and_times_and_ends_there(tmp_path):
    clip = open_clip(write(tmp_path / "a.mp4", count(30)))
    frames = list(between(clip, 7, 11).frames())
    assert [frame.index for frame in frames] == [number_in(frame.pixels) for frame in frames] == [7, 8, 9, 10, 11]
    assert frames[0].time_s == pytest.approx(7 / 30) and len(list(between(clip, -5, 2).frames())) == 3
    assert len(list(between(clip, 28, 99).frames())) == 2 and len(list(clip.frames())) == 30


def test_one_frame_is_a_clip(tmp_path):
    for name, codec in (("a.mp4", "libx264"), ("a.webm", "libvpx"), ("a.avi", "mjpeg")):
        clip = open_clip(write(tmp_path / name, [numbered(5)], codec))
        (frame,) = clip.frames()
        assert (frame.index, frame.time_s, number_in(frame.pixels)) == (0, 0, 5) and clip.notes == []


def test_a_picture_of_odd_size_keeps_every_row_and_column(tmp_path):
    clip = open_clip(write_jpegs(tmp_path / "a.avi", [jpeg(np.full((45, 67, 3), 99, np.uint8))] * 3, (67, 45)))
    assert clip.size == (67, 45) and {frame.pixels.shape for frame in clip.frames()} == {(45, 67, 3)}


def quarters() -> np.ndarray:
    """Four greys in the corners, so that every turn and mirror shows."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for k, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        pixels[row * 32 : row * 32 + 32, column * 64 : column * 64 + 64] = 30 + 60 * k
    return pixels


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_a_turned_clip_is_set_upright(tmp_path, name, degrees):
    clip = open_clip(write(tmp_path / name, [quarters()] * 3, turn=(degrees, False, False)))
    expected = np.rot90(quarters(), degrees // 90)
    frame = next(clip.frames())
    assert frame.pixels.shape == expected.shape and clip.size == expected.shape[1::-1]
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 3


@pytest.mark.parametrize(("hflip", "vflip"), [(True, False), (False, True)])
@pytest.mark.parametrize("degrees", [0, 90])
def test_a_mirrored_clip_is_mirrored_back_and_not_turned_on_its_head(tmp_path, degrees, hflip, vflip):
    frame = next(open_clip(write(tmp_path / "a.mp4", [quarters()] * 3, turn=(degrees, hflip, vflip))).frames())
    expected = np.rot90(quarters(), degrees // 90)[:: -1 if vflip else 1, :: -1 if hflip else 1]
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 3


def test_motion_jpeg_with_the_cameras_exif_is_set_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    clip = open_clip(write_jpegs(tmp_path / "a.avi", [jpeg(quarters(), exif=exif.tobytes())] * 3))
    assert clip.size == (HEIGHT, WIDTH)
    assert np.abs(next(clip.frames()).pixels.astype(int) - np.rot90(quarters(), -1)).mean() < 3


SKIN_AND_PRIMARIES = [(220, 180, 150), (200, 30, 40), (30, 180, 60), (40, 50, 210), (128, 128, 128), (250, 250, 250), (5, 5, 5)]


@pytest.mark.parametrize("matrix", [1, 5], ids=["bt709", "bt601"])
@pytest.mark.parametrize("range_", [1, 2], ids=["limited", "full"])
def test_colours_survive_by_the_streams_own_matrix_and_range(tmp_path, matrix, range_):
    pixels = np.repeat(np.repeat(np.array([SKIN_AND_PRIMARIES], np.uint8), 16, axis=1), 64, axis=0)
    with av.open(str(tmp_path / "a.mp4"), "w") as file:
        stream = file.add_stream("libx264", rate=30, options={"crf": "8"})
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt, stream.color_range, stream.colorspace = "yuv420p", range_, matrix
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range=range_)
        file.mux(stream.encode(frame))
        file.mux(stream.encode())
    got = next(open_clip(tmp_path / "a.mp4").frames()).pixels
    for k, colour in enumerate(SKIN_AND_PRIMARIES):
        assert np.abs(got[16:48, k * 16 + 5 : k * 16 + 11].mean((0, 1)) - colour).max() <= 4


def test_what_is_clear_in_a_gif_lies_over_white_like_in_a_picture(tmp_path):
    clear = Image.fromarray(np.zeros((HEIGHT, WIDTH, 4), np.uint8))
    solid = Image.fromarray(np.full((HEIGHT, WIDTH, 4), 255, np.uint8) * np.array([0, 0, 1, 1], np.uint8))
    clear.save(tmp_path / "a.gif", save_all=True, append_images=[solid], duration=100)
    first, second = open_clip(tmp_path / "a.gif").frames()
    assert first.pixels.min() == 255 and tuple(second.pixels[5, 5]) == (0, 0, 255)


def test_frames_of_another_size_are_brought_to_that_of_the_first(tmp_path):
    small = np.ascontiguousarray(numbered(3)[::2, ::2])
    clip = open_clip(write_jpegs(tmp_path / "a.avi", [jpeg(numbered(i)) for i in range(3)] + [jpeg(small)] * 2))
    assert [number_in(frame.pixels) for frame in clip.frames()] == [0, 1, 2, 3, 3]
    assert clip.notes == ["some frames are stored in another size; they are brought to the size of the first"]


def test_pixels_that_are_not_square_are_said(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as file:
        stream = file.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(16, 15)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(0), format="rgb24")))
        file.mux(stream.encode())
    assert open_clip(tmp_path / "a.mp4").notes == ["the pixels of the file are not square (16:15); they are read as stored"]


def test_a_trimmed_clip_starts_where_its_edit_list_says(tmp_path):
    """The ten pictures before the cut are in the file, coded and counted, and shown by no player."""
    stamps = [(i - 10) * 100 for i in range(40)]
    clip = open_clip(write(tmp_path / "a.mp4", count(40), stamps=stamps))
    frames = list(clip.frames())
    assert [number_in(frame.pixels) for frame in frames] == list(range(10, 40))
    assert (frames[0].index, frames[0].time_s, frames[-1].index) == (0, 0, 29) and clip.notes == []


def test_frames_that_an_avi_dropped_leave_a_gap_in_time_and_no_complaint(tmp_path):
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        for index in [*range(20), *range(23, 40)]:
            frame = av.VideoFrame.from_ndarray(numbered(index), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 30)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    clip = open_clip(path)
    assert all(frame.time_s == pytest.approx(number_in(frame.pixels) / 30) for frame in clip.frames())
    assert clip.notes == []


CUT = {
    "a.mp4": ("libx264", {"movflags": "faststart"}, {"g": "10"}),
    "a.webm": ("libvpx", {}, {}),
    "a.mkv": ("libx264", {}, {"g": "10"}),
    "a.avi": ("mpeg4", {}, {}),
    "b.avi": ("mjpeg", {}, {}),
    "a.gif": ("gif", {}, {}),
}


@pytest.mark.parametrize("name", CUT)
def test_a_cut_file_gives_what_can_be_decoded_and_says_up_to_where(tmp_path, capfd, name):
    codec, container, options = CUT[name]
    path = write(tmp_path / name, count(60), codec, container=container, **options)
    place, size = packet_places(path)[40]
    path.write_bytes(path.read_bytes()[: place + size // 2])
    clip = open_clip(path)
    frames = list(clip.frames())
    assert 30 <= len(frames) <= 40
    assert [frame.index for frame in frames] == [number_in(frame.pixels) for frame in frames]
    (note,) = [line for line in clip.notes if line.startswith("damaged: frames up to")]
    assert f"frames up to {frames[-1].index} ({frames[-1].time_s:.2f} s) are used" in note
    assert capfd.readouterr() == ("", "")


def test_a_promise_of_more_than_came_is_said(tmp_path):
    """Cut between two pictures of a Matroska file, so that nothing is damaged but the promise."""
    path = write(tmp_path / "a.mkv", count(60), "mjpeg")
    path.write_bytes(path.read_bytes()[: packet_places(path)[30][0]])
    clip = open_clip(path)
    assert len(list(clip.frames())) == 30
    assert clip.notes == ["damaged: frames up to 29 (0.97 s) are used; the container promises 2.00 s"]


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.webm", "libvpx"), ("a.mkv", "libx264")])
def test_after_damage_in_the_middle_no_smeared_frame_comes_and_numbers_stay_true(tmp_path, name, codec):
    path = write(tmp_path / name, count(60), codec, g="12", bf="0")
    data = bytearray(path.read_bytes())
    place, size = packet_places(path)[30]
    data[place + size - size * 4 // 5 : place + size] = bytes(size * 4 // 5)
    clip = open_clip(bytes(data))
    frames = list(clip.frames())
    assert 45 <= len(frames) < 60 and frames[-1].index == 59
    assert [frame.index for frame in frames] == [number_in(frame.pixels) for frame in frames]
    (note,) = clip.notes
    assert (
        note.startswith("damaged: frames up to 59 (1.97 s) are used;")
        and "could not be decoded, the first of them frames 30 to" in note
    )
    assert len(list(clip.frames())) == len(frames) and clip.notes == [note]


@pytest.fixture
def uncollected():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def frames_in_memory() -> int:
    return sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())


def test_only_the_frame_at_hand_stays_in_memory(tmp_path, uncollected):
    """Without the collector: it counts objects and not bytes, so that 4K pictures in a cycle would wait for it by the hundred."""
    clip = open_clip(write(tmp_path / "a.mp4", (numbered(i % 256) for i in range(300)), turn=(90, True, False)))
    seen, alive, decoded, others = [], 0, 0, frames_in_memory()
    for frame in clip.frames():
        seen.append(weakref.ref(frame.pixels))
        alive = max(alive, sum(pixels() is not None for pixels in seen))
        if frame.index % 50 == 49:
            decoded = max(decoded, frames_in_memory() - others)
    assert len(seen) == 300 and alive <= 2 and 0 < decoded <= 6


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FacewiseError, match="gone.mp4: no such file"):
        open_clip(tmp_path / "gone.mp4")


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(FacewiseError, match="a.mp4: the file is empty"):
        open_clip(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    "text", ["hello, I am no video\n" * 100, "#EXTM3U\n#EXTINF:1,\nb.mp4\n", "ffconcat version 1.0\nfile b.mp4\n"]
)
def test_text_and_playlists_named_mp4_are_no_video(tmp_path, text, capfd):
    write(tmp_path / "b.mp4", count(3))
    (tmp_path / "a.mp4").write_text(text)
    with pytest.raises(FacewiseError, match="a.mp4: no video"):
        open_clip(tmp_path / "a.mp4")
    assert capfd.readouterr() == ("", "")


def test_a_picture_named_mp4_is_no_video(tmp_path):
    (tmp_path / "a.mp4").write_bytes(jpeg(numbered(0)))
    with pytest.raises(FacewiseError, match="a.mp4: no video"):
        open_clip(tmp_path / "a.mp4")


def test_a_file_with_only_sound_is_said_to_be_one(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as file:
        stream = file.add_stream("aac", rate=44100, layout="mono")
        for start in range(0, 8192, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    with pytest.raises(FacewiseError, match="a.mp4: the file has only sound"):
        open_clip(tmp_path / "a.mp4")


def test_a_video_of_which_no_frame_decodes_is_refused(tmp_path):
    path = write(tmp_path / "a.mp4", count(20))
    data = bytearray(path.read_bytes())
    for place, size in packet_places(path):
        data[place : place + size] = bytes(size)
    with pytest.raises(FacewiseError, match="clip: not one frame of the video can be decoded"):
        open_clip(bytes(data))


def test_a_frame_over_the_pixel_limit_is_told_its_size(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as file:
        stream = file.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 8000, 5200, "yuv420p"
        file.mux(stream.encode(av.VideoFrame(8000, 5200, "yuv420p")))
        file.mux(stream.encode())
    with pytest.raises(FacewiseError, match="8000 x 5200 pixels; at most 40 million are read"):
        open_clip(tmp_path / "a.mp4")


def test_a_header_that_claims_too_much_is_refused_before_anything_is_decoded(tmp_path):
    data = bytearray(write(tmp_path / "a.gif", count(3), "gif", 10).read_bytes())
    data[6:10] = struct.pack("<HH", 60000, 60000)
    with pytest.raises(FacewiseError, match="no frame of the video can be decoded within 40 million pixels"):
        open_clip(bytes(data))


def test_a_gif_of_one_picture_is_no_clip(tmp_path):
    Image.fromarray(numbered(1)).save(tmp_path / "a.gif")
    assert not is_clip(tmp_path / "a.gif")
    with pytest.raises(FacewiseError, match="a GIF of one picture is no clip; give it as a picture"):
        open_clip(tmp_path / "a.gif")


def test_a_clip_is_told_from_a_picture_by_its_path(tmp_path):
    write(tmp_path / "a.gif", count(3), "gif", 10)
    (tmp_path / "b.gif").write_text("no gif")
    assert is_clip(tmp_path / "a.gif") and is_clip(tmp_path) and is_clip("gone.MP4") and is_clip("a.webm")
    assert not any(map(is_clip, ("a.jpg", "gone.gif", "gone", tmp_path / "b.gif")))


def test_a_folder_of_frames_goes_by_the_last_integer_of_each_name(tmp_path):
    """Unpadded, so that 10 comes before 9 in the alphabet; subject and session stand before the frame number."""
    folder = folder_of(tmp_path / "clip", [f"s15_0102_img{i}.png" for i in range(8, 20)])
    (folder / ".hidden").touch()
    (folder / "Thumbs.db").touch()
    clip = open_clip(folder, fps=200)
    frames = list(clip.frames())
    assert [frame.index for frame in frames] == [number_in(frame.pixels) for frame in frames] == list(range(12))
    assert [frame.time_s for frame in frames] == [i / 200 for i in range(12)]
    assert (clip.size, clip.fps, clip.frames_told, clip.notes) == ((WIDTH, HEIGHT), 200, 12, [])


def test_a_folder_without_a_rate_is_told_the_flag(tmp_path):
    with pytest.raises(FacewiseError, match="no frame rate; pass it, --fps 200 for CASME II and SAMM"):
        open_clip(folder_of(tmp_path / "clip", ["1.png", "2.png"]))


def test_a_folder_of_turned_photographs_is_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for number in (1, 2):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg(quarters(), exif=exif.tobytes()))
    clip = open_clip(tmp_path, fps=25)
    assert clip.size == (HEIGHT, WIDTH) and [frame.pixels.shape for frame in clip.frames()] == [(WIDTH, HEIGHT, 3)] * 2


def spoiled(folder: Path, how: str) -> None:
    small = Image.fromarray(numbered(0)[:40])
    spoil = {
        "text": lambda: (folder / "notes.txt").write_text("onset 3"),
        "folder": (folder / "more").mkdir,
        "size": lambda: small.save(folder / "7.png"),
        "gap": (folder / "3.png").unlink,
        "twin": lambda: small.resize((WIDTH, HEIGHT)).save(folder / "b3.png"),
        "unnumbered": lambda: (folder / "6.png").rename(folder / "last.png"),
        "empty": lambda: [path.unlink() for path in folder.iterdir()],
    }
    spoil[how]()


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("text", "notes.txt is no picture"),
        ("folder", "more is no picture"),
        ("size", "1.png is 128 x 64 and 7.png is 128 x 40"),
        ("gap", "2.png has no successor with number 3"),
        ("twin", "3.png and b3.png have the same number"),
        ("unnumbered", "last.png has no number"),
        ("empty", "the directory is empty"),
    ],
)
@pytest.mark.parametrize("fps", [None, 200])
def test_any_other_directory_is_an_error_that_names_both_readings(tmp_path, how, reason, fps):
    folder = folder_of(tmp_path / "clip", [f"{i}.png" for i in range(1, 7)])
    spoiled(folder, how)
    with pytest.raises(FacewiseError) as told:
        open_clip(folder, fps)
    line = str(told.value)
    assert reason in line and "\n" not in line
    assert "; a clip needs pictures of one size" in line and line.endswith("; for single pictures give the files inside it")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def test_a_damaged_picture_of_a_folder_is_left_out_and_the_others_keep_their_numbers(tmp_path):
    folder = folder_of(tmp_path / "clip", [f"{i}.png" for i in range(5)])
    cut_short(folder / "0.png")
    cut_short(folder / "2.png")
    clip = open_clip(folder, fps=100)
    assert [(f.index, f.time_s, number_in(f.pixels)) for f in clip.frames()] == [(i, i / 100, i) for i in (1, 3, 4)]
    assert [line.split(":")[0] for line in clip.notes] == ["frame 0 is left out", "frame 2 is left out"]


def test_a_folder_of_damaged_pictures_is_refused(tmp_path):
    folder = folder_of(tmp_path / "clip", ["1.png"])
    cut_short(folder / "1.png")
    with pytest.raises(FacewiseError, match="not one picture can be decoded .*damaged"):
        open_clip(folder, fps=100)
