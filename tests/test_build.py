"""`facewise build`: what comes out, the same bytes wherever it breaks off, faults counted, and what only the whole set shows."""

import dataclasses
import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from built_sets import Here, asked, built, drawn, filed, noise, record, save, told, tree
from test_http_engine import Server
from test_teacher import MARKS, words

from facewise.data_builders.build import shards, spans, teaching, writing
from facewise.data_builders.build.ledger import WORKSHOP, Ledger, Place
from facewise.data_builders.build.pipeline import build_set
from facewise.data_builders.build.record_rows import record_rows
from facewise.data_builders.build.settings import Origin, Settings
from facewise.data_builders.readers.sources import SOURCES
from facewise.data_builders.records import write_records
from facewise.data_builders.rows import row_of
from facewise.data_builders.teacher.journal import TAUGHT
from facewise.data_builders.teacher.rounds import Report
from facewise.data_builders.teacher.settings import TeacherSettings
from facewise.model.errors import FacewiseError


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    """So that a few records make several tasks, and everything that comes is settled at once."""
    monkeypatch.setattr("facewise.data_builders.build.looking.LEAST", 2)
    monkeypatch.setattr("facewise.data_builders.build.writing.A_TASK", 2)
    monkeypatch.setattr("facewise.data_builders.build.ledger.SETTLE_S", 0)


def labelled(root, *emotions):
    """The labels of a folder with a picture for each, and one more."""
    for number in range(len(emotions) + 1):
        save(root / f"{number}.png", noise(number))
    lines = [f"{number}.png,{emotion}\n" for number, emotion in enumerate(emotions)]
    (root / "metadata.csv").write_text("file_name,emotion\n" + "".join(lines))
    return root / "metadata.csv"


def faces(root):
    return Settings((Origin("folder", root, SOURCES["folder"].settled({})),))


# What comes out


def test_a_set_holds_its_records_and_their_rows_in_one_order(tmp_path):
    report = built(tmp_path / "set", drawn(tmp_path / "in"))
    records, rows = told(tmp_path / "set", "records.jsonl"), told(tmp_path / "set", "rows.jsonl")
    assert [each["id"] for each in records] == [f"drawn/{number}" for number in range(12)]
    assert records[0]["media"] == str(tmp_path / "in" / "0.png") and len(records[0]["sha256"]) == 64
    order = [record["id"] for record in records]
    places = [order.index(row["meta"]["record"]) for row in rows]
    assert places == sorted(places) and {row["meta"]["task"] for row in rows} >= {"spoof", "au", "emotion", "describe"}
    assert rows[0]["images"] == [records[0]["media"]]
    assert report["counts"]["rows"] == len(rows) and report["counts"]["splits"]["test"]["records"] == 3
    assert sum(len(found) for _, found in record_rows(tmp_path / "set")) == len(rows)


def test_the_card_has_a_head_that_names_the_files_and_tells_terms_and_limits(tmp_path):
    built(tmp_path / "set", drawn(tmp_path / "in", 4))
    card = (tmp_path / "set" / "README.md").read_text()
    head = card.split("---\n")[1]
    assert "split: train\n    path: data/train-*.parquet" in head and "split: val" not in head
    assert "| Drawn | none | 4 |" in card and "AI Act" in card and "mirrored selfie" in card


def test_parquet_gives_what_the_lines_say_and_pictures_to_look_at(tmp_path):
    datasets = pytest.importorskip("datasets")
    for name, embed in (("set", False), ("embedded", True)):
        built(tmp_path / name, drawn(tmp_path / "in", 4), embed=embed)
        if embed:
            shutil.rmtree(tmp_path / "in")
        loaded = datasets.load_dataset(str(tmp_path / name), cache_dir=str(tmp_path / "cache" / name))
        rows = [row for row in told(tmp_path / name, "rows.jsonl") if row["meta"]["split"] == "train"]
        assert set(loaded) == {"train", "test"} and loaded["train"]["id"] == [row["id"] for row in rows]
        first = loaded["train"][0]
        assert np.array_equal(np.array(first["images"][0]), noise(0)) and json.loads(first["meta"]) == rows[0]["meta"]
        assert first["messages"][0]["content"][0] == {"type": "image", "text": None}
        assert [part["text"] for part in first["messages"][1]["content"]] == [rows[0]["messages"][1]["content"][0]["text"]]


