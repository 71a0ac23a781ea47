"""Records become conversations that say what their labels say: every task, no unknown, the same rows in any order."""

import json
import random
import re
import subprocess
import sys

import pytest

from facewise.data_builders.checks.texts import text_faults
from facewise.data_builders.instructions import chat_questions, rows_of
from facewise.data_builders.instructions.challenge import exchanges
from facewise.data_builders.instructions.clip_questions import CLIP_FOLLOW_UPS, MICRO
from facewise.data_builders.instructions.face_questions import (
    CHANGE,
    EMOTIONS_ASKED,
    FACE_FOLLOW_UPS,
    OF_CODES,
    ONE_UNIT,
    UNITS,
    WHOLE,
)
from facewise.data_builders.instructions.labels import NOUNS, known_of, movements_of, units_of
from facewise.data_builders.instructions.person_answers import ANSWERS, SAID, UNSAID
from facewise.data_builders.instructions.person_questions import AGE, ATTRIBUTES, ONE_ATTRIBUTE, PERSON_FOLLOW_UPS
from facewise.data_builders.instructions.record_rows import KINDS, SHARES, WEIGHTS, WORDINGS, weighted_order
from facewise.data_builders.instructions.spoof_answers import ALTERED, MEANS, PLACES, SHOWS
from facewise.data_builders.instructions.spoof_questions import SPOOF, SPOOF_FOLLOW_UPS
from facewise.data_builders.instructions.unit_words import PARTS, POSES, WORK
from facewise.data_builders.readers.celeba_spoof import NAMES as FORTY
from facewise.data_builders.records import Record
from facewise.data_builders.rows import BOX, Row, row_line, row_of, texts
from facewise.model import movements
from facewise.model.agreement import affirmed, agrees, contradicts, mentioned_aus, mentioned_emotions, with_codes
from facewise.model.answer import ActionUnitReading, Answer, Cue, Emotion, Interval
from facewise.model.errors import FacewiseError
from facewise.model.questions import asks_about_software, task_of
from facewise.model.refusals import DECLINED, refusal
from facewise.model.taxonomy import ATTACKS, AU_CODES, AU_WORDS, CUES, DIGITAL_TYPES, EMOTIONS, NO_PROTOTYPE, TASKS
from facewise.model.wording import VERDICT_SENTENCES

REST = dict.fromkeys(AU_CODES, (0.0, 0.0))
RIG = {"made of": "rig"}
PRINT = Record(
    "set/print",
    "media/print.jpg",
    dataset="portraits",
    licence="CC0",
    subject="somebody",
    split="val",
    live=False,
    attack="print",
    digital="none",
    box=(40.0, 12.0, 300.0, 410.0),
    cues={"edge": 0.9, "halftone": 0.7, "glare": 0.3, "other": 0.8},
)
PERSON = Record("set/person", "media/person.jpg", live=True, digital="none", cues={})
SWAP = Record("set/swap", "media/swap.jpg", digital="face swap", box=(90.0, 80.0, 200.0, 230.0))
SMILE = Record(
    "rig/smile",
    "media/smile.jpg",
    aus=REST | {"AU6": (2.0, 2.1), "AU12": (3.2, 1.0)},
    emotion="happiness",
    affect=(0.8, 0.1),
    source=RIG,
)
FRAME = Record("disfa/7", "SN001.avi", aus={"AU4": (0.0, 0.0), "AU12": (2.0, 2.0), "AU25": (0.0, 0.0)}, frames=(6, 6))
LOOKS = Record(
    "celeba/1",
    "img/1.jpg",
    attributes=dict.fromkeys(FORTY, False)
    | {"Wavy_Hair": True, "Brown_Hair": True, "Eyeglasses": True, "Bushy_Eyebrows": True, "Attractive": True},
    age=34.0,
    face=(10.0, 20.0, 110.0, 140.0),
)
READ_CLIP = Record(
    "casme2/1",
    "sub01/EP02_01f",
    clip={
        "fps": 200,
        "events": [
            {
                "kind": "micro",
                "onset": 10,
                "apex": 23,
                "offset": 50,
                "emotion": "happiness",
                "coarse": "positive",
                "shown": {"AU6": "both", "AU12": "left"},
                "intensity": {"AU12": "B"},
                "class": "I",
            }
        ],
    },
    source={"emotion": "happiness", "action units": "6+L12"},
)
MADE_CLIP = Record(
    "clips/1",
    "media/1.mp4",
    clip={
        "fps": 30,
        "frames": 150,
        "events": [
            {"kind": "blink", "aus": {"AU43": [5.0, 5.0]}, "intensity": {"AU43": "E"}, "onset": 100, "apex": 103, "offset": 108},
            {
                "kind": "macro",
                "aus": {"AU1": [2.0, 2.1], "AU2": [3.0, 1.2]},
                "intensity": {"AU1": "B", "AU2": "C"},
                "class": "II",
                "coarse": "surprise",
                "flow": "event1",
                "onset": 20,
                "apex": 30,
                "offset": 60,
            },
        ],
        "distractors": [{"kind": "speech", "start": 70, "end": 90}],
    },
    source=RIG,
)
STILL_CLIP = Record("smic/1", "HS/s1/non_micro/1", clip={"fps": None, "events": []})
QUIET_CLIP = Record(
    "clips/2",
    "media/2.mp4",
    clip={
        "fps": 60,
        "events": [MADE_CLIP.clip["events"][0]],
        "distractors": [{"kind": "drift", "start": 0, "end": 9}, {"kind": "gaze", "start": 0, "end": 9}],
    },
)
LONG_CLIP = Record(
    "samm_lv/1",
    "videos/006_1",
    clip={
        "fps": 200,
        "events": [
            READ_CLIP.clip["events"][0] | {"onset": 900, "apex": None, "offset": 980},
            {
                "kind": "macro",
                "onset": 100,
                "apex": 220,
                "offset": 500,
                "emotion": None,
                "shown": {"AU4": "both"},
                "class": "III",
            },
        ],
    },
)
BEFORE = Record("driven/1-null", "media/1-null.jpg", subject="b")
AFTER = Record(
    "driven/1",
    "media/1.jpg",
    aus=REST | {"AU4": (2.0, 2.0)},
    change={"AU4": (1.6, 2.0), "AU12": (-2.9, -3.0), "AU2": (0.0, 3.2), "AU6": (0.2, 0.2)},
    pair="driven/1-null",
    source={"made of": "photo"},
)
RECORDS = (PRINT, PERSON, SWAP, SMILE, FRAME, LOOKS, READ_CLIP, MADE_CLIP, STILL_CLIP, QUIET_CLIP, LONG_CLIP, AFTER)
SEEDS = range(40)
POOLS: dict[str, dict[str, tuple[str, ...]]] = {
    "spoof": SPOOF,
    "au": {**UNITS, "change": CHANGE},
    "emotion": EMOTIONS_ASKED,
    "describe": {"whole": WHOLE},
    "micro": MICRO,
    "attributes": ATTRIBUTES | ONE_ATTRIBUTE,
    "age": AGE,
    "chat": {
        **chat_questions.DECLINED_QUESTIONS,
        "untold": tuple(question for question, _ in chat_questions.UNTOLD),
        "about": tuple(question for question, _ in chat_questions.ABOUT),
        "place": chat_questions.PLACE,
        "length": chat_questions.LENGTH,
    },
}


