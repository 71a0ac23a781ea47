"""The chat page in a real browser, against the embedded model: Chromium driven by Playwright (`make test-page`).

Screenshots are written to build/page/, where a person can look at them. CHROMIUM names another browser than the one on the PATH.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import ThreadingHTTPServer
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from test_http_engine import Handler
from test_http_engine import Server as Peer

from facewise.model.perception.video import open_clip

ROOT = Path(__file__).parent.parent
SHOTS = ROOT / "build" / "page"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 240_000  # of an answer on a busy machine
FIRST_PAINT_MS = 2000
DRAWN_MS = 500
SERIOUS = ("serious", "critical")
MOST_SHIFT = 0.1  # cumulative layout shift: what the web calls good
SHIFTS = """() => { window.shifted = 0; new PerformanceObserver(list => { for (const entry of list.getEntries()) window.shifted += entry.value; })
    .observe({type: 'layout-shift'}); }"""

pytestmark = [
    pytest.mark.page,
    pytest.mark.timeout(900),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH: apt-get install chromium"),
]


class Page:
    """`facewise chat` as a process; `url` once it listens."""

    def __init__(self, folder: Path, *flags: str):
        self.log = folder / "chat.log"
        command = [sys.executable, "-m", "facewise.cli", "chat", "--port", "0", *flags]
        with self.log.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
        until = time.monotonic() + 300
        while not (found := re.search(r"http://\S+", self.log.read_text())):
            assert self.process.poll() is None and time.monotonic() < until, self.log.read_text()
            time.sleep(0.2)
        self.url = found[0]

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    page = Page(tmp_path_factory.mktemp("page"))
    yield page
    page.stop()


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    SHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])  # root in a container has none
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, served):
    """Opens the page; every request that it makes is kept, and none may leave this machine."""
    opened = []

    def go(width: int = 1280, height: int = 900, scheme: str = "light", url: str = "", **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE_MS)
        tab.asked_for, tab.faults = [], []
        tab.on("request", lambda request: tab.asked_for.append(request.url))
        tab.on("pageerror", lambda error: tab.faults.append(str(error)))
        tab.goto(url or served.url)
        tab.wait_for_selector("#question textarea")
        opened.append((context, tab))
        return tab

    yield go
    for context, tab in opened:
        elsewhere = [url for url in tab.asked_for if not re.match(r"http://127\.0\.0\.1|data:|blob:", url)]
        assert not elsewhere and not tab.faults
        context.close()


def shot(tab, name: str) -> None:
    tab.screenshot(path=SHOTS / f"{name}.png")


def drop(tab, *paths) -> None:
    """As a visitor does: the files are given to the box, which hands them to the page."""
    tab.set_input_files("#drop input[type=file]", [str(path) for path in paths])


def ask(tab, question: str) -> str:
    """The answer, once it is whole."""
    before = tab.locator("#talk [data-testid=bot]").count()
    tab.fill("#question textarea", question)
    tab.keyboard.press("Enter")
    return answer(tab, before)


def answer(tab, before: int) -> str:
    tab.wait_for_function("before => document.querySelectorAll('#talk [data-testid=bot]').length > before", arg=before)
    tab.wait_for_selector("#ask", state="visible")
    return said(tab)


def said(tab) -> str:
    return tab.locator("#talk [data-testid=bot]").last.inner_text()


@pytest.fixture(scope="module")
def pair(examples, tmp_path_factory) -> Path:
    """Two people on one picture, the second one smaller."""
    first = Image.open(examples / "invented-face.jpg").convert("RGB")
    second = Image.open(examples / "printed-face.jpg").convert("RGB")
    both = Image.new("RGB", (first.width + second.width, first.height), "white")
    both.paste(first, (0, 0))
    both.paste(second, (first.width, first.height - second.height))
    path = tmp_path_factory.mktemp("pair") / "pair.png"
    both.save(path)
    return path


@pytest.fixture(scope="module")
def clip(examples, tmp_path_factory) -> Path:
    """The part of the drawn clip in which a lip corner is pulled up for a quarter of a second: calm, movement, calm."""
    frames = [frame.pixels for frame in islice(open_clip(examples / "invented-clip.mp4").frames(), 94, 178)]
    path = tmp_path_factory.mktemp("clip") / "corner.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "12"})
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_photo_is_dropped_asked_about_and_looked_into(visit, examples):
    tab = visit()
    shot(tab, "1-empty")
    started = time.monotonic()
    drop(tab, examples / "printed-face.jpg")
    tab.wait_for_selector("#stage .fw-face.chosen")
    print(f"from drop to drawn faces {time.monotonic() - started:.2f} s, perception included")
    assert "one face" in said(tab)

    tab.evaluate("""() => { window.lengths = []; new MutationObserver(() => {
        const told = [...document.querySelectorAll('#talk [data-testid=bot]')].at(-1)?.innerText || '';
        if (window.lengths.at(-1) !== told.length) window.lengths.push(told.length);
    }).observe(document.querySelector('#talk'), {subtree: true, childList: true, characterData: true}); }""")
    text = ask(tab, "Is this face real, and why?")
    assert text.startswith("Spoof.") and len(tab.evaluate("window.lengths")) > 4, "the answer did not come in pieces"
    assert "presentation attack" in tab.inner_text(".fw-gauge .told")
    assert tab.locator(".layer-area rect").count() >= 1
    shot(tab, "2-verdict")

    heat = tab.locator("#stage .layer-heat")
    assert heat.evaluate("part => getComputedStyle(part).display") == "none"
    tab.get_by_label("Attack map").check()
    tab.wait_for_function("getComputedStyle(document.querySelector('#stage .layer-heat')).display !== 'none'")
    tab.get_by_label("Landmarks").check()
    tab.get_by_label("Attention").check()
    tab.wait_for_selector("#stage .layer-regions image")
    shot(tab, "3-overlays")
    assert tab.locator("#stage .layer-landmarks circle").count() == 68


def test_the_second_of_two_faces_is_chosen_and_asked_about(visit, pair):
    tab = visit()
    drop(tab, pair)
    tab.wait_for_selector("#stage .fw-face >> nth=1")
    assert "2 faces" in said(tab)
    tab.locator("#stage .fw-face[data-face='1'] .hit").click()
    tab.wait_for_selector("#stage .fw-pills button[data-face='1'][aria-pressed=true]")
    before = tab.locator("#talk [data-testid=bot]").count()
    tab.get_by_role("button", name="Muscles").click()
    answer(tab, before)
    assert "about face 2" in tab.locator("#talk [data-testid=user]").last.inner_text()
    assert tab.inner_text("#numbers h2") == "Face 2"
    shot(tab, "4-two-faces")
    tab.locator("#stage .fw-pills button[data-face='0']").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#stage .fw-pills button[data-face='0'][aria-pressed=true]")
    tab.wait_for_function("document.activeElement?.dataset.face === '0'")  # drawn anew, it keeps the keyboard


def test_an_answer_is_stopped_and_the_next_one_comes(visit, examples):
    tab = visit()
    drop(tab, examples / "invented-face.jpg")
    tab.wait_for_selector("#numbers .fw-aus .loud")
    tab.get_by_role("button", name="Describe").click()
    tab.wait_for_selector("#stop", state="visible")
    tab.get_by_role("button", name="Muscles").click()  # is not queued: it would come after Stop
    tab.click("#stop")
    tab.wait_for_selector("#talk >> text=(stopped)")
    tab.wait_for_selector("#ask", state="visible")
    assert tab.locator("#talk [data-testid=bot]").count() == 2
    assert "lip corners pulled up" in ask(tab, "Which facial muscles are active?")


def test_the_neutral_face_changes_the_baseline(visit, examples):
    tab = visit()
    drop(tab, examples / "invented-face.jpg")
    tab.wait_for_selector("#numbers .fw-aus .loud")
    tab.get_by_role("button", name="This is the neutral face").click()
    tab.wait_for_selector("text=compared with invented-face.jpg, face 1")
    assert "No action unit is active" in tab.inner_text(".fw-aus")


def test_a_clip_shows_its_movements_and_jumps_to_the_apex(visit, clip):
    tab = visit()
    drop(tab, clip)
    tab.wait_for_selector("#status >> text=Watching")
    tab.wait_for_selector("#moves .fw-cards li.micro")
    assert "possible micro-expression" in said(tab) and "a candidate, not a fact" in said(tab)
    apex = tab.locator("#moves li.micro [data-moment=apex]").first
    frame = apex.get_attribute("data-frame")
    apex.click()
    tab.wait_for_selector(f"#film figcaption:has-text('frame {frame} of')")
    assert tab.input_value("#scrub input[type=number]") == frame
    shot(tab, "5-clip")
    text = ask(tab, "What moved, and when?")
    assert "possible micro-expression" in text and f"(frame {frame})" in text and text.endswith("is claimed.")
    with tab.expect_download() as saving:
        tab.get_by_role("button", name="Save a row per frame").click()
    rows = Path(saving.value.path()).read_text().splitlines()
    assert len(rows) > 80 and rows[0].startswith("frame,face_id,timestamp")


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["desktop", "phone"])
def test_nothing_jumps_from_photo_to_clip_to_photo(visit, examples, clip, size):
    """All shifts are counted, those right after a click, too."""
    tab = visit(*size)
    tab.wait_for_selector("#keep")
    tab.evaluate(SHIFTS)
    drop(tab, examples / "invented-face.jpg")
    tab.wait_for_selector("#numbers .fw-aus .loud")
    ask(tab, "Is this face real, and why?")
    drop(tab, clip)
    tab.wait_for_selector("#moves .fw-cards")
    tab.wait_for_selector("#status .busy", state="detached")
    assert not tab.locator("#photo").is_visible()
    drop(tab, examples / "printed-face.jpg")
    tab.wait_for_selector("#stage svg[aria-label^=printed]")
    tab.wait_for_selector("#status .busy", state="detached")
    tab.wait_for_timeout(500)  # a shift is told with the next frame
    print(f"layout shift on {size[0]} px: {tab.evaluate('window.shifted'):.3f}, at most {MOST_SHIFT}")
    assert tab.evaluate("window.shifted") <= MOST_SHIFT and not tab.locator("#clip").is_visible()


def test_five_faces_and_a_very_tall_picture_stay_within_the_page(visit, examples, tmp_path):
    face = Image.open(examples / "invented-face.jpg").convert("RGB")
    row, tower = Image.new("RGB", (5 * face.width, face.height)), Image.new("RGB", (face.width, 8 * face.height), "grey")
    for number in range(5):
        row.paste(face, (number * face.width, 0))
    tower.paste(face, (0, 0))
    row.save(tmp_path / "five.png")
    tower.save(tmp_path / f"{'a-very-long-name-' * 9}.png")
    tab = visit(390, 844)
    drop(tab, tmp_path / "five.png")
    tab.wait_for_selector("#stage .fw-face >> nth=4")
    shot(tab, "12-five-faces")
    drop(tab, tmp_path / f"{'a-very-long-name-' * 9}.png")
    tab.wait_for_selector("#stage svg[aria-label^=a-very]")
    tab.locator("#stage").scroll_into_view_if_needed()
    shot(tab, "13-tall")
    assert tab.locator("#stage svg").bounding_box()["height"] <= 400
    wide = tab.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1] + 1


def test_what_shows_no_face_or_is_no_picture_gets_a_sentence(visit, tmp_path):
    tab = visit()
    Image.new("RGB", (320, 240), (90, 120, 150)).save(tmp_path / "wall.png")
    (tmp_path / "letter.jpg").write_text("Dear all")
    drop(tab, tmp_path / "wall.png")
    tab.wait_for_selector("#talk >> text=I found no face in this picture")
    assert "no face" in ask(tab, "Is it real?")
    drop(tab, tmp_path / "letter.jpg")
    tab.wait_for_selector("#talk >> text=not a picture")
    assert "Traceback" not in tab.content()
    shot(tab, "6-no-face")


def test_a_conversation_is_saved_and_opened_again(visit, examples):
    tab = visit()
    drop(tab, examples / "invented-face.jpg")
    tab.wait_for_selector("#numbers .fw-aus .loud")
    text = ask(tab, "Which facial muscles are active?")
    tab.get_by_text("Keep or continue this conversation").click()
    with tab.expect_download() as saving:
        tab.get_by_role("button", name="Save as Markdown").click()
    assert text.split(".")[0] in Path(saving.value.path()).read_text()
    with tab.expect_download() as saving:
        tab.get_by_role("button", name="Save as JSON").click()
    told = Path(saving.value.path()).read_text()
    assert json.loads(told)["turns"][-1]["text"] == text
    tab.get_by_role("button", name="Begin anew").click()
    tab.wait_for_selector(".fw-empty >> text=The evidence")
    assert not tab.locator("#talk [data-testid=bot]").count()
    tab.set_input_files("#keep input[type=file]", {"name": "saved.json", "mimeType": "application/json", "buffer": told.encode()})
    tab.wait_for_selector("#numbers .fw-aus .loud")
    assert said(tab) == text


def test_many_files_are_answered_in_a_table(visit, examples):
    tab = visit()
    tab.get_by_role("tab", name="Many files").click()
    give_many(tab, [examples / "printed-face.jpg", examples / "invented-face.jpg"])
    tab.click("#batch-run")
    tab.wait_for_selector("#batch-out caption:has-text('2 files, 2 with faces')")
    shot(tab, "7-many")
    with tab.expect_download() as saving:
        tab.click("#batch-csv")
    assert Path(saving.value.path()).read_text().startswith("input,face")


def give_many(tab, paths: list[Path]) -> None:
    """A box that is drawn does not listen at once, and on a busy machine the files may come too early: they are given again then."""
    from playwright.sync_api import TimeoutError as TooLate

    for _ in range(10):
        tab.set_input_files("#many input[type=file]", [str(path) for path in paths])
        with suppress(TooLate):
            tab.wait_for_selector(f"#many >> text={paths[0].name}", timeout=20_000)
            return
    pytest.fail("the box never showed the files")


def peer_at(port: int) -> Peer:
    """A played server that listens where nobody did before."""
    peer = Peer()
    peer.listener.shutdown()
    peer.listener.server_close()
    peer.listener = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    peer.listener.daemon_threads, peer.listener.played = True, peer
    threading.Thread(target=peer.listener.serve_forever, daemon=True).start()
    return peer


def test_a_server_that_is_down_is_said_and_found_again(visit, examples, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = Page(tmp_path, "--model", f"http://127.0.0.1:{port}/v1")
    try:
        tab = visit(url=page.url)
        drop(tab, examples / "invented-face.jpg")
        tab.wait_for_selector("#stage .fw-face.chosen")  # faces are drawn though nobody can answer
        assert "no connection" in ask(tab, "Which muscles are active?")
        shot(tab, "8-server-down")
        peer = peer_at(port)
        peer.text = lambda body: "The lip corners are pulled up."
        try:
            assert "lip corners" in ask(tab, "Which muscles are active?").lower()
        finally:
            peer.close()
    finally:
        page.stop()


def test_on_a_phone_nothing_is_cut_off(visit, examples):
    tab = visit(390, 844, has_touch=True, is_mobile=True)
    drop(tab, examples / "invented-face.jpg")
    tab.wait_for_selector("#numbers .fw-aus .loud")
    shot(tab, "9-phone")
    wide = tab.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1] + 1
    tab.locator("#evidence").scroll_into_view_if_needed()
    tab.locator("#numbers").scroll_into_view_if_needed()
    shot(tab, "10-phone-evidence")


def test_dark_follows_the_system_and_the_button(visit, examples):
    tab = visit(scheme="dark")
    assert tab.evaluate("document.body.classList.contains('dark')")
    drop(tab, examples / "invented-face.jpg")
    tab.wait_for_selector("#numbers .fw-aus .loud")
    shot(tab, "11-dark")
    tab.click("#theme")
    assert not tab.evaluate("document.body.classList.contains('dark')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(visit, examples, clip, scheme):
    from axe_playwright_python.sync_playwright import Axe

    tab = visit(scheme=scheme)
    assert not serious(Axe(), tab)
    drop(tab, examples / "printed-face.jpg")
    tab.wait_for_selector("#numbers .fw-aus")
    ask(tab, "Is this face real, and why?")
    assert not serious(Axe(), tab)
    drop(tab, clip)
    tab.wait_for_selector("#moves .fw-cards")
    tab.wait_for_selector("#status .busy", state="detached")
    assert not serious(Axe(), tab)
    for name in ("Many files", "Data", "Evaluation"):
        tab.get_by_role("tab", name=name).click()
        assert not serious(Axe(), tab)


def serious(axe, tab) -> list[str]:
    found = axe.run(tab).response["violations"]
    return [f"{v['impact']} {v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in SERIOUS]


def test_the_first_paint_comes_and_its_time_is_told(visit):
    """The second visit, as the first one may wait for Python's own imports; the best of three, as the machine may be busy."""
    paints = [visit().evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") for _ in range(3)]
    print(f"first contentful paint {min(paints):.0f} ms, wanted under {FIRST_PAINT_MS}")
    assert all(paints)


def test_faces_are_drawn_and_the_time_beyond_perception_is_told(visit, examples):
    """A picture that was seen before is not perceived again: what is left is the page's own time. The best of some, as the machine may be busy."""
    spent = []
    for _ in range(4):
        tab = visit()
        started = time.monotonic()
        drop(tab, examples / "invented-face.jpg")
        tab.wait_for_selector("#stage .fw-face.chosen")
        spent.append(1000 * (time.monotonic() - started))
    print(f"from drop to drawn faces {min(spent[1:]):.0f} ms beyond perception, wanted under {DRAWN_MS}")
    assert tab.locator("#stage .fw-face").count() == 1


def test_only_who_signs_in_sees_the_page(chromium, tmp_path):
    page = Page(tmp_path, "--auth", "me:secret", "--engine", "fake")
    try:
        tab = chromium.new_page()
        tab.goto(page.url)
        tab.wait_for_selector("text=a name and a password")
        assert not tab.locator("#question").count()
        tab.close()
    finally:
        page.stop()


def test_nothing_is_left_when_the_page_ends(chromium, examples, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    page = Page(tmp_path, "--engine", "fake")
    tab = chromium.new_page()
    tab.set_default_timeout(PATIENCE_MS)
    tab.goto(page.url)
    drop(tab, examples / "invented-face.jpg")
    tab.wait_for_selector("#numbers .fw-aus .loud")
    kept = [path for path in temporary.rglob("*") if path.suffix in (".jpg", ".png", ".mp4")]
    assert not kept, "a picture lies on the disk while it is looked at"
    tab.close()
    page.stop()
    assert not list(temporary.glob("facewise-*"))