@pytest.mark.slow
def test_trls_collator_takes_the_rows_as_they_are_loaded(tmp_path):
    datasets = pytest.importorskip("datasets")
    from test_exporters import llava_processor
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    built(tmp_path / "set", drawn(tmp_path / "in", 4))
    rows = datasets.load_dataset(str(tmp_path / "set"), split="train", cache_dir=str(tmp_path / "cache"))
    processor = llava_processor()
    batch = DataCollatorForVisionLanguageModeling(processor)(list(rows.select(range(3))))
    said = processor.tokenizer.decode(batch["input_ids"][0])
    assert rows[0]["messages"][1]["content"][0]["text"] in said
    assert (batch["input_ids"] == processor.image_token_id).sum(1).tolist() == [4, 4, 4]


def test_a_split_is_divided_into_shards_that_say_how_many_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "ROWS_A_SHARD", 10)
    monkeypatch.setattr(shards, "ROWS_A_GROUP", {False: 5, True: 5})
    report = built(tmp_path / "set", drawn(tmp_path / "in", 8))
    files = sorted(path.name for path in (tmp_path / "set" / "data").glob("train-*"))
    count = report["files"]["train"]
    assert count > 2 and files == [f"train-{number:05d}-of-{count:05d}.parquet" for number in range(count)]
    rows = [name for file in files for name in pq.read_table(tmp_path / "set" / "data" / file)["id"].to_pylist()]
    assert rows == [row["id"] for row in told(tmp_path / "set", "rows.jsonl") if row["meta"]["split"] == "train"]


# Stopped and gone on


def test_a_build_that_breaks_off_anywhere_goes_on_to_the_same_bytes(tmp_path):
    source, out = drawn(tmp_path / "in"), tmp_path / "set"
    built(out, source, media="copy")
    whole = tree(out)
    for results in range(0, 12, 2):  # six tasks of looking, six of writing
        out.rename(tmp_path / f"done before {results}")
        with pytest.raises(KeyboardInterrupt):
            build_set(out, asked(source, media="copy"), Here(results))
        for path in (out / WORKSHOP).glob("*.jsonl"):  # what was written and not settled when it was killed
            path.write_bytes(path.read_bytes() + b'{"id": "torn')
        built(out, source, media="copy")
        assert tree(out) == whole


def test_what_was_made_is_not_made_again(tmp_path, monkeypatch):
    source, out = drawn(tmp_path / "in"), tmp_path / "set"
    with pytest.raises(KeyboardInterrupt):
        build_set(out, asked(source), Here(8))  # six tasks of looking, two of writing
    before = [path.stat().st_size for path in (out / WORKSHOP).glob("looked.jsonl")]
    monkeypatch.setattr("facewise.data_builders.build.looking.looked", None)
    report = built(out, source)
    assert before[0] > 0 and report["counts"]["records"] == 12
    monkeypatch.setattr(writing, "rows_of", None)
    assert built(out, source) == report


def test_a_run_that_was_stopped_while_files_get_their_places_completes_it(tmp_path):
    source, out = drawn(tmp_path / "in", 4), tmp_path / "set"
    report = built(out, source)
    whole = tree(out)
    for name in ("rows.jsonl", "report.json"):
        (out / name).rename(out / WORKSHOP / name)
    assert built(out, source) == report and tree(out) == whole
    (out / "rows.jsonl").unlink()
    with pytest.raises(FacewiseError, match="rows.jsonl is gone, which was there when"):
        built(out, source)


def test_other_settings_are_refused_in_the_same_folder(tmp_path):
    source = drawn(tmp_path / "in", 4)
    built(tmp_path / "set", source)
    with pytest.raises(FacewiseError, match="wording = plain, not facs"):
        built(tmp_path / "set", source, wording="facs")
    with source.open("a") as file:
        file.write(source.read_text().splitlines()[0] + "\n")
    with pytest.raises(
        FacewiseError, match=r"records\.jsonl has changed since the set in .* was listed.*delete .*\.build and run again"
    ):
        built(tmp_path / "set", source)
    with pytest.raises(FacewiseError, match="holds no set of `facewise build`"):
        built(tmp_path / "in", source)


def test_a_second_build_into_one_folder_is_refused(tmp_path):
    source = drawn(tmp_path / "in", 4)
    with pytest.raises(KeyboardInterrupt):
        build_set(tmp_path / "set", asked(source), Here(0))
    ledger = Ledger(tmp_path / "set")
    with pytest.raises(FacewiseError, match="another `facewise build` is at work"):
        built(tmp_path / "set", source)
    ledger.close()
    assert built(tmp_path / "set", source)["counts"]["records"] == 4