def made(record: Record, wording: str = "plain", task: str = "", seeds=SEEDS, partner: Record | None = None) -> list[Row]:
    """Rows over many seeds, conversations too."""
    rows = [row for seed in seeds for row in rows_of(record, wording, seed, partner)]
    return [row for row in rows if row.meta["task"] == (task or row.meta["task"])]


def of_kind(record: Record, kind: str, wording: str = "plain") -> list[str]:
    """Answers to single questions of this kind."""
    return [texts(row)[0] for row in made(record, wording) if row.meta["kind"] == kind]


# Questions


def pool_of(task: str) -> list[str]:
    return [question for questions in POOLS[task].values() for question in questions]


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_asked_for_in_forty_ways_or_more(task):
    pool = pool_of(task)
    assert len(pool) >= 40 and len(set(map(str.lower, pool))) == len(pool)


def test_no_question_stands_in_two_pools_or_twice_among_those_that_follow_up():
    everything = [question for task in TASKS for question in pool_of(task)]
    assert len(set(everything)) == len(everything)


def in_every_medium(question: str) -> list[str]:
    return [question.replace("{picture}", noun) for nouns in NOUNS.values() for noun in nouns]


ANSWERED_QUESTIONS = [
    *((task, question) for task in ("spoof", "au", "emotion", "describe") for question in pool_of(task)),
    *(("au", question) for questions in ONE_UNIT.values() for question in questions),
    *(("chat", question) for questions in SPOOF_FOLLOW_UPS.values() for question in questions),
    *(
        (task, question)
        for task, kind in (("au", "named"), ("au", "graded"), ("au", "strongest"))
        for question in FACE_FOLLOW_UPS[kind]
    ),
    *((task, question) for task, kind in (("emotion", "emotion"), ("describe", "face")) for question in FACE_FOLLOW_UPS[kind]),
]
CLIP_QUESTIONS = [
    *(("micro", question) for question in pool_of("micro")),
    *(("spoof", question) for kind in ("verdict", "why") for question in POOLS["spoof"][kind]),
    *(("emotion", question) for question in POOLS["emotion"]["named"]),
]


@pytest.mark.parametrize(("task", "question"), ANSWERED_QUESTIONS)
def test_the_assistant_answers_a_question_as_the_task_that_it_was_taught_for(task, question):
    assert {task_of(text) for text in in_every_medium(question)} == {task}


def test_what_asks_about_software_and_nothing_else_of_a_verdict_has_its_answer_behind_it():
    asking = {
        kind: {asks_about_software(text) for question in pool for text in in_every_medium(question)}
        for kind, pool in POOLS["spoof"].items()
    }
    assert asking == {kind: {kind == "digital"} for kind in POOLS["spoof"]}


@pytest.mark.parametrize(("task", "question"), CLIP_QUESTIONS)
def test_a_clip_is_asked_for_its_movements_in_the_words_that_are_taught(task, question):
    assert {task_of(text, is_clip=True) for text in in_every_medium(question)} == {task}


def test_nothing_is_declined_but_what_is_to_be_declined():
    follow_ups = [*SPOOF_FOLLOW_UPS.values(), *FACE_FOLLOW_UPS.values(), *CLIP_FOLLOW_UPS.values(), *PERSON_FOLLOW_UPS.values()]
    asked = [question for questions in (*follow_ups, *ONE_UNIT.values()) for question in questions]
    asked += [question for task in TASKS for name, pool in POOLS[task].items() if name not in DECLINED for question in pool]
    assert not [text for question in asked for text in set(in_every_medium(question)[::3]) if refusal(text)]
    for topic, questions in chat_questions.DECLINED_QUESTIONS.items():
        assert all((refusal(question) or "").startswith(f"I cannot tell {topic}") for question in questions)
    assert set(chat_questions.DECLINED_QUESTIONS) == set(DECLINED)


def test_the_tables_of_words_hold_the_whole_vocabulary():
    assert set(PARTS) == set(WORK) == set(ONE_UNIT) == set(AU_CODES)
    assert all(f"{PARTS[code]} {POSES[code]}" == AU_WORDS[code] for code in AU_CODES)
    assert set(MEANS) == set(ATTACKS) and set(ALTERED) == set(DIGITAL_TYPES)
    placed = [cue for cues in PLACES.values() for cue in cues]
    assert sorted(placed) == sorted(SHOWS) == sorted(set(CUES) - {"other"})
    assert {task: set(kinds) for task, kinds in KINDS.items()} == {task: set(shares) for task, shares in WEIGHTS.items()}
    assert set(ANSWERS) == set(ONE_ATTRIBUTE)


# Rows


def test_each_task_comes_of_a_record_that_allows_it():
    found = {row.meta["task"] for record in RECORDS for row in made(record, partner=BEFORE)}
    assert found == set(TASKS)


def test_each_kind_of_question_comes_at_some_seed():
    found = {(row.meta["task"], row.meta["kind"]) for record in RECORDS for row in made(record, seeds=range(200))}
    assert {(task, kind) for task, kinds in WEIGHTS.items() for kind in kinds} <= found


