"""`facewise data stats` and `show` over a small set that the tests write: counts, stereotypes, doubtful labels, terminal and
page."""

import json
import re
import sys
from argparse import ArgumentParser
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from facewise.data_builders.browse import stats as counting
from facewise.data_builders.browse.cards import Wanted, cards, labels
from facewise.data_builders.browse.command import add_verbs
from facewise.data_builders.browse.doubts import Opinion, doubts
from facewise.data_builders.browse.readings import looks, mirrored, opinions, questions
from facewise.data_builders.browse.shots import shots
from facewise.data_builders.browse.stats_text import readable
from facewise.data_builders.browse.tables import bar, bars, p_value
from facewise.data_builders.browse.tallies import Distinct
from facewise.data_builders.browse.terminal import lines
from facewise.data_builders.records import Record, write_records
from facewise.data_builders.rows import Row, read_rows, row_line, turn
from facewise.model.errors import FacewiseError
from facewise.model.network.evidence import Evidence
from facewise.model.taxonomy import AU_CODES

EVENT = {"kind": "micro", "onset": 1, "apex": 3, "offset": 5, "emotion": "disgust", "shown": {"AU9": "left"}}
CLIP = Record(
    "clip", "frames", dataset="Clips", subject="ann", split="val", licence="on request", clip={"fps": 200, "events": [EVENT]}
)
FAKE = Record(
    "fake", "media/fake.png", dataset="Stills", subject="bob", split="test", licence="CC0",
    live=False, attack="print", digital="none", cues={"edge": 0.9, "glare": 0.1}, box=(8.0, 4.0, 24.0, 20.0),
)  # fmt: skip


def face(number):
    woman, happy = number % 2 == 0, number % 2 == 0 or number % 5 == 0
    aus = {"AU12": (3.0, 3.0), "AU4": (0.0, 0.0)} if happy else {"AU12": (0.0, 0.0), "AU4": (0.0, 2.0)}
    return Record(
        f"face {number}", f"media/{number}.png", dataset="Stills", subject=f"s{number // 2}", licence="CC0", aus=aus,
        emotion="happiness" if happy else "anger", age=20.0 + number,
        attributes={"gender": "female" if woman else "male", "Bald": False},
    )  # fmt: skip


def row(record, task, question, answer, label, **parts):
    told = {
        "record": record.id,
        "dataset": record.dataset,
        "licence": record.licence,
        "subject": record.subject,
        "split": record.split,
    }
    meta = told | {"task": task, "label": label, "writer": "template"}
    medium = {"videos": [record.media]} if record.clip else {"images": [record.media]}
    said = [turn("user", question, ["image"]), turn("assistant", answer)]
    return Row(f"{record.id}/{task}", said, **medium, meta=meta, **parts)


RECORDS = [*(face(number) for number in range(60)), CLIP, FAKE]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets") / "small <set>"
    (folder / "media").mkdir(parents=True)
    (folder / "frames").mkdir()
    rng = np.random.default_rng(0)
    for record in RECORDS:
        if record.clip is None:
            Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).save(folder / record.media)
    for number in range(8):
        Image.new("RGB", (32, 24), (30 * number, 0, 0)).save(folder / f"frames/img{number}.png")
    write_records(folder / "records.jsonl", RECORDS)
    box = {"ref": ["print"], "bbox": [list(FAKE.box)], "bbox_type": "real"}
    rows = [row(face(n), "emotion", "Which emotion?", f"It resembles {face(n).emotion}.", face(n).emotion) for n in range(60)]
    rows += [
        row(CLIP, "micro", "Is anything there?", "A possible micro-expression peaks at frame 3.", "micro"),
        row(FAKE, "spoof", "Where is it?", "Spoof. It lies in <bbox>. <script>alert(1)</script>", "spoof", objects=box),
    ]
    (folder / "rows.jsonl").write_text("".join(map(row_line, rows)))
    lost = {
        "id": "gone",
        "reason": "unreadable media: no picture",
        "dataset": "Stills",
        "split": "train",
        "media": "media/gone.png",
    }
    bad = {"id": "face 0/au", "reason": "contradicts the label: frown; says what someone feels: is sad", "row": asdict(rows[0])}
    (folder / "rejects.jsonl").write_text(json.dumps(lost) + "\n" + json.dumps(bad) + "\n")
    return folder


