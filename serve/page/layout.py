"""What the page is made of: a transcript with its questions on the left, the evidence on the right, three more tabs; no behaviour.

All evidence is there from the beginning, and page.css shows what the strip of files tells it to: a part that appeared piece by piece
would push down what somebody reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from .bars import LIMITS
from .report import SUFFIXES as REPORTS

HERE = Path(__file__).parent
SAMPLES = HERE.parent.parent / "examples"  # in a checkout; an installed wheel has none
SAMPLE_FILES = {"A photo": "invented-face.jpg", "A printed photo": "printed-face.jpg", "A clip": "invented-clip.mp4"}
PROMPTS = {
    "Real?": "Is this face real, and why?",
    "Where?": "Where does it show?",
    "Muscles": "Which facial muscles are active?",
    "Appearance": "Which emotion does the expression resemble?",
    "Micro-expression": "Is there a micro-expression?",
    "Describe": "Describe this face.",
}
TASKS = {
    "spoof": "Real or spoof?",
    "au": "Muscle actions",
    "emotion": "Appearance",
    "micro": "Movements in clips",
    "describe": "Description",
}
VIEWS = {"Faces": "boxes", "Landmarks": "landmarks", "Attack map": "heat", "Attack area": "area", "Attention": "regions"}
FIRST_VIEWS = ("boxes", "area")
PLACEHOLDER = "<h2>Drop a photo or a clip of a face</h2><p>Then ask: is it real, which muscles move, what does it resemble?</p>"
# Clicks anywhere in the element on what carries data-item, data-face or data-frame reach Python as one event.
CLICKS = """element.addEventListener('click', event => {
  const hit = event.target.closest('[data-item],[data-face],[data-frame]');
  if (hit) trigger('click', {...hit.dataset});
});"""


@dataclass(eq=False)
class Parts:
    """The components that handlers read and write, by name."""

    talk: Any
    drop: Any
    question: Any
    ask: Any
    stop: Any
    status: Any
    prompts: list[Any]
    samples: list[tuple[Any, str]]
    camera: Any
    stage: Any
    views: Any
    neutral: Any
    numbers: Any
    film: Any
    scrub: Any
    table: Any
    moves: Any
    strip: Any  # behind what it makes visible: the browser fills the parts in this order
    export_json: Any
    export_markdown: Any
    load: Any
    fresh: Any
    saved: Any


def chat_tab(has_emotion: bool) -> Parts:
    """Raises nothing; called inside Blocks."""
    with gr.Row(elem_id="chat-tab", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_id="left"):
            left = _left(has_emotion)
        with gr.Column(scale=5, min_width=320, elem_id="right"):
            right = _right()
    return Parts(**left, **right)


def _left(has_emotion: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    made["talk"] = gr.Chatbot(
        label="Conversation",
        show_label=False,
        container=False,
        elem_id="talk",
        height="min(50vh, 520px)",
        placeholder=PLACEHOLDER,
        feedback_options=None,
        buttons=["copy"],
        layout="bubble",
        allow_tags=False,
        latex_delimiters=[],
        allow_file_downloads=False,
    )
    made["status"] = gr.HTML("", elem_id="status", js_on_load=None)
    with gr.Row(elem_id="prompts", elem_classes="chips"):
        words = [word for word in PROMPTS if has_emotion or word != "Appearance"]
        made["prompts"] = [gr.Button(word, size="sm", elem_classes="chip", min_width=60) for word in words]
    with gr.Row(elem_id="asking", equal_height=True):
        made["question"] = gr.Textbox(
            placeholder="Ask about the chosen face",
            label="Your question",
            show_label=False,
            container=False,
            scale=6,
            max_lines=4,
            elem_id="question",
            autofocus=True,
        )
        made["ask"] = gr.Button("Ask", variant="primary", scale=1, min_width=76, elem_id="ask")
        made["stop"] = gr.Button("Stop", variant="stop", scale=1, min_width=76, elem_id="stop", visible=False)
    made["drop"] = gr.File(
        label="Photos and clips", show_label=False, file_count="multiple", type="filepath", height=104, elem_id="drop"
    )
    present = {word: SAMPLES / name for word, name in SAMPLE_FILES.items() if (SAMPLES / name).is_file()}
    with gr.Row(elem_id="samples", elem_classes="chips", visible=bool(present)):
        gr.HTML('<span class="fw-try">Nothing at hand? Try</span>', js_on_load=None, min_width=60)
        made["samples"] = [
            (gr.Button(word, size="sm", elem_classes="chip", min_width=60), str(path)) for word, path in present.items()
        ]
    with gr.Accordion("Use the camera", open=False, elem_id="camera"):
        made["camera"] = gr.Image(sources=["webcam"], type="numpy", label="Camera", show_label=False, height=260)
    with gr.Accordion("Keep or continue this conversation", open=False, elem_id="keep"):
        with gr.Row(elem_classes="chips"):
            made["export_markdown"] = gr.Button("Save as Markdown", size="sm")
            made["export_json"] = gr.Button("Save as JSON", size="sm")
            made["load"] = gr.UploadButton("Open a saved one", file_types=[".json"], size="sm")
            made["fresh"] = gr.Button("Begin anew", size="sm", variant="stop")
        made["saved"] = gr.Textbox(visible="hidden", elem_id="saved")
    return made


def _right() -> dict[str, Any]:
    made: dict[str, Any] = {}
    gr.HTML(
        f'<div class="fw-empty"><h2>The evidence</h2><p>What is found appears here: the faces, what moves in them, and what a verdict rests on.</p><p class="fine">{LIMITS}</p></div>',
        js_on_load=None,
        elem_id="empty",
    )
    with gr.Column(elem_id="evidence"):
        made["strip"] = gr.HTML("", js_on_load=CLICKS, elem_id="strip")
        with gr.Column(elem_id="photo"):
            made["stage"] = gr.HTML("", js_on_load=CLICKS, elem_id="stage")
            made["views"] = gr.CheckboxGroup(
                list(VIEWS.items()), value=list(FIRST_VIEWS), label="Show on the photo", elem_id="views"
            )
            made["neutral"] = gr.Button("This is the neutral face", size="sm", elem_id="neutral")
            made["numbers"] = gr.HTML("", js_on_load=None, elem_id="numbers")
        with gr.Column(elem_id="clip"):
            made["film"] = gr.HTML("", js_on_load=CLICKS, elem_id="film")
            made["scrub"] = gr.Slider(0, 1, value=0, step=1, label="Frame", elem_id="scrub", buttons=[])
            made["table"] = gr.Button("Save a row per frame (CSV)", size="sm", elem_id="table")
            made["moves"] = gr.HTML("", js_on_load=CLICKS, elem_id="moves")
    return made


@dataclass(eq=False)
class BatchParts:
    files: Any
    folder: Any
    task: Any
    run: Any
    stop: Any
    status: Any
    out: Any
    csv: Any
    lines: Any
    told: Any


def batch_tab(has_emotion: bool) -> BatchParts:
    tasks = [(words, task) for task, words in TASKS.items() if has_emotion or task != "emotion"]
    gr.HTML(
        '<p class="fw-lead">Ask the same of many photos and clips. Nothing is kept; save the table before you leave.</p>',
        js_on_load=None,
    )
    with gr.Row():
        files = gr.File(label="Photos and clips", show_label=False, file_count="multiple", height=150, elem_id="many", scale=3)
        with gr.Column(scale=2, min_width=240):
            task = gr.Dropdown(tasks, value=tasks[0][1], label="What to ask of each", elem_id="batch-task")
            folder = gr.UploadButton("Choose a folder", file_count="directory", size="sm")
            with gr.Row():
                run = gr.Button("Answer all", variant="primary", elem_id="batch-run")
                stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="batch-stop")
    status = gr.HTML("", js_on_load=None, elem_id="batch-status")
    out = gr.HTML("", js_on_load=None, elem_id="batch-out")
    with gr.Row(visible=False, elem_id="batch-save") as told:
        csv = gr.Button("Save as CSV", size="sm", elem_id="batch-csv")
        lines = gr.Button("Save as JSON lines", size="sm")
    return BatchParts(files, folder, task, run, stop, status, out, csv, lines, told)


@dataclass(eq=False)
class RowsParts:
    search: Any
    before: Any
    after: Any
    out: Any


def rows_tab(folder: Path | None) -> RowsParts | None:
    if folder is None:
        gr.HTML(
            '<div class="fw-empty"><h2>No data set is open</h2><p>Start the page with <code>facewise chat --rows DIR</code>, a folder that '
            "<code>facewise build SOURCE --out DIR</code> wrote, or a file of rows, and look at what a model is taught: questions and answers with "
            "their pictures and boxes.</p></div>",
            js_on_load=None,
        )
        return None
    with gr.Row(equal_height=True):
        search = gr.Textbox(placeholder="Search texts, labels, ids", label="Search", show_label=False, container=False, scale=4)
        before = gr.Button("Back", size="sm", min_width=80)
        after = gr.Button("Next", size="sm", min_width=80)
    return RowsParts(search, before, after, gr.HTML("", js_on_load=None, elem_id="rows"))


@dataclass(eq=False)
class ReportParts:
    file: Any
    html: Any
    markdown: Any


def report_tab() -> ReportParts:
    gr.HTML(
        '<p class="fw-lead">Open what <code>facewise eval report</code> wrote: report.html, report.md or report.json. Other tables, JSON or CSV, open too.</p>',
        js_on_load=None,
    )
    file = gr.File(label="Report", show_label=False, file_types=list(REPORTS), height=104, elem_id="report-file")
    return ReportParts(file, gr.HTML("", js_on_load=None, elem_id="report"), gr.Markdown("", elem_id="report-text"))