def test_a_row_is_a_conversation_about_a_medium_with_what_is_known_of_it():
    row = next(row for row in made(PRINT) if row.meta["kind"] == "verdict")
    question, answer = row.messages
    assert [part["type"] for part in question["content"]] == ["image", "text"] and question["role"] == "user"
    assert answer["role"] == "assistant" and [part["type"] for part in answer["content"]] == ["text"]
    assert row.images == [PRINT.media] and row.videos == []
    assert row.meta == {
        "record": "set/print",
        "dataset": "portraits",
        "licence": "CC0",
        "subject": "somebody",
        "split": "val",
        "task": "spoof",
        "kind": "verdict",
        "label": "spoof",
        "attack": "print",
        "writer": "template",
        "wording": "plain",
    }
    assert row_of(json.loads(row_line(row))) == row


def test_levels_are_told_where_a_description_has_one():
    levels = {row.meta["task"]: row.meta.get("level") for row in made(SMILE)}
    assert levels == {"au": "au", "emotion": "emotion", "describe": "face", "chat": None}


@pytest.mark.parametrize(
    ("media", "extra", "kind"),
    [
        ("a.jpg", {}, "image"),
        ("fer2013.csv#12", {}, "image"),
        ("a.MP4", {}, "video"),
        ("31.01.18_035_01_000_0_01", {}, "video"),
        ("SN001.avi", {"frames": (6, 6)}, "video"),
    ],
)
def test_a_medium_is_a_picture_or_a_video(media, extra, kind):
    row = rows_of(Record("a", media, live=True, **extra))[0]
    assert row.messages[0]["content"][0]["type"] == kind and (row.images or row.videos) == [media]
    assert row.meta.get("frames") == (list(extra["frames"]) if extra else None)


def test_ids_do_not_come_twice():
    for wording in WORDINGS:
        ids = [row.id for record in RECORDS for row in rows_of(record, wording, 1, BEFORE)]
        assert len(ids) == len(set(ids))


def test_rows_depend_on_record_wording_and_seed_alone():
    def lines(records, seed=3):
        return {row.id: row_line(row) for record in records for row in rows_of(record, "plain", seed, BEFORE)}

    assert lines(RECORDS) == lines(reversed(RECORDS))
    assert lines(RECORDS) != lines(RECORDS, seed=4)
    code = (
        "from facewise.data_builders.instructions import rows_of; from facewise.data_builders.records import Record;"
        "print([row.messages for row in rows_of(Record('x', 'x.jpg', live=True, digital='none', cues={}), 'plain', 5)])"
    )
    elsewhere = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    record = Record("x", "x.jpg", live=True, digital="none", cues={})
    assert elsewhere.strip() == str([row.messages for row in rows_of(record, "plain", 5)])


def test_a_label_more_does_not_change_the_rows_of_the_others():
    with_age = Record(**{**vars(SMILE), "age": 30.0})
    before = {row.id: row_line(row) for row in rows_of(SMILE, seed=2) if row.meta["kind"] != "conversation"}
    after = {row.id: row_line(row) for row in rows_of(with_age, seed=2)}
    assert all(after[name] == line for name, line in before.items())


def test_kinds_are_drawn_as_often_as_their_weights_say():
    rng = random.Random(0)
    first = [weighted_order({"a": 0.7, "b": 0.2, "c": 0.1}, rng)[0] for _ in range(4000)]
    assert first.count("a") / 4000 == pytest.approx(0.7, abs=0.03) and first.count("c") / 4000 == pytest.approx(0.1, abs=0.02)


def test_a_record_gives_few_rows_and_further_sorts_as_often_as_the_table_says():
    many = [rows_of(Record(f"n{i}", "a.jpg", live=True, digital="none", cues={})) for i in range(1500)]
    names = [row.id.partition("/")[2] for rows in many for row in rows]
    assert max(map(len, many)) <= 5
    possible = {name: share for name, share in SHARES.items() if name not in ("place", "length")}
    assert all(names.count(name) / 1500 == pytest.approx(share, abs=0.04) for name, share in possible.items())


def test_what_has_no_medium_or_no_label_gives_no_row_of_a_task():
    assert rows_of(Record("a", "", live=True)) == []
    assert {row.meta["task"] for row in made(Record("a", "a.jpg"))} <= {"chat"}


def test_an_unknown_wording_is_one_line():
    with pytest.raises(FacewiseError, match="wording 'latin' does not exist; choose from plain, facs, megc"):
        rows_of(SMILE, "latin")


# Verdicts


@pytest.mark.parametrize(("record", "opening"), [(PRINT, "Spoof."), (PERSON, "Live.")])
def test_an_answer_about_an_attack_opens_with_the_verdict(record, opening):
    rows = [row for row in made(record, task="spoof") if row.meta["kind"] != "digital"]
    assert {row.meta["kind"] for row in rows} == {"verdict", "type", "why", "where", "conversation"}
    assert all(texts(row)[0].startswith(opening) for row in rows)


def test_no_other_answer_opens_with_a_verdict():
    openings = tuple(VERDICT_SENTENCES.values())
    for record in RECORDS:
        for row in made(record, partner=BEFORE):
            later = texts(row)[1:] if row.meta["task"] == "spoof" and record.live is not None else texts(row)
            if row.meta["kind"] == "digital":
                later = texts(row)
            assert not [text for text in later if text.startswith(openings) or text.startswith(("Live", "Spoof"))]


def test_a_reason_names_the_visible_cues_and_no_others():
    for row in made(PRINT, task="spoof"):
        if row.meta["kind"] == "digital":
            continue
        said = affirmed(" ".join(texts(row)))
        assert "edge" in said and "halftone" in said and "print" in said
        assert not [cue for cue in CUES if cue not in ("edge", "halftone", "other") and cue in said]


def test_without_known_cues_no_sign_is_named_and_none_denied():
    unknown = Record(**{**vars(PRINT), "cues": None})
    for row in made(unknown, task="spoof"):
        assert not [cue for cue in SHOWS if cue in " ".join(texts(row))], texts(row)
    assert all("no bezel" not in text for text in of_kind(Record("a", "a.jpg", live=True), "why"))