def test_a_seed_changes_the_questions_and_the_limit_the_number(tmp_path):
    source = drawn(tmp_path / "in")
    built(tmp_path / "one", source)
    built(tmp_path / "other", source, seed=1)
    assert (tmp_path / "one" / "rows.jsonl").read_bytes() != (tmp_path / "other" / "rows.jsonl").read_bytes()
    assert built(tmp_path / "few", source, limit=5)["counts"]["records"] == 5


def test_a_server_that_is_refused_leaves_nothing_on_the_disk(tmp_path):
    source = drawn(tmp_path / "in", 4)
    for named in ({"teacher": "http://user:secret@host/v1"}, {"teacher": "http://host/v1?api_key=secret"}):
        with pytest.raises(FacewiseError) as refusal:
            built(tmp_path / "set", source, teacher=TeacherSettings(teacher_model="M", **named))
        assert "secret" not in str(refusal.value) and not (tmp_path / "set").exists()
    judged = TeacherSettings(judge="http://user:secret@host/v1", judge_model="J")
    with pytest.raises(FacewiseError, match="a name or a password"):
        built(tmp_path / "set", source, teacher=judged)
    assert not (tmp_path / "set").exists()


def test_a_first_try_that_was_never_listed_binds_the_folder_to_nothing(tmp_path):
    with pytest.raises(FacewiseError, match="no such folder"):
        build_set(tmp_path / "set", faces(tmp_path / "mistyped"), Here())
    (tmp_path / "records.jsonl").write_text("{}\n")
    with pytest.raises(FacewiseError, match="not one record can be used"):
        built(tmp_path / "set", tmp_path / "records.jsonl", seed=3)
    source = drawn(tmp_path / "in", 4)
    built(tmp_path / "set", source, media="copy")
    (tmp_path / "set").rename(tmp_path / "first")
    built(tmp_path / "set", source, media="copy")
    assert tree(tmp_path / "set") == tree(tmp_path / "first")


def test_a_set_without_its_workshop_is_built_anew_and_stays_the_same_set(tmp_path):
    source, out = drawn(tmp_path / "in", 4), tmp_path / "set"
    built(out, source, media="copy")
    shutil.rmtree(out / WORKSHOP)
    with pytest.raises(FacewiseError, match="seed = 0, not 1"):
        built(out, source, media="copy", seed=1)
    drawn(tmp_path / "in", 5)
    save(tmp_path / "in" / "0.png", noise(77))
    assert built(out, source, media="copy")["counts"]["records"] == 5
    out.rename(tmp_path / "again")
    built(out, source, media="copy")
    assert tree(out) == tree(tmp_path / "again")


def test_a_source_that_was_mended_is_told_of_and_listed_anew(tmp_path):
    root, out = tmp_path / "in", tmp_path / "set"
    labels = labelled(root, "happiness", "neutral")
    before = build_set(out, faces(root), Here())
    assert build_set(out, faces(root), Here()) == before and before["counts"]["records"] == 2
    labels.write_text(labels.read_text() + "2.png,sadness\n")
    with pytest.raises(FacewiseError, match=r"in has changed since the set in .* was listed; .* delete .*\.build and run again"):
        build_set(out, faces(root), Here())
    shutil.rmtree(out / WORKSHOP)
    assert build_set(out, faces(root), Here())["counts"]["records"] == 3
    shutil.rmtree(root)
    assert build_set(out, faces(root), Here())["counts"]["records"] == 3


def test_media_that_have_changed_since_they_were_looked_at_are_told_in_a_line(tmp_path):
    source, out = drawn(tmp_path / "in", 4), tmp_path / "set"
    with pytest.raises(KeyboardInterrupt):
        build_set(out, asked(source), Here(1))
    save(tmp_path / "in" / "0.png", noise(99))
    with pytest.raises(
        FacewiseError, match=r"0\.png has changed since the set in .* was listed; .* delete .*\.build and run again"
    ):
        built(out, source)
    shutil.rmtree(out / WORKSHOP)
    before = built(out, source)
    (tmp_path / "in" / "1.png").unlink()
    assert built(out, source) == before
    for number in (2, 3):
        save(tmp_path / "in" / f"{number}.png", noise(99))
    with pytest.raises(FacewiseError, match=r"2\.png \(and 1 more\) has changed"):
        built(out, source)