@contextmanager
def everything(verbose):
    yield sys.stderr


def run(*words):
    parser = ArgumentParser()
    add_verbs(parser.add_subparsers(required=True), everything)
    args = parser.parse_args([str(word) for word in words])
    return args.verb(args)


# Counts


def test_stats_count_rows_classes_people_and_lengths(built):
    found = counting.stats(built)
    assert (found["rows"], found["records"]) == (62, 62)
    assert found["people"] == {"all": 32, "test": 1, "train": 30, "val": 1}
    assert found["tasks_by_split"]["emotion"] == {"train": 60}
    assert found["classes"]["emotion"] == {"happiness": 36, "anger": 24}
    assert found["classes"]["verdict"] == {"spoof": 1} and found["classes"]["movement"] == {"micro": 1}
    assert found["action_units"]["AU12"] == {"0": 24, "3": 36}
    assert found["action_units"]["AU9"] == {"active": 1}
    assert found["words"]["question"] == {"mean": 2.0, "median": 2, "longest tenth": 2, "longest": 3}
    assert found["rejected"] == {"unreadable media": 1, "contradicts the label": 1}  # each once, by its first fault


def test_stats_are_printed_for_people_and_as_one_json_object(built, capsys):
    assert run("stats", built) == 0
    told = capsys.readouterr().out
    assert "62 rows of 62 records, 32 people; 61 pictures and 1 videos shown" in told
    assert re.search(r"happiness\s+36\s+60 %\s+█+", told) and re.search(r"AU12\s+24\s+0\s+36", told.replace("level 2", ""))
    run("stats", built, "--json")
    assert json.loads(capsys.readouterr().out)["records"] == 62


def test_labels_lean_to_a_group_and_cramers_v_says_how_much(built):
    by = counting.stats(built, "Gender")["by"]
    assert by["group"] == "gender" and by["sizes"] == {"female": 30, "male": 30}
    table = by["tables"]["emotion"]
    assert table["counts"] == {"anger": {"female": 0, "male": 24}, "happiness": {"female": 30, "male": 6}}
    assert table["cramers_v"] > 0.7 and table["interval"][0] > 0.5 and table["p_of_all"] < 0.001
    assert by["tables"]["AU12"]["cramers_v"] == table["cramers_v"]
    text = readable(counting.stats(built, "gender"))
    assert re.search(r"emotion by gender: V 0\.\d\d \[.*\], p < \.001, 60 labels", text)
    assert "out of proportion:" in text and re.search(r"happiness\s+100 %\s+20 %", text)


def test_a_set_is_grouped_by_age_attribute_or_subject_however_they_are_spelled(built):
    assert counting.stats(built, "age_group")["by"]["sizes"] == {"20 to 39": 20, "40 to 59": 20, "60 and over": 20}
    assert counting.stats(built, "bald")["by"]["sizes"] == {"no": 60}
    assert len(counting.stats(built, "subject")["by"]["sizes"]) == 32


def test_a_group_that_nobody_tells_is_refused_with_the_choices(built):
    with pytest.raises(
        FacewiseError, match=r"--by mood: no record tells that; .* age group, Bald, dataset, gender, licence, split, subject"
    ):
        counting.stats(built, "mood")


def test_a_folder_without_a_set_and_a_damaged_line_are_told_in_one_line(built, tmp_path):
    with pytest.raises(FacewiseError, match=r"no rows\.jsonl is here; give a folder that `facewise build"):
        counting.stats(tmp_path)
    for name in ("records.jsonl", "rejects.jsonl"):
        (tmp_path / name).write_bytes((built / name).read_bytes())
    (tmp_path / "rows.jsonl").write_text((built / "rows.jsonl").read_text() + "[1]\n")
    with pytest.raises(FacewiseError, match=r"rows\.jsonl:63: not a row"):
        list(read_rows(tmp_path / "rows.jsonl"))
    (tmp_path / "rows.jsonl").write_bytes((built / "rows.jsonl").read_bytes())
    (tmp_path / "records.jsonl").write_text('{"id": "a"}\n')
    with pytest.raises(FacewiseError, match=r"records\.jsonl:1: not a record"):
        counting.stats(tmp_path)