@pytest.mark.parametrize(("cues", "is_said"), [(None, False), ({}, True), ({"glare": 0.9}, False)])
def test_that_no_sign_is_clear_is_said_where_cues_are_known_and_none_is_visible(cues, is_said):
    record = Record("live", "a.jpg", live=True, cues=cues)
    said = " ".join(text for row in made(record, task="spoof") for text in texts(row))
    assert ("No single sign of an attack is clear." in said) == is_said and "A person is before the camera." in said
    assert cues != {"glare": 0.9} or "no glare" not in said


def test_asked_about_software_an_attack_before_the_camera_is_told_too():
    answers = of_kind(PRINT, "digital")
    assert answers and all(
        text.endswith(" What the camera saw is a presentation attack, though: print.")
        and not contradicts(text, answer_of(PRINT, "spoof"))
        for text in answers
    )
    assert not [row for row in made(PRINT, task="spoof") if text_faults(row, PRINT)]
    for live in (True, None):
        record = Record("cam", "a.jpg", live=live, digital="none")
        assert not any("attack" in text for text in of_kind(record, "digital"))


def test_two_sentences_of_a_place_are_joined_with_a_comma():
    moire = Record("x/m", "a.jpg", live=False, attack="replay", cues={"moire": 0.9, "screen grid": 0.8})
    assert any("two rasters meet, and a screen grid runs" in text for text in of_kind(moire, "why"))
    assert any("Borders: no edge and no bezel." in text for text in of_kind(moire, "why"))


def test_where_no_cue_is_visible_the_answer_says_so():
    faint = Record(**{**vars(PRINT), "cues": {"edge": 0.4}})
    assert any("No single cue is clear." in text for text in of_kind(faint, "verdict"))
    assert all("No single cue is clear." in text for text in of_kind(faint, "why"))


def test_a_faint_cue_is_neither_named_nor_denied():
    """At .4 one person sees it and another does not."""
    faint = Record(**{**vars(PRINT), "cues": {"edge": 0.9, "halftone": 0.4, "moire": 0.3, "screen grid": 0.3, "glare": 0.2}})
    said = [text for row in made(faint, task="spoof") for text in texts(row)]
    assert not [text for text in said for cue in ("halftone", "moire", "screen grid") if cue in text]
    assert any("Surface: no paper texture. Light: no glare and no flat shading." in text for text in said)
    live = Record("live", "a.jpg", live=True, cues={"halftone": 0.4})
    assert not [text for row in made(live, task="spoof") for text in texts(row) if "halftone" in text]
    blurred = Record(**{**vars(PRINT), "cues": {"edge": 0.9} | dict.fromkeys(PLACES["surface"], 0.3)})
    assert any("Surface: nothing is clear." in text for text in of_kind(blurred, "why"))
    assert not [fault for record in (faint, live, blurred) for row in made(record) for fault in text_faults(row, record)]


def test_a_manipulated_face_has_no_verdict():
    rows = made(SWAP, task="spoof")
    assert {row.meta["kind"] for row in rows} == {"digital", "conversation"}
    assert all(row.meta["label"] == "face swap" and "face swap" in texts(row)[0] for row in rows)
    assert not [text for row in rows for text in texts(row) if re.search(r"\b(?:live|spoof)\b", text, re.IGNORECASE)]


@pytest.mark.parametrize("attack", [*ATTACKS, None])
def test_every_attack_is_told_in_words_that_the_assistant_lets_pass(attack):
    record = Record(f"x/{attack}", "a.jpg", live=False, attack=attack, cues={"edge": 0.9}, box=(1.0, 2.0, 3.0, 4.0))
    for row in made(record, task="spoof", seeds=range(30)):
        assert agrees(texts(row)[0], answer_of(record, "spoof")), texts(row)[0]


def test_an_area_that_a_source_tells_in_words_is_told():
    record = Record("siw/1", "a.mp4", live=False, attack="glasses", source={"area": "eyes"})
    assert set(of_kind(record, "where")) == {"Spoof. The glasses cover the eyes."}


# Boxes


def test_every_place_in_a_text_has_its_box():
    boxed = 0
    for record in RECORDS:
        for row in made(record):
            said = "".join(part["text"] for message in row.messages for part in message["content"] if "text" in part)
            objects = row.objects or {"ref": [], "bbox": []}
            assert said.count(BOX) == len(objects["bbox"]) == len(objects["ref"])
            if row.objects:
                boxed += 1
                assert row.objects["bbox_type"] == "real" and all(len(box) == 4 for box in row.objects["bbox"])
    assert boxed > 20


def test_an_attack_is_located_and_so_is_a_face():
    located = next(row for row in made(PRINT) if row.meta["kind"] == "where")
    assert located.objects == {"ref": ["print"], "bbox": [[40.0, 12.0, 300.0, 410.0]], "bbox_type": "real"}
    face = next(row for row in made(LOOKS, seeds=range(200)) if row.meta["kind"] == "place")
    assert face.objects["ref"] == ["face"] and face.objects["bbox"] == [[10.0, 20.0, 110.0, 140.0]]


# Muscles and emotion


def answer_of(record: Record, task: str) -> Answer:
    """The object that the assistant would hold such a text against."""
    units = units_of(record)
    aus = {code: ActionUnitReading(0.0, 0.0, "both") for code in units.silent}
    aus |= {unit.code: ActionUnitReading(3.0 if unit.level is None else unit.level, 1.0, unit.side) for unit in units.active}
    word = record.emotion
    cues = tuple(Cue(name, value) for name, value in (record.cues or {}).items() if value >= 0.5)
    label = {True: "live", False: "spoof", None: None}[record.live]
    return Answer(
        task,
        "-",
        label if task == "spoof" else None,
        attack=record.attack,
        cues=cues,
        aus=aus,
        emotion=Emotion(word, {word: 1.0}) if word else None,
    )