def test_a_source_whose_links_go_round_is_read_once(tmp_path):
    labelled(tmp_path / "in", "happiness", "neutral")
    (tmp_path / "in" / "round").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "in" / "itself").symlink_to("itself")
    for _ in range(2):
        assert build_set(tmp_path / "set", faces(tmp_path / "in"), Here())["counts"]["records"] == 2


def test_an_out_that_is_a_file_is_told(tmp_path):
    (tmp_path / "set").write_text("notes")
    with pytest.raises(FacewiseError, match="--out .*set is a file, and a folder is wanted"):
        built(tmp_path / "set", drawn(tmp_path / "in", 2))


def test_a_set_inside_its_source_is_refused(tmp_path):
    labelled(tmp_path / "in", "happiness")
    with pytest.raises(FacewiseError, match="lies inside --root"):
        build_set(tmp_path / "in" / "set", faces(tmp_path / "in"), Here())
    assert not (tmp_path / "in" / "set").exists()


@pytest.mark.parametrize("name", ["rows.jsonl", "records.jsonl", "rejects.jsonl", "data/train-00000-of-00001.parquet"])
def test_a_file_that_was_cut_is_not_called_complete(tmp_path, name):
    source, out = drawn(tmp_path / "in", 4), tmp_path / "set"
    (tmp_path / "in" / "1.png").unlink()
    built(out, source)
    whole = tree(out)
    (out / name).write_bytes((out / name).read_bytes()[:-20])
    with pytest.raises(FacewiseError, match=r"had .* when the set was complete; delete .*\.build and run again"):
        built(out, source)
    shutil.rmtree(out / WORKSHOP)
    built(out, source)
    assert tree(out) == whole


def test_a_damaged_workshop_is_told_with_its_remedy(tmp_path):
    source, out = drawn(tmp_path / "in", 4), tmp_path / "set"
    for name, data in (("ledger.sqlite", b"no ledger" * 500), ("looked.jsonl", b"")):
        with pytest.raises(KeyboardInterrupt):
            build_set(out, asked(source), Here(1))
        (out / WORKSHOP / name).write_bytes(data)
        with pytest.raises(FacewiseError, match=r"\.build: damaged .*; delete this folder and run the same command again"):
            built(out, source)
        shutil.rmtree(out / WORKSHOP)
    assert built(out, source)["counts"]["records"] == 4


# Bad input


def test_media_that_cannot_be_read_are_counted_and_the_rest_is_built(tmp_path):
    source = drawn(tmp_path / "in", 8)
    (tmp_path / "in" / "0.png").write_bytes(b"no picture")
    (tmp_path / "in" / "1.png").unlink()
    (tmp_path / "in" / "2.png").write_bytes((tmp_path / "in" / "2.png").read_bytes()[:60])
    extra = [
        record(9, media="a.h5"),
        record(10, media=""),
        record(11, media="3.png", sha256="0" * 64),
        record(12, media="3.png#9"),
    ]
    (tmp_path / "in" / "a.h5").write_bytes(b"HDF")
    write_records(tmp_path / "in" / "more.jsonl", extra)
    report = built(tmp_path / "set", source, tmp_path / "in" / "more.jsonl")
    assert report["counts"]["records"] == 5 and report["faults"]["counts"] == {"unreadable media": 5, "no media": 2}
    assert report["loss"] == pytest.approx(7 / 12)
    reasons = {line["id"]: line["reason"] for line in told(tmp_path / "set", "rejects.jsonl")}
    assert "HDF5 is not decoded" in reasons["drawn/9"] and "sha256 is not the record's" in reasons["drawn/11"]
    assert reasons["drawn/1"] == "no media: no such file" and "not a picture" in reasons["drawn/0"]


def test_questions_whose_dataset_does_not_lie_beside_say_which_one_is_wanted(tmp_path):
    question = record(1, media="", source={"dataset": "casme2", "question": "What?"})
    report = built(tmp_path / "set", filed(tmp_path / "in", record(0), question), look=False)
    (told_of,) = report["faults"]["examples"]["no media"]
    assert told_of == "drawn/1: the folder of casme2 does not lie beside its questions"