def test_flags_that_cannot_be_are_refused(built, tmp_path):
    with pytest.raises(FacewiseError, match="--doubtful 0"):
        run("stats", built, "--doubtful", 0)
    with pytest.raises(FacewiseError, match="--limit goes with --doubtful"):
        run("stats", built, "--limit", 3)
    with pytest.raises(FacewiseError, match="--n 0"):
        run("show", built, "--n", 0)
    with pytest.raises(FacewiseError, match="give one of them"):
        run("show", built, "--pictures", "--html", tmp_path / "a.html")
    with pytest.raises(FacewiseError, match="there is no folder"):
        run("show", built, "--html", tmp_path / "no" / "a.html")
    with pytest.raises(FacewiseError, match="standard output is none"):
        run("show", built, "--pictures")


def test_numbers_are_printed_as_people_read_them():
    assert bar(1) == "█" * 24 and bar(0.5) == "█" * 12 and bar(0) == ""
    assert list(bars({"a": 8, "b": 1, "c": 1}, most=1)) == [f"  a       8   80 %  {bar(1)}", "  2 more  2   20 %"]
    assert (p_value(0.0001), p_value(0.04), p_value(1.0)) == ("p < .001", "p = .040", "p = 1.000")
    people = Distinct()
    for name in ("a", "b", "a"):
        people.add(name)
    assert len(people) == 2 and len(Distinct()) == 0


# Doubtful labels


def opinion(number, true, label, rng, wavering=False):
    base = np.full(3, 0.1)
    base[true] = rng.uniform(0.6, 0.9)
    read = np.clip(base + rng.normal(0, 0.05, (7, 3)), 0.01, None)
    if wavering:
        read = rng.dirichlet(np.full(3, 0.5), 7)
    return Opinion(f"r{number}", "a.jpg", "emotion", ("anger", "fear", "joy"), label, read / read.sum(1, keepdims=True))


def test_planted_wrong_labels_come_first_and_wavering_readings_accuse_nobody():
    rng = np.random.default_rng(0)
    planted = set(range(0, 300, 30))
    wavering = set(range(7, 300, 30))
    asked = []
    for number in range(300):
        true = int(rng.integers(3))
        label = (true + 1) % 3 if number in planted else true
        asked.append(opinion(number, true, label, rng, number in wavering))
    found, judges = doubts(asked)
    assert {doubt.record for doubt in found} <= {f"r{number}" for number in planted} and len(found) >= 8
    assert [doubt.margin for doubt in found] == sorted((doubt.margin for doubt in found), reverse=True)
    judge = judges["emotion"]
    assert judge.is_judge and judge.n == 300 and judge.doubted == len(found) and judge.unsure >= 8


def test_a_model_that_reads_by_chance_is_no_judge():
    rng = np.random.default_rng(1)
    asked = [opinion(number, int(rng.integers(3)), int(rng.integers(3)), rng) for number in range(200)]
    found, judges = doubts(asked)
    assert found and not judges["emotion"].is_judge
    assert doubts([]) == ([], {})


def test_each_clear_label_is_a_question_and_a_trace_is_none():
    record = Record("r", "a.jpg", live=True, emotion="fear", aus={"AU1": (0.0, 3.0), "AU4": (1.0, 1.0), "AU9": (0.0, 0.0)})
    asked = {question: classes[label] for question, classes, label in questions(record)}
    assert asked == {"verdict": "live", "emotion": "fear", "AU1": "active", "side of AU1": "right", "AU9": "silent"}
    assert not list(questions(replace(record, live=None, emotion="anxiety", aus=None)))


def evidence(left, right):
    return Evidence(dict.fromkeys(AU_CODES, (left, right, 0.9)), {"fear": 1.0}, 2.0, {}, {}, np.zeros((2, 2)))


def test_a_mirrored_look_has_its_sides_swapped_back():
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    seen = dict(looks(np.repeat(np.repeat(pixels, 20, 0), 20, 1)))
    assert len(seen) == 7 and np.array_equal(seen["mirrored"], seen["as it is"][:, ::-1])
    assert seen["cropped"].shape == (76, 76, 3) and seen["darker"].mean() < seen["as it is"].mean() < seen["brighter"].mean()
    assert mirrored(evidence(3.0, 0.0)).aus["AU12"] == (0.0, 3.0, 0.9)