def random_record(rng: random.Random, number: int) -> Record:
    """Some units with levels, some without, some unknown; perhaps an emotion; perhaps an attack with cues."""
    codes = rng.sample(AU_CODES, rng.randrange(23))
    levels = {code: rng.choice([(0.0, 0.0), (0.0, rng.uniform(0, 5)), (rng.uniform(0, 5), 0.0), (3.0, 3.4)]) for code in codes}
    rest = [code for code in AU_CODES if code not in levels]
    shown = {code: rng.choice(["both", "left", "right", "absent"]) for code in rng.sample(rest, rng.randrange(len(rest) + 1))}
    live = rng.choice([True, False, None])
    return Record(
        f"random/{number}",
        "a.jpg",
        aus=levels or None,
        shown=shown or None,
        emotion=rng.choice([*EMOTIONS, NO_PROTOTYPE, None]),
        live=live,
        attack=rng.choice([*ATTACKS, None]) if live is False else None,
        digital=rng.choice([*DIGITAL_TYPES, None]) if live is None else rng.choice(["none", None]),
        cues=rng.choice([None, {} if live else {cue: rng.random() for cue in rng.sample(CUES, 4)}]) if live is not None else None,
        box=rng.choice([None, (1.0, 2.0, 3.0, 4.0)]) if not live else None,
        affect=rng.choice([None, (rng.uniform(-1, 1), rng.uniform(-1, 1))]),
        source=rng.choice([{}, RIG]),
    )


FEW = 40
MANY = pytest.param(1000, marks=pytest.mark.slow)


@pytest.mark.parametrize("count", [FEW, MANY])
@pytest.mark.parametrize("wording", ["plain", "facs"])
def test_nothing_is_said_that_a_random_record_does_not_tell(wording, count):
    rng = random.Random(7)
    for number in range(count):
        record = random_record(rng, number)
        for row in rows_of(record, wording, number):
            if row.meta["task"] == "chat":
                continue
            for text in texts(row):
                check_text(text, row, record)


def check_text(text: str, row: Row, record: Record) -> None:
    units = units_of(record)
    task = "spoof" if row.meta["task"] == "spoof" else "describe"
    assert not contradicts(text, answer_of(record, task)), (text, record)
    assert set(mentioned_aus(text)) <= {unit.code for unit in units.active}, (text, record)
    assert set(mentioned_emotions(text)) <= {record.emotion}, (text, record)
    denied = {code for code in AU_CODES if re.search(rf"\b{PARTS[code]} (?:is|are) not {POSES[code]}", text)}
    assert denied <= set(units.silent), (text, record)
    if "no clear muscle action" in text or "No action unit is active" in text:
        assert units.complete and not units.active


@pytest.mark.parametrize("count", [FEW, MANY])
def test_what_is_taught_agrees_with_what_the_assistant_shows(count):
    rng = random.Random(11)
    for number in range(count):
        record = random_record(rng, number)
        units = units_of(record)
        for row in rows_of(record, "plain", number):
            task, first = row.meta["task"], texts(row)[0]
            known = units.active or units.complete
            if task == "emotion" or (task in ("au", "describe") and known and row.meta["kind"] != "conversation"):
                assert agrees(first, answer_of(record, task)), (first, record)
            if task == "spoof" and record.live is not None and row.meta["kind"] != "digital":
                assert agrees(first, answer_of(record, task)), (first, record)


@pytest.mark.parametrize(
    ("wording", "words"), [("plain", r"lip corners (?:clearly )?pulled up on the left"), ("facs", r"\(AU12, C, left\)")]
)
def test_a_side_is_the_persons_own_and_named(wording, words):
    answers = [
        texts(row)[0] for row in made(SMILE, wording, "au") if row.meta["kind"] in ("named", "graded", "muscles", "strength")
    ]
    assert answers and all(re.search(words, text) for text in answers)


def test_units_are_named_by_words_or_by_the_manual():
    plain = {text for text in of_kind(SMILE, "named") if "raised" in text}
    assert "The face shows cheeks raised and lip corners pulled up on the left." in plain
    assert "The face shows cheeks slightly raised and lip corners clearly pulled up on the left." in plain
    facs = {text for text in of_kind(SMILE, "named", "facs") if "raiser" in text}
    assert facs == {"The active action units are cheek raiser (AU6, B) and lip corner puller (AU12, C, left)."}


def test_what_a_muscle_does_is_said_with_its_noun_in_both_wordings():
    pronoun = re.compile(r"\b(?:them|they)\b|^its?\b")
    assert not [work for work in WORK.values() if pronoun.search(work)]
    for code in AU_CODES:
        record = Record(f"one/{code}", "a.jpg", aus=REST | {code: (3.0, 1.0)}, source=RIG)
        for wording in ("plain", "facs"):
            rows = [row for row in made(record, wording, "au", range(30)) if row.meta["kind"] == "muscles"]
            assert not [fault for row in rows for fault in text_faults(row, record)]


def test_the_strongest_is_named_and_so_are_those_that_share_its_level():
    (one,) = set(of_kind(SMILE, "strongest"))
    assert one.endswith("The strongest is lip corners pulled up on the left, at level 3 of 5.")
    tied = Record("rig/tied", "a.jpg", aus=REST | {"AU6": (3.0, 3.0), "AU12": (3.2, 3.2), "AU2": (1.0, 1.0)}, source=RIG)
    (both,) = set(of_kind(tied, "strongest"))
    assert both.endswith("The strongest are cheeks raised and lip corners pulled up, at level 3 of 5 each.")
    (coded,) = set(of_kind(tied, "strongest", "facs"))
    assert coded.endswith("The strongest are cheek raiser (AU6, C) and lip corner puller (AU12, C).")
    turns = [turn for row in made(SMILE) for turn in zip(texts(row, "user"), texts(row), strict=True)]
    told = {answer for question, answer in turns if question in FACE_FOLLOW_UPS["strongest"]}
    assert told == {one}


def test_codes_are_asked_for_where_the_wording_gives_them():
    asked = {
        wording: {q for row in made(SMILE, wording, seeds=range(300)) for q in texts(row, "user")}
        for wording in ("plain", "facs")
    }
    assert not asked["plain"] & set(OF_CODES) and asked["facs"] & set(OF_CODES)
    assert set(OF_CODES) <= set(pool_of("au")) and len(pool_of("au")) - len(OF_CODES) >= 40