def test_without_looking_media_are_left_alone(tmp_path):
    source = filed(tmp_path / "in", *(record(number) for number in range(3)))
    report = built(tmp_path / "set", source, look=False)
    assert report["counts"]["records"] == 3 and report["lost"] == 0
    assert not report["checks"]["near_duplicates"]["looked"]
    assert "Nobody looked at the media" in (tmp_path / "set" / "README.md").read_text()


def test_ids_that_come_again_and_lines_that_are_no_records_are_faults(tmp_path):
    one, other = drawn(tmp_path / "one", 4), drawn(tmp_path / "other", 5)
    with other.open("a") as file:
        file.write(
            '{"id": 3\n{"id": "x", "media": "y", "strange": 1}\n'
            + json.dumps({"id": "z", "media": "0.png", "split": "all"})
            + "\n"
        )
    report = built(tmp_path / "set", one, other)
    assert report["counts"]["records"] == 5
    assert report["faults"]["counts"] == {"duplicate id": 4, "unreadable label": 3}
    assert any("other" in line or "records.jsonl:6" in line for line in report["faults"]["examples"]["unreadable label"])


def test_a_source_of_which_nothing_is_left_is_told_in_a_line(tmp_path):
    (tmp_path / "records.jsonl").write_text("{}\n")
    with pytest.raises(FacewiseError, match="not one record can be used; unreadable label 1"):
        built(tmp_path / "set", tmp_path / "records.jsonl")


def test_a_wording_that_asks_about_nothing_that_is_labelled_is_told_in_a_line(tmp_path):
    with pytest.raises(FacewiseError, match="not one row came of 4 records; --wording megc"):
        built(tmp_path / "set", drawn(tmp_path / "in", 4), wording="megc")


def test_whoever_reads_millions_brings_the_memory_for_ids(tmp_path):
    from facewise.data_builders.readers.faults import Faults

    save(tmp_path / "1_0_4_20161219.jpg", noise(0))
    met: list[str] = []
    faults = Faults()
    found = list(SOURCES["utkface"].records(tmp_path, {}, faults, lambda name: met.append(name) or False))
    assert found == [] and len(met) == 1 and faults.counts == {"duplicate id": 1}


# Across records


def test_people_in_two_splits_are_lost_to_the_one_that_matters_more(tmp_path):
    folder = tmp_path / "in"
    for number in range(4):
        save(folder / f"{number}.png", noise(number))
    splits = ("train", "test", "train", "val")
    subjects = ("a", "a", "b", "b")
    source = filed(folder, *(record(n, split=splits[n], subject=subjects[n]) for n in range(4)))
    report = built(tmp_path / "set", source)
    assert [each["id"] for each in told(tmp_path / "set", "records.jsonl")] == ["drawn/1", "drawn/3"]
    assert report["checks"]["subjects"]["leaks"] == 2 and report["lost"] == 0
    reasons = [line["reason"] for line in told(tmp_path / "set", "rejects.jsonl")]
    assert reasons[0] == "subject in two splits: a is in the test split, too (train 1, test 1)"


def test_pictures_in_two_splits_are_lost_to_the_one_that_matters_more(tmp_path):
    folder = tmp_path / "in"
    for number, seed in enumerate((0, 1, 0, 2)):
        save(folder / f"{number}.png", noise(seed))
    source = filed(folder, *(record(n, split=("train", "train", "test", "test")[n]) for n in range(4)))
    report = built(tmp_path / "set", source)
    (reject,) = told(tmp_path / "set", "rejects.jsonl")
    assert reject["id"] == "drawn/0" and "nearly the same picture as drawn/2 of the test split" in reject["reason"]
    assert report["checks"]["near_duplicates"]["rejected"] == 1


def test_a_pair_finds_its_partner_wherever_it_lies(tmp_path):
    folder = tmp_path / "in"
    for number in range(6):
        save(folder / f"{number}.png", noise(number))
    last = record(5, aus=None, emotion=None, live=None, pair="drawn/0", change={"AU12": (2.0, 2.0)})
    source = filed(folder, *(record(number) for number in range(5)), last)
    built(tmp_path / "set", source, media="copy")
    pairs = [row for row in told(tmp_path / "set", "rows.jsonl") if len(row.get("images", ())) == 2]
    media = {each["id"]: each["media"] for each in told(tmp_path / "set", "records.jsonl")}
    assert pairs and pairs[0]["images"] == [media["drawn/0"], media["drawn/5"]]


