"""Built rows on the chat page: lines and Parquet, a page at a time, and what is no row."""

import json
from dataclasses import asdict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facewise.data_builders.build.shards import SCHEMA, Shards
from facewise.data_builders.rows import Row, row_line, turn
from facewise.model.errors import FacewiseError
from facewise.serve.page import row_files, rows
from facewise.serve.page.row_files import some_rows


def row(number: int) -> Row:
    messages = [turn("user", f"Is <b>it</b> number {number}?", ["image"]), turn("assistant", "Live.")]
    boxes = {"ref": ["face"], "bbox": [[1.0, 2.0, 30.0, 40.0]], "bbox_type": "real"}
    return Row(f"row-{number}", messages, ["face.jpg"], objects=boxes, meta={"task": "spoof", "label": "live"})


@pytest.fixture
def folder(tmp_path, examples):
    (tmp_path / "face.jpg").write_bytes((examples / "invented-face.jpg").read_bytes())
    return tmp_path


def shards(folder, count: int, embed: bool = False) -> None:
    """As `facewise build` writes them."""
    (folder / "data").mkdir()
    split = Shards(folder / "data", "train", folder, embed)
    for number in range(count):
        split.add(row(number))
    split.finish()


@pytest.mark.parametrize("embed", [False, True])
def test_parquet_is_shown_as_the_lines_are(folder, embed):
    shards(folder, 10, embed)
    parquet = rows.cards(folder, 8)
    (folder / row_files.ROWS).write_text("".join(row_line(row(number)) for number in range(10)))
    lines = rows.cards(folder, 8)
    assert [row["id"] for row in some_rows(folder / "data" / "train-00000-of-00001.parquet", 8, 8)[0]] == ["row-8", "row-9"]
    html, has_more = parquet
    assert not has_more and html.count("<article") == html.count("data:image/jpeg") == html.count("<rect") == 2
    assert "label: live" in html and "&lt;b&gt;" in html and "row-8" in html and "Live." in html
    assert html.replace(str(folder / "face.jpg"), "face.jpg") == lines[0]


def test_parquet_is_searched_in_its_texts_and_labels(folder):
    shards(folder, 30)
    assert [row["id"] for row in some_rows(folder, 0, 8, "NUMBER 17")[0]] == ["row-17"]
    found, has_more = some_rows(folder, 8, 8, "live")
    assert [row["id"] for row in found] == [f"row-{number}" for number in range(8, 16)] and has_more
    assert some_rows(folder, 0, 8, "nothing of it") == ([], False)


def test_only_the_row_groups_of_the_page_are_read(tmp_path, monkeypatch):
    values = [{**asdict(row(number)), "images": [], "meta": "{}"} for number in range(40)]
    pq.write_table(pa.Table.from_pylist(values, SCHEMA), tmp_path / "rows.parquet", row_group_size=10)
    read, reads = [], pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_group", lambda file, group, *more: read.append(group) or reads(file, group, *more)
    )
    found, has_more = some_rows(tmp_path, 24, 8)
    assert [row["id"] for row in found] == [f"row-{number}" for number in range(24, 32)] and has_more and read == [2, 3]


def test_prompts_and_completions_are_shown_as_the_conversation_they_are(tmp_path):
    said = [{"role": "user", "content": [{"type": "text", "text": "Is it real?"}]}]
    answer = [{"role": "assistant", "content": [{"type": "text", "text": "Spoof."}]}]
    table = pa.Table.from_pylist([{"id": "one", "prompt": said, "completion": answer, "images": []}])
    pq.write_table(table, tmp_path / "trl.parquet")
    html, _ = rows.cards(tmp_path / "trl.parquet", 0)
    assert "Is it real?" in html and "Spoof." in html


def test_what_is_no_row_is_said_in_a_sentence(tmp_path):
    def told(name: str, data: bytes) -> str:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(FacewiseError) as fault:
            rows.cards(tmp_path / name, 0)
        return str(fault.value)

    assert "not a readable Parquet file" in told("torn.parquet", b"PAR1 and no more")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    with pytest.raises(FacewiseError, match="a prompt and a completion"):
        rows.cards(tmp_path / "other.parquet", 0)
    assert "a prompt and a completion" in told("a.jsonl", b'{"id": 1}\n')
    assert "a prompt and a completion" in told("b.jsonl", b"no JSON\n")
    assert "not a readable file" in told("c.jsonl", b"\xff\xfe\n")
    assert "a.jsonl:2" in told("a.jsonl", json.dumps({"id": "a", "messages": []}).encode() + b"\n[]\n")
    with pytest.raises(FacewiseError, match="no rows.jsonl and no Parquet"):
        rows.cards(tmp_path / "nowhere", 0)


def test_a_damaged_row_or_picture_is_said_where_it_stands(tmp_path):
    told = {"id": "a", "messages": [turn("user", "Well?")], "images": ["gone.jpg"], "objects": {"bbox": [["x", 1, 2, 3]]}}
    (tmp_path / row_files.ROWS).write_text(json.dumps(told) + "\n")
    html, _ = rows.cards(tmp_path, 0)
    assert "gone.jpg" in html and "fault" in html and "Well?" in html