def test_a_unit_without_a_level_gets_none():
    shown = Record("bp4d/1", "a.jpg", shown={"AU12": "both", "AU6": "right", "AU4": "absent"})
    kinds = {row.meta["kind"] for row in made(shown, task="au")}
    assert kinds & {"named", "muscles", "sides", "one unit"} == kinds
    assert not [text for row in made(shown) for text in texts(row) if "level " in text and row.meta["task"] == "au"]
    assert set(of_kind(shown, "named", "facs")) == {
        "The active action units are cheek raiser (AU6, right) and lip corner puller (AU12)."
    }


def test_a_unit_that_is_not_coded_is_neither_there_nor_at_rest():
    silent = Record("disfa/1", "a.jpg", aus=dict.fromkeys(("AU4", "AU25", "AU26"), (0.0, 0.0)))
    answers = {text for row in made(silent, task="au") for text in texts(row)}
    assert "The brows are not drawn down, the lips are not parted and the jaw is not dropped." in answers
    assert not [text for text in answers if "no clear muscle action" in text or "cheeks" in text]


def test_equal_levels_of_a_dataset_without_sides_are_no_symmetry():
    assert not [row for row in made(FRAME, seeds=range(200)) if row.meta["kind"] == "sides"]
    even = Record("rig/even", "a.jpg", aus=REST | {"AU12": (3.0, 3.0)}, source=RIG)
    assert any("Both sides do the same." in text for text in of_kind(even, "sides"))


def test_yes_and_no_are_right():
    units = {question: code for code, questions in ONE_UNIT.items() for question in questions}
    answers = {
        (units[texts(row, "user")[0]], texts(row)[0]) for row in made(FRAME, seeds=range(200)) if row.meta["kind"] == "one unit"
    }
    shown = "The face shows lip corners pulled up."
    assert answers == {
        ("AU12", f"{shown} So yes, the lip corners are pulled up at level 2 of 5."),
        ("AU4", f"{shown} So no, the brows are not drawn down."),
        ("AU25", f"{shown} So no, the lips are not parted."),
    }


def test_an_emotion_is_an_appearance_with_its_grounds():
    assert "The configuration resembles happiness." in {text[:38] for text in of_kind(SMILE, "named") if "config" in text}
    grounds = "Cheeks raised and lip corners pulled up on the left make up its full prototype."
    assert f"The configuration resembles happiness. {grounds}" in of_kind(SMILE, "why")
    assert all("As a look, it is pleasant and of middling energy." in text for text in of_kind(SMILE, "affect"))


def test_an_emotion_without_known_units_claims_none():
    record = Record("affectnet/1", "a.jpg", emotion="fear")
    rows = made(record)
    assert {row.meta["kind"] for row in rows if row.meta["task"] == "emotion"} == {"named"}
    assert not [row for row in rows if row.meta["task"] in ("au", "describe")]


def test_a_description_puts_the_levels_together():
    wholes = of_kind(SMILE, "whole")
    assert all("cheeks" in text and "happiness" in text and "the cheeks and the lip corners" in text for text in wholes)
    assert agrees(with_codes(wholes[0]), answer_of(SMILE, "describe"))


def test_a_talk_does_not_ask_for_times_that_were_told():
    talks = [texts(row) for row in made(READ_CLIP) if row.meta["kind"] == "conversation"]
    assert talks
    for first, *later in talks:
        assert "0.05" not in first and any("from 0.05 to 0.25 s" in text for text in later)


# Pairs


def test_a_pair_is_asked_about_as_two_pictures_before_and_after():
    (row,) = [row for row in rows_of(AFTER, partner=BEFORE) if row.meta["kind"] == "change"]
    assert [part["type"] for part in row.messages[0]["content"]] == ["image", "image", "text"]
    assert row.images == [BEFORE.media, AFTER.media] and row.meta["pair"] == BEFORE.id
    assert texts(row) == [
        "In the second picture the outer brows are raised on the right by three levels more and the brows are drawn down by two "
        "levels more; the lip corners are pulled up by three levels less."
    ]
    assert row.meta["label"] == "+AU2 +AU4 -AU12"


def test_a_unit_by_its_name_gets_stronger_or_weaker():
    (row,) = [row for row in rows_of(AFTER, "facs", partner=BEFORE) if row.meta["kind"] == "change"]
    assert texts(row) == [
        "In the second picture outer brow raiser (AU2, right) is three levels stronger and brow lowerer (AU4) is two levels "
        "stronger; lip corner puller (AU12) is three levels weaker."
    ]
    assert text_faults(row, AFTER) == []


def test_a_unit_that_changes_unlike_on_its_sides_is_told_for_each():
    after = Record(**{**vars(AFTER), "change": {"AU20": (-2.4, -1.1), "AU12": (3.0, 1.6), "AU7": (-0.3, -1.4)}})
    (row,) = [row for row in rows_of(after, partner=BEFORE) if row.meta["kind"] == "change"]
    assert texts(row) == [
        "In the second picture the lip corners are pulled up on the left by three levels more and the lip corners are pulled up on "
        "the right by two levels more; the lips are stretched sideways on the left by two levels less, the lids are tightened on "
        "the right by one level less and the lips are stretched sideways on the right by one level less."
    ]
    assert row.meta["label"] == "+AU12 -AU20 -AU7" and text_faults(row, after) == []


def test_without_the_partner_no_change_is_asked_about():
    assert not [row for row in rows_of(AFTER) if row.meta["kind"] == "change"]


# Clips


def test_both_shapes_of_a_clips_events_are_read():
    (read,), made_two = movements_of(READ_CLIP.clip), movements_of(MADE_CLIP.clip)
    assert (read.kind, read.onset, read.apex, read.offset, read.coarse, read.objective) == ("micro", 10, 23, 50, "positive", "I")
    assert [(unit.code, unit.level, unit.side) for unit in read.units] == [("AU6", None, "both"), ("AU12", 2.0, "left")]
    macro, blink = made_two
    assert [(unit.code, unit.level, unit.side) for unit in macro.units] == [("AU1", 2.1, "both"), ("AU2", 3.0, "left")]
    assert blink.kind == "blink" and macro.objective == "II"