def test_rows_whose_texts_do_not_hold_are_kept_apart_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "text_faults", lambda row, record: ["contradicts the label: AU4"] * (row.meta["task"] == "au"))
    report = built(tmp_path / "set", drawn(tmp_path / "in", 4))
    rejects = told(tmp_path / "set", "rejects.jsonl")
    assert report["counts"]["rejected rows"] == {"contradicts the label": len(rejects)} and len(rejects) >= 4
    assert rejects[0]["id"] == row_of(rejects[0]["row"]).id
    assert all(row["meta"]["task"] != "au" for row in told(tmp_path / "set", "rows.jsonl"))


# The teacher's seam


def test_a_teachers_rows_come_right_behind_the_templates_and_those_that_do_not_hold_are_rejected(tmp_path, monkeypatch):
    source, out = drawn(tmp_path / "in", 4), tmp_path / "set"

    def teach(items, out, settings, folder, progress):
        written = [(row, record) for row, record in items if row.meta["task"] == "emotion"]
        with (out / TAUGHT).open("w") as file:
            for number, (row, record) in enumerate(written[: answered[0]]):
                text = f"As a whole, the configuration of this face resembles {record.emotion if number else 'fear'}."
                texts = [text] * sum(message["role"] == "assistant" for message in row.messages)
                file.write(json.dumps({"id": row.id, "texts": texts, "model": "M"}) + "\n")
        return Report(answered=answered[0])

    answered = [2]
    monkeypatch.setattr(teaching, "teach", teach)
    teacher = TeacherSettings(teacher="http://localhost:1/v1", teacher_model="M", budget_tokens=1)
    report = built(out, source, teacher=teacher)
    rows = told(out, "rows.jsonl")
    places = [number for number, row in enumerate(rows) if row["meta"]["writer"] == "M"]
    assert len(places) == 1 and rows[places[0]]["id"] == rows[places[0] - 1]["id"] + "/taught"
    rejects = [line for line in told(out, "rejects.jsonl") if line["id"].endswith("/taught")]
    assert len(rejects) == 1 and "fear" in rejects[0]["reason"]
    assert report["checks"]["teacher"]["answered"] == 2 and report["counts"]["writers"]["M"] == 1
    answered[0] = 4  # a larger budget is no other set, and what came since is added
    report = built(out, source, teacher=dataclasses.replace(teacher, budget_tokens=1000))
    assert report["counts"]["writers"]["M"] == 3
    assert len([line for line in told(out, "rejects.jsonl") if line["id"].endswith("/taught")]) == 1
    with pytest.raises(FacewiseError, match=r"teaching\.min_mark = 6, not 7"):
        built(out, source, teacher=dataclasses.replace(teacher, min_mark=7))


def test_teacher_and_judge_are_asked_over_http_and_low_marks_cost_a_row(tmp_path):
    played = Server()
    marks = iter([3] + [9] * 100)

    def text(body):
        asked_for = words(body).count("Question: ")
        if "answers" in json.dumps(body.get("response_format")):
            return json.dumps({"answers": ["The configuration of this face resembles happiness."] * asked_for})
        return json.dumps(MARKS | {"label": next(marks)})

    played.text = text
    teacher = TeacherSettings(
        teacher=played.url, teacher_model="M", teacher_tasks=("emotion",), judge_model="J", concurrency=1, tries=1
    )
    try:
        report = built(tmp_path / "set", drawn(tmp_path / "in", 4, emotion="happiness"), teacher=teacher)
    finally:
        played.close()
    rows = told(tmp_path / "set", "rows.jsonl")
    kept = [row for row in rows if row["meta"]["writer"] == "M"]
    answered = report["checks"]["teacher"]["answered"]
    assert answered >= 4 and report["checks"]["judge"]["answered"] == answered and len(kept) == answered - 1
    assert all(row["meta"]["judged"]["label"] == 9 for row in kept)
    reasons = [line["reason"] for line in told(tmp_path / "set", "rejects.jsonl")]
    assert len(reasons) == 1 and "judged label 3 of 10, 6 is the least" in reasons[0]


# Ledger and spans


def test_a_long_video_is_one_task_for_all_of_its_frames():
    places = [Place(number, 0, fresh=number % 5 == 1) for number in range(1, 21)]
    sizes = [len(group) for group in spans.grouped(places, 3, 100)]
    assert sizes == [5, 5, 5, 5]
    assert [len(group) for group in spans.grouped(places, 3, 4)] == [4, 4, 4, 3, 4, 1]
