"""The page put together: the layout, and which handler answers which event."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from ...model.errors import FacewiseError
from . import batch, downloads, report, rows
from .conversation import Conversation
from .layout import BatchParts, Parts, ReportParts, RowsParts, batch_tab, chat_tab, report_tab, rows_tab
from .models import Models
from .notices import sentence
from .talking import Talking
from .uploads import Blocks

FORGOTTEN_AFTER_S = 4 * 3600
SAVE = "text => { if (text) facewiseSave(text); }"
SHOW_VIEWS = "views => { document.getElementById('evidence').dataset.views = views.join(' '); }"


@dataclass(frozen=True)
class Page:
    """What the page is started with."""

    models: Models
    save: Path | None = None
    rows: Path | None = None


def blocks(page: Page) -> gr.Blocks:
    """The whole page, ready to be served."""
    with Blocks(title="Facewise", analytics_enabled=False, delete_cache=(600, FORGOTTEN_AFTER_S), fill_width=True) as made:
        gr.HTML(_header(page.models), js_on_load=None, elem_id="header")
        conversation = gr.State(Conversation(), time_to_live=FORGOTTEN_AFTER_S)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Chat", id="chat"):
                parts = chat_tab(page.models.emotion)
                _chat(Talking(parts, page.models, page.save), parts, conversation)
            with gr.Tab("Many files", id="batch"):
                _batch(batch_tab(page.models.emotion), page.models, parts.saved)
            with gr.Tab("Data", id="rows"):
                if (browsing := rows_tab(page.rows)) and page.rows:
                    _rows(browsing, page.rows, made)
            with gr.Tab("Evaluation", id="report"):
                _report(report_tab())
        made.queue(default_concurrency_limit=8)
    return made


def prepare(models: Models) -> None:
    """Loads the model while the page is already there; what fails is told by the first question."""

    def load() -> None:
        try:
            models.assistant()
        except FacewiseError:
            return

    threading.Thread(target=load, name="facewise-prepare", daemon=True).start()


def _header(models: Models) -> str:
    who = "the embedded model" if models.model == "default" else models.model
    fake = " · the fake engine writes the words" if models.engine == "fake" else ""
    return (
        '<header class="fw-top"><h1>Facewise</h1><p>What a face in a photo or a clip shows, and what the answer rests on.</p>'
        f'<span class="model" title="{escape(who, quote=True)}">{escape(who)}{fake}</span><button type="button" id="theme" aria-label="Change between light and dark">◐</button></header>'
    )


def _chat(talking: Talking, parts: Parts, conversation: Any) -> None:
    outputs = [value for value in vars(parts).values() if not isinstance(value, list)]
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    looking: dict[str, Any] = quiet | {"concurrency_limit": 1, "concurrency_id": "looking"}
    answering: dict[str, Any] = quiet | {"concurrency_limit": 1, "concurrency_id": "model"}

    # No event here cancels another: see stopping.py
    parts.drop.upload(talking.files, [parts.drop, conversation], outputs, **looking)
    for button, path in parts.samples:
        button.click(_sample(talking, path), [conversation], outputs, **looking)
    parts.camera.input(talking.camera, [parts.camera, conversation], outputs, **looking)
    # "multiple": a stopped answer may be at its last token when the next question comes, which "once" would drop; page.js holds questions
    # back while one is answered
    asking = [parts.question.submit, parts.ask.click, *(button.click for button in parts.prompts)]
    gr.on(asking, talking.asked, [parts.question, conversation], outputs, trigger_mode="multiple", **answering)
    parts.stop.click(talking.stop, [conversation], outputs, **quiet)

    for shown in (parts.strip, parts.stage, parts.film, parts.moves):
        shown.click(talking.click, [conversation], outputs, **quiet)
    parts.scrub.input(talking.scrub, [parts.scrub, conversation], [parts.film], trigger_mode="always_last", **quiet)
    parts.views.change(None, [parts.views], None, js=SHOW_VIEWS, **quiet)
    parts.views.change(talking.views, [parts.views, conversation], [parts.stage, parts.status], **looking)
    parts.neutral.click(talking.neutral, [conversation], outputs, **quiet)

    _download(parts.table, partial(downloads.frame_table, models=talking.models), [conversation], parts.saved, quiet)
    _download(parts.export_json, downloads.conversation_json, [conversation], parts.saved, quiet)
    _download(parts.export_markdown, downloads.conversation_markdown, [conversation], parts.saved, quiet)
    parts.load.upload(_opening(talking, conversation), [parts.load, conversation], [conversation, *outputs], **looking)
    parts.fresh.click(_afresh(talking, conversation), [conversation], [conversation, *outputs], **quiet)


def _sample(talking: Talking, path: str) -> Any:
    def look(conversation: Conversation) -> Iterator[dict[Any, Any]]:
        yield from talking.files([path], conversation, keep_files=True)

    return look


def _opening(talking: Talking, state: Any) -> Any:
    def opened(path: str | None, conversation: Conversation) -> dict[Any, Any]:
        conversation, updates = talking.open(path, conversation)
        return {state: conversation, **updates}

    return opened


def _afresh(talking: Talking, state: Any) -> Any:
    def fresh(conversation: Conversation) -> dict[Any, Any]:
        new = Conversation()
        return {state: new, **talking.instead(conversation, new)}

    return fresh


def _download(button: Any, made: Any, inputs: list[Any], holder: Any, options: dict[str, Any]) -> None:
    """The file goes to the browser as text and is saved there: none lies on this machine."""
    told = button.click(made, inputs, [holder], **options)
    told.then(None, [holder], None, js=SAVE, **options).then(lambda: "", None, [holder], **options)


def _batch(parts: BatchParts, models: Models, holder: Any) -> None:
    runs = gr.State(batch.Run())  # a callable here would be an open API route
    options: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def answer(files: Sequence[str] | None, task: str) -> Iterator[dict[Any, Any]]:
        paths, run = list(files or ()), batch.Run()
        empty = {runs: run, parts.out: "", parts.told: gr.update(visible=False), parts.files: None}
        if not paths:
            yield {**empty, parts.status: _line("Choose some photos or clips first.")}
            return
        yield {**empty, parts.status: _line(f"Preparing {_files(len(paths))} …"), parts.stop: gr.update(interactive=True)}
        ending = "Done."
        try:
            for reply in batch.replies(paths, task, models, lambda: run.is_stopped):
                run.told.append(reply)
                done = _line(f"{len(run.told)} of {_files(len(paths))}")
                yield {parts.status: done, parts.out: batch.table(run.told), parts.told: gr.update(visible=True)}
        except FacewiseError as error:
            models.forget()
            ending = sentence(error)
        if run.is_stopped:
            ending = f"Stopped; {len(run.told)} of {_files(len(paths))} answered."
        yield {parts.status: _line(ending), parts.stop: gr.update(interactive=False)}

    def stop(run: batch.Run) -> dict[Any, Any]:
        run.is_stopped = True
        return {parts.status: _line("Stopping …"), parts.stop: gr.update(interactive=False)}

    busy = {**options, "concurrency_limit": 1, "concurrency_id": "model"}
    outputs = [runs, parts.status, parts.out, parts.told, parts.files, parts.stop]
    parts.run.click(answer, [parts.files, parts.task], outputs, **busy)
    parts.folder.upload(answer, [parts.folder, parts.task], outputs, **busy)
    parts.stop.click(stop, [runs], [parts.status, parts.stop], **options)
    for button, name, kind, written in (
        (parts.csv, "facewise.csv", "text/csv", batch.as_csv),
        (parts.lines, "facewise.jsonl", "application/jsonl", batch.as_lines),
    ):
        _download(button, _written(name, kind, written), [runs], holder, options)


def _files(count: int) -> str:
    return f"{count} file{'s' if count != 1 else ''}"


def _written(name: str, kind: str, written: Any) -> Any:
    return lambda run: downloads.named(name, kind, written(run.told))


def _rows(parts: RowsParts, folder: Path, made: gr.Blocks) -> None:
    at = gr.State(0)
    options: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def turned(step: int) -> Any:
        def turn(start: int, search: str) -> tuple[int, str, Any, Any]:
            start = 0 if step == 0 else max(0, start + step)
            try:
                html, has_more = rows.cards(folder, start, search or "")
            except FacewiseError as error:
                html, has_more = _line(sentence(error)), False
            return start, html, gr.update(interactive=start > 0), gr.update(interactive=has_more)

        return turn

    outputs = [at, parts.out, parts.before, parts.after]
    made.load(turned(0), [at, parts.search], outputs, **options)
    parts.search.submit(turned(0), [at, parts.search], outputs, **options)
    parts.before.click(turned(-rows.SHOWN), [at, parts.search], outputs, **options)
    parts.after.click(turned(rows.SHOWN), [at, parts.search], outputs, **options)


def _report(parts: ReportParts) -> None:
    def opened(path: str | None) -> tuple[str, str, None]:
        try:
            return (*report.opened(Path(path)), None) if path else ("", "", None)
        except FacewiseError as error:
            return _line(sentence(error)), "", None

    parts.file.upload(
        opened, [parts.file], [parts.html, parts.markdown, parts.file], show_progress="hidden", api_visibility="private"
    )


def _line(words: str) -> str:
    return f'<p role="status" class="fw-line">{escape(words)}</p>'