def test_a_movement_is_possible_and_has_its_time_muscles_and_class():
    fact = "Movement 1, from 0.05 to 0.25 s with its apex at 0.12 s, is a possible micro-expression."
    for kind in ("spotted", "count", "course"):
        assert set(of_kind(READ_CLIP, kind)) == {f"One movement stands out. {fact}"}
    assert set(of_kind(READ_CLIP, "quick")) == set(of_kind(READ_CLIP, "when")) == {fact}
    assert all("peaks at 0.12 s" in text for text in of_kind(READ_CLIP, "apex"))
    assert all("lasts about 0.20 s, from 0.05 to 0.25 s" in text for text in of_kind(READ_CLIP, "duration"))
    assert all("cheeks raised and lip corners slightly pulled up on the left" in text for text in of_kind(READ_CLIP, "units"))
    told = "is of objective class I by its action units, counts as positive and resembles happiness"
    assert all(told in text for text in of_kind(READ_CLIP, "class"))


def test_the_whole_is_told_as_the_assistant_tells_it():
    happy = Emotion("happiness", {"happiness": 1.0}, "positive")
    aus = {"AU6": ActionUnitReading(2.0, 0.9, "both"), "AU12": ActionUnitReading(2.0, 0.9, "left")}
    interval = Interval(10, 23, 50, "micro", 0.9, aus, happy, onset_s=0.05, apex_s=0.115, offset_s=0.25)
    asked = " ".join(movements.whole((interval,), (interval,)))
    assert set(of_kind(READ_CLIP, "whole")) == {asked.replace(" (100%)", "")}


def test_a_movement_is_never_stated_as_a_micro_expression():
    for record in (READ_CLIP, MADE_CLIP, LONG_CLIP, STILL_CLIP, QUIET_CLIP):
        for text in (text for row in made(record, task="micro") for text in texts(row)):
            assert all(text[: found.start()].endswith("possible ") for found in re.finditer(r"m(?:i|a)cro-expression", text)), (
                text
            )


def test_several_movements_are_told_in_turn():
    (text,) = set(of_kind(LONG_CLIP, "spotted"))
    assert text == (
        "Two movements stand out. Movement 1, from 0.50 to 2.50 s with its apex at 1.10 s, is a possible macro-expression. "
        "Movement 2, from 4.50 to 4.90 s, is a possible micro-expression."
    )
    assert set(of_kind(LONG_CLIP, "quick")) == {"Movement 2, from 4.50 to 4.90 s, is a possible micro-expression."}
    assert all(text.startswith("Movement 1, a possible macro-expression, shows") for text in of_kind(LONG_CLIP, "units"))
    assert not of_kind(LONG_CLIP, "apex") and not of_kind(LONG_CLIP, "word")  # not told of both


def test_without_a_frame_rate_times_are_frames():
    clip = Record("a", "clip", clip={"fps": None, "events": READ_CLIP.clip["events"]})
    assert not [text for row in made(clip, task="micro") for text in texts(row) if " s)" in text or " s." in text]


def test_where_nothing_is_expressed_the_answer_says_what_moves_as_far_as_that_is_known():
    assert set(of_kind(STILL_CLIP, "spotted")) == {"No possible micro-expression shows in this clip."} or all(
        text.startswith("No possible micro-expression shows in this") for text in of_kind(STILL_CLIP, "spotted")
    )
    assert all(text.endswith("All that happens is a blink and a shift of the gaze.") for text in of_kind(QUIET_CLIP, "spotted"))


def test_a_clips_emotion_is_not_that_of_the_whole_clip():
    clip = Record(**{**vars(READ_CLIP), "emotion": "happiness"})
    assert not [row for row in made(clip) if row.meta["task"] in ("emotion", "describe")]


# The challenge


def test_the_challenge_is_asked_word_for_word():
    asked = {row.meta["kind"]: (row.messages[0]["content"][1]["text"], *texts(row)) for row in rows_of(READ_CLIP, "megc")}
    names = "cheek raiser, lip corner puller"
    assert asked["coarse"] == ("What is the coarse expression class?", "positive")
    assert asked["fine"] == ("What is the fine-grained expression class?", "happiness")
    assert asked["units"] == ("What are the action units?", names)
    assert asked["side"] == ("Is the action unit lip corner puller located on the left or right face?", "left")
    assert asked["all"] == (
        "What are the action units present, and based on them, what is the fine-grained expression and the coarse expression class?",
        f"The action units present are: {names}. Therefore, the fine-grained expression class is happiness, and the coarse "
        "expression class is positive.",
    )
    assert re.fullmatch(r"Is the action unit (cheek raiser|lip corner puller) shown on the face\?", asked["shown"][0])
    assert asked["shown"][1] == "yes" and asked["not shown"][1] == "no"
    assert "analyse" in asked["analysis"][0] or "analysis" in asked["analysis"][0]
    assert {row.meta["task"] for row in rows_of(READ_CLIP, "megc")} == {"micro"}


def test_long_videos_are_asked_about_counts_and_kinds():
    asked = {row.messages[0]["content"][1]["text"]: texts(row)[0] for row in made(LONG_CLIP, "megc")}
    assert asked == {
        "How many expression events appear in this video?": "2",
        "How many micro-expression events appear in this video?": "1",
        "How many macro-expression events appear in this video?": "1",
        "What distinct action units appear in this video?": "brow lowerer, cheek raiser, lip corner puller",
        "What is the expression type of the 1-th expression event in this video?": "macro-expression",
        "What is the expression type of the 2-th expression event in this video?": "micro-expression",
    }


def test_units_that_may_not_be_all_are_not_listed_as_distinct():
    events = [event | {"class": "IV"} for event in LONG_CLIP.clip["events"]]  # of units that are none of ours
    asked = {row.meta["kind"] for row in made(Record("a", "clip", clip={"fps": 30, "events": events}), "megc")}
    assert "count" in asked and "units" not in asked


@pytest.mark.parametrize(
    ("told", "names"),
    [("4", "brow lowerer"), ("4+23", "brow lowerer, lip tightener"), ("4+12(k)", None), ("14A or 17A", None), ("4+99", None)],
)
def test_the_challenges_list_of_units_is_whole_or_not_given(told, names):
    event = READ_CLIP.clip["events"][0] | {"shown": {"AU4": "both"}, "emotion": None, "coarse": "negative"}
    record = Record("a", "clip", clip={"fps": 200, "events": [event]}, source={"emotion": "repression", "action units": told})
    found = dict(exchanges(known_of(record), random.Random(0)))
    assert found["fine"].answer == "repression"
    assert (found["units"].answer if "units" in found else None) == names
    if names is None:
        assert set(found) == {"coarse", "fine"}