@pytest.mark.slow
def test_a_planted_wrong_verdict_is_doubted_on_pictures_of_ours(examples, tmp_path):
    from facewise.model.checkpoint import load_checkpoint

    told = [
        Record("right", str(examples / "printed-face.jpg"), live=False),
        Record("wrong", str(examples / "printed-face.jpg"), live=True),
        Record("clip", str(examples / "invented-clip.mp4"), clip={"events": []}),
        Record("mute", str(examples / "invented-face.jpg")),
        Record("gone", str(tmp_path / "gone.jpg"), live=True),
    ]
    left_out = Counter()
    asked = list(opinions(told, tmp_path, load_checkpoint().perceiver, left_out))
    assert [one.record for one in asked] == ["right", "wrong"] and all(len(one.readings) >= 5 for one in asked)
    assert sorted(left_out.values()) == [1, 1, 1]
    found, judges = doubts(asked)
    assert [(doubt.record, doubt.label, doubt.reading) for doubt in found] == [("wrong", "live", "spoof")]
    assert not judges["verdict"].is_judge, "two labels tell no skill"


@pytest.mark.slow
def test_stats_look_for_doubtful_labels_and_say_what_they_are_worth(examples, tmp_path, capsys):
    record = Record("wrong", str(examples / "printed-face.jpg"), dataset="D", subject="s", live=True)
    write_records(tmp_path / "records.jsonl", [record])
    (tmp_path / "rows.jsonl").write_text(row_line(row(record, "spoof", "Real?", "Live.", "live")))
    (tmp_path / "rejects.jsonl").write_text("")
    assert run("stats", tmp_path, "--doubtful", 5, "--limit", 1) == 0
    told = capsys.readouterr().out
    assert "likely mislabelled, by facewise-135m" in told and "no verdict" in told and "no judge of it" in told
    assert "wrong  verdict: labelled live" in told


# To look at


def test_a_draw_is_even_the_same_every_time_and_in_the_sets_order(built):
    first = [card.id for card in cards(built, Wanted(10))]
    assert first == [card.id for card in cards(built, Wanted(10))] and len(first) == 10
    everything = [card.id for card in cards(built, Wanted(1000))]
    assert first == [name for name in everything if name in set(first)] and len(everything) == 62
    assert set(first) < {card.id for card in cards(built, Wanted(20))}


def test_rows_are_chosen_by_task_dataset_split_and_id(built):
    assert [card.id for card in cards(built, Wanted(5, task="micro"))] == ["clip/micro"]
    assert [card.id for card in cards(built, Wanted(5, dataset="Stills", split="test"))] == ["fake/spoof"]
    for name in ("face 7", "face 7/emotion"):
        (card,) = cards(built, Wanted(1, id=name))
        assert card.id == "face 7/emotion" and card.record == face(7)
    with pytest.raises(FacewiseError, match=r"no row is of task 'age'; `facewise data stats` tells what is here"):
        cards(built, Wanted(5, task="age"))


def test_rejects_tell_their_reasons_with_or_without_a_row(built):
    lost, bad = cards(built, Wanted(5, rejects=True))
    assert lost.row is None and lost.reasons == ("unreadable media: no picture",) and lost.media == ("media/gone.png",)
    assert bad.reasons == ("contradicts the label: frown", "says what someone feels: is sad") and bad.record == face(0)


def test_labels_of_a_record_are_told_for_people():
    assert labels(face(1)) == [
        ("emotion", "anger"),
        ("action units", "AU4 left 0 right 2"),
        ("age", "21"),
        ("attributes", "gender male"),
    ]
    assert ("cues", "edge 0.9") in labels(FAKE) and ("verdict", "spoof") in labels(FAKE)
    assert labels(CLIP) == [("micro", "onset 1 apex 3 offset 5; AU9, disgust")]
    uneven = Record("r", "a.jpg", aus={"AU12": (3.0, 2.0)}, change={"AU20": (-2.4, -1.1), "AU4": (1.6, 2.0), "AU6": (0.2, 0.0)})
    assert labels(uneven) == [("action units", "AU12 left 3 right 2"), ("change", "AU20 left -2.4 right -1.1, AU4 +2.0")]