@pytest.mark.parametrize("wording", WORDINGS)
def test_a_question_of_the_challenges_files_is_passed_on_letter_by_letter(wording):
    asked = {"question": "What is the action unit?", "answer": "brow lowerer"}
    (row,) = rows_of(Record("megc/1", "clip", dataset="MEGC ME-VQA", emotion="disgust", source=asked), wording)
    assert (*texts(row, "user"), *texts(row)) == ("What is the action unit?", "brow lowerer")
    of_the_test_set = Record("megc/2", "clip", dataset="MEGC ME-VQA", source={"question": "What is the action unit?"})
    assert rows_of(of_the_test_set, wording) == []


def test_the_challenge_is_about_clips_alone():
    assert not [row for record in (PRINT, SMILE, LOOKS, STILL_CLIP) for row in made(record, "megc")]


# Looks and age


def test_each_of_the_forty_attributes_is_said_or_has_a_reason_why_not():
    assert sorted((*SAID, *UNSAID)) == sorted(FORTY) and all(UNSAID.values())


def test_what_is_not_to_be_said_changes_no_answer():
    judged = Record(**{**vars(LOOKS), "attributes": LOOKS.attributes | dict.fromkeys(UNSAID, True)})
    assert [row.messages for row in made(judged)] == [row.messages for row in made(LOOKS)]
    people = Record("utk/1", "a.jpg", age=34.0, attributes={"gender": "male", "race": "Asian"})
    assert {row.meta["task"] for row in made(people)} <= {"age", "chat"}


def test_looks_are_said_in_words():
    assert "The person has wavy brown hair and a beard and wears glasses. The brows are bushy." in of_kind(LOOKS, "listed")
    assert {"The hair is brown."} == set(of_kind(LOOKS, "colour"))
    assert "Yes, there are glasses." in of_kind(LOOKS, "one attribute")
    said = [text for row in made(LOOKS) if row.meta["task"] != "age" and row.meta["kind"] != "declined" for text in texts(row)]
    assert not [text for text in said if re.search(r"attract|\bm[ae]n\b|wom[ae]n|young", text)]


def test_an_age_is_an_estimate_about_the_label():
    answers = {text for row in made(LOOKS, task="age") for text in texts(row)}
    assert "The person looks about 34 years old." in answers
    assert "I would guess 34: a face tells an age only roughly." in answers
    assert all("34" in text and not re.search(r"give or take|\b(?:30|38)\b", text) for text in answers), "no label gives a margin"
    baby = Record("utk/2", "a.jpg", age=0.0)
    told = {row.meta["kind"] == "group": texts(row) for row in made(baby, task="age")}
    assert told[False] == ["Less than a year, by looks: a baby."] and told[True][0].endswith("by looks: less than a year old.")


@pytest.mark.parametrize(
    ("age", "question", "answer"),
    [
        (34.0, "Is this an adult?", "Yes, by looks: about 34."),
        (9.0, "Is this an adult?", "No, by looks: about 9."),
        (15.0, "Child, adult or elderly?", "A teenager, between the two, by looks: about 15."),
        (70.0, "Child, adult or elderly?", "Elderly, by looks: about 70."),
        (52.0, "Does the face look younger or older than forty?", "Older, by looks: about 52."),
        (19.6, "Could you give an age range?", "From ten to nineteen, by looks: about 19."),
    ],
)
def test_a_question_about_an_age_is_answered_in_its_own_terms(age, question, answer):
    record = Record("utk/3", "a.jpg", age=age)
    rows = made(record, task="age", seeds=range(400))
    assert {texts(row)[0] for row in rows if texts(row, "user") == [question]} == {answer}


@pytest.mark.parametrize("age", [0.0, 12.6, 15.0, 17.9, 19.6, 39.5, 40.0, 64.6, 101.0])
def test_no_group_of_ages_contradicts_the_age(age):
    record = Record("utk/4", "a.jpg", age=age)
    assert not [texts(row) for row in made(record, task="age", seeds=range(100)) if text_faults(row, record)]


# Conversations and chat


def test_a_conversation_shows_the_medium_once_and_goes_on_from_its_answers():
    rows = [row for row in made(PRINT) if row.meta["kind"] == "conversation"]
    assert rows and all(len(row.messages) >= 4 for row in rows)
    for row in rows:
        media = [part["type"] for message in row.messages for part in message["content"] if part["type"] != "text"]
        assert media == ["image"] and [message["role"] for message in row.messages] == ["user", "assistant"] * (
            len(row.messages) // 2
        )
        later = [message["content"][0]["text"] for message in row.messages[2::2]]
        assert all(any(text in in_every_medium(q) for qs in SPOOF_FOLLOW_UPS.values() for q in qs) for text in later)


def test_some_conversations_take_another_order():
    orders = {tuple(map(task_of, texts(row, "user"))) for row in made(SMILE) if row.meta["kind"] == "conversation"}
    assert {("au", "emotion", "describe"), ("describe", "emotion", "au"), ("au", "au", "au", "emotion", "describe")} <= orders


@pytest.mark.parametrize("record", [READ_CLIP, LOOKS, SWAP, SMILE, PERSON, FRAME])
def test_every_sort_of_record_is_talked_about(record):
    assert [row for row in made(record) if row.meta["kind"] == "conversation"]


def test_what_no_face_tells_is_declined_in_the_words_of_the_assistant():
    rows = [row for row in made(PERSON, seeds=range(1000)) if row.meta["kind"] == "declined"]
    assert {row.meta["label"] for row in rows} == {f"declined: {topic}" for topic in DECLINED}
    assert all(texts(row) == [refusal(texts(row, "user")[0])] for row in rows)


def test_no_answer_speaks_of_feelings_honesty_or_names():
    rows = [row for record in RECORDS for row in made(record, seeds=range(10), partner=BEFORE) if row.meta["kind"] != "declined"]
    for text in {text for row in rows for text in texts(row)}:
        assert refusal(text) is None, text
        assert not re.search(r"\b(?:is|are|feels?) (?:happy|sad|angry|afraid)\b|honest|deceiv|lying", text), text