def test_a_clip_is_shown_at_onset_apex_and_offset(built):
    (card,) = cards(built, Wanted(1, task="micro"))
    shown = list(shots(built, card, 16))
    assert [shot.caption for shot in shown] == ["onset, frame 1", "apex, frame 3", "offset, frame 5"]
    assert [int(shot.pixels[0, 0, 0]) for shot in shown] == [30, 90, 150] and shown[0].pixels.shape == (12, 16, 3)


def test_a_medium_that_cannot_be_read_is_told_in_its_place(built):
    lost, _ = cards(built, Wanted(5, rejects=True))
    (shot,) = shots(built, lost, 16)
    assert shot.pixels is None and "gone.png" in shot.fault


def test_boxes_are_shares_of_the_picture(built):
    (card,) = cards(built, Wanted(1, task="spoof"))
    (shot,) = shots(built, card, 16)
    assert shot.boxes == (("print", (8 / 32, 4 / 24, 24 / 32, 20 / 24)),)


def test_the_terminal_shows_conversation_labels_and_place(built, capsys):
    assert run("show", built, "--task", "spoof") == 0
    told = capsys.readouterr().out
    assert "fake/spoof  spoof · test · Stills · bob" in told and "media        media/fake.png" in told
    assert "question     Where is it?" in told and "answer       Spoof. It lies in [8, 4, 24, 20]." in told
    assert "cues         edge 0.9" in told and "\x1b" not in told


def test_rejects_are_printed_with_each_reason(built, capsys):
    run("show", built, "--rejects")
    told = capsys.readouterr().out
    assert "rejected     contradicts the label: frown\n" in told and "rejected     says what someone feels: is sad\n" in told


def test_pictures_are_half_blocks_of_two_colours_a_cell(built):
    (card,) = cards(built, Wanted(1, task="spoof"))
    drawn = [line for line in lines(card, list(shots(built, card, 32)), 80, colours=True) if "▀" in line]
    assert len(drawn) == 12 and all(line.count("▀") == 32 for line in drawn)
    assert any("\x1b[38;2;255;64;64;" in line for line in drawn), "the box"


class Page(HTMLParser):
    """Tags with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def test_the_page_is_one_file_that_fetches_nothing(built, tmp_path, capsys):
    assert run("show", built, "--html", tmp_path / "rows.html", "--n", 62) == 0
    assert "62 rows" in capsys.readouterr().out
    text = (tmp_path / "rows.html").read_text()
    page = Page(text)
    assert all(image["src"].startswith("data:image/jpeg;base64,") and image["alt"] for image in page.all("img"))
    assert len(page.all("img")) == 61 + 3 and len(page.all("article")) == 62
    assert not page.all("link") and not [script for script in page.all("script") if "src" in script]
    assert "default-src 'none'" in text and "http" not in re.sub(r"http-equiv", "", text)


def test_what_a_text_holds_does_not_run_and_marks_stay_out_of_placeholders(built, tmp_path):
    run("show", built, "--task", "spoof", "--html", tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text()
    assert "&lt;script&gt;alert(1)" in text and "<script>alert" not in text
    assert "small &lt;set&gt;: rows" in text and not re.search(r"\[\[[a-z]+\]\]", text)


def test_boxes_lie_on_the_picture_and_the_text_points_at_them(built, tmp_path):
    run("show", built, "--task", "spoof", "--html", tmp_path / "a.html")
    page = Page((tmp_path / "a.html").read_text())
    (box,) = [attrs for attrs in page.all("span") if attrs.get("class") == "box"]
    assert box["style"] == "left:25.00%;top:16.67%;width:50.00%;height:66.67%"
    assert [attrs["data-box"] for attrs in page.all("button") if attrs.get("class") == "ref"] == [box["data-box"]] == ["1"]


def test_the_page_is_filtered_by_what_its_rows_differ_in(built, tmp_path):
    run("show", built, "--n", 62, "--html", tmp_path / "a.html")
    page = Page((tmp_path / "a.html").read_text())
    assert [select["name"] for select in page.all("select")] == ["task", "split", "dataset"]
    values = [option["value"] for option in page.all("option")]
    assert values == ["", "emotion", "micro", "spoof", "", "test", "train", "val", "", "Clips", "Stills"]
    assert all(article["tabindex"] == "0" for article in page.all("article"))
