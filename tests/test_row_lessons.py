"""Lessons of built rows: pictures are perceived once, the right face is named, labels and evidence agree, and nobody teaches who trained the encoder."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from noise_pack import noise, written
from PIL import Image
from test_lessons import said
from test_processing import Eyes as DrawnEyes
from test_processing import picture, tiny_tokenizer
from test_processing import tiny_encoder as digital_encoder

from facewise.data_builders.instructions.evidence_answers import answer_text
from facewise.data_builders.records import Record, write_records
from facewise.data_builders.rows import Row, row_line, turn
from facewise.finetune.encoder.packed import Packed, read_pack
from facewise.finetune.lessons.built_rows import folder_and_weight, taught_rows
from facewise.finetune.lessons.lesson import Lesson
from facewise.finetune.lessons.media import Eyes, without_noise
from facewise.finetune.lessons.row_lessons import RowTeacher
from facewise.finetune.lessons.seen import labelled_face, words_of
from facewise.finetune.lessons.seen_store import SeenStore, fingerprint
from facewise.finetune.lessons.unseen import teaching_rows
from facewise.finetune.recipe import Recipe
from facewise.model.errors import FacewiseError
from facewise.model.network.processing import FacewiseProcessor
from facewise.model.taxonomy import NO_FACE
from facewise.model.wording import evidence_text

BOTH = "both=1"


@pytest.fixture(scope="module")
def processor() -> FacewiseProcessor:
    """One token a byte; a picture's first pixel says how many faces it has."""
    return FacewiseProcessor(tiny_tokenizer(), DrawnEyes(digital_encoder()))


@pytest.fixture(scope="module")
def parted(tmp_path_factory) -> Packed:
    rows = {**noise(8), "split": torch.tensor([0, 0, 1, 1, 1, 1, 2, 2])}
    return read_pack(written(rows, tmp_path_factory.mktemp("pack") / "noise.safetensors"))


def built(folder: Path, *rows: Row, records: list[Record] | None = None) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "rows.jsonl").write_text("".join(map(row_line, rows)))
    write_records(folder / "records.jsonl", records or [Record(id="none", media="")])
    return str(folder)


def drawn(folder: Path, name: str, faces: int) -> str:
    folder.mkdir(exist_ok=True)
    Image.fromarray(picture(faces).pixels).save(folder / name)
    return name


def row(name: str = "r", question: str = "Is this face real?", answer: str = "Live. A person.", **more) -> Row:
    meta = {
        "task": "spoof",
        "kind": "verdict",
        "split": "train",
        "subject": "ann",
        "record": "one",
        "dataset": "D",
        "label": "live",
    }
    images = more.pop("images", ["a.png"])
    objects = more.pop("objects", None)
    messages = [turn("user", question, ["image"] * len(images)), turn("assistant", answer)]
    return Row(name, messages, images, objects=objects, meta={**meta, **more})


def lessons_of_rows(processor, folder: Path, told: str, heard: list[str] | None = None, **more) -> list[Lesson]:
    recipe = Recipe(rows=(told,), **{"evidence_mix": BOTH, **more})
    eyes = Eyes(processor, SeenStore(folder / "seen"))
    teacher = RowTeacher(recipe, eyes, lambda person: None)
    return teacher.lessons(taught_rows(recipe.rows), (heard if heard is not None else []).append)


def test_a_row_is_asked_about_the_face_that_its_record_names(processor, tmp_path):
    drawn(tmp_path, "a.png", 2)
    folder = built(tmp_path, row(), records=[Record(id="one", media="a.png", face=(0, 0, 9, 9), live=True)])
    (lesson,) = lessons_of_rows(processor, tmp_path, folder)
    text = processor.tokenizer.decode(lesson.ids.tolist())
    assert "Face 1: Is this face real?" in text and text.count("(evidence)") == 2
    assert (lesson.task, lesson.label, lesson.subject, lesson.dataset) == ("spoof", "live", "ann", "D")
    assert said(lesson.ids, lesson.counts, processor) == "Live. A person.<|im_end|>"


def test_the_only_face_is_named_in_some_questions_and_not_in_others(processor, tmp_path):
    drawn(tmp_path, "a.png", 1)
    lessons = lessons_of_rows(processor, tmp_path, built(tmp_path, *(row(f"r{i}") for i in range(40))))
    named = ["Face 1: Is this face" in processor.tokenizer.decode(lesson.ids.tolist()) for lesson in lessons]
    assert 8 < sum(named) < 32


def test_a_face_that_was_not_found_where_the_labels_say_teaches_nothing(processor, tmp_path):
    drawn(tmp_path, "a.png", 1)
    folder = built(tmp_path, row(), records=[Record(id="one", media="a.png", face=(100, 100, 120, 120))])
    heard: list[str] = []
    assert lessons_of_rows(processor, tmp_path, folder, heard) == []
    assert heard == ["1 rows are left out: the face that the labels speak of was not found"]


def test_a_picture_without_a_face_is_answered_by_the_sentence(processor, tmp_path):
    drawn(tmp_path, "a.png", 0)
    (lesson,) = lessons_of_rows(processor, tmp_path, built(tmp_path, row(objects=None)))
    assert said(lesson.ids, lesson.counts, processor) == f"{NO_FACE}<|im_end|>" and lesson.label == "no face"
    assert "Face 1" not in processor.tokenizer.decode(lesson.ids.tolist())
    assert (lesson.ids == processor.image_token_id).sum() == 1


def test_a_text_row_has_no_media_and_a_change_has_two(processor, tmp_path):
    drawn(tmp_path, "a.png", 1), drawn(tmp_path, "b.png", 1)
    text = row("t", "Who are you?", "Facewise.", images=[], task="chat")
    change = row("c", "What changed?", "More of the smile.", images=["a.png", "b.png"], task="au", kind="change")
    lessons = lessons_of_rows(processor, tmp_path, built(tmp_path, text, change))
    assert [len(lesson.showings) for lesson in lessons] == [0, 2]
    assert processor.tokenizer.decode(lessons[1].ids.tolist()).count("Face 1 (evidence)") == 2


def test_a_box_of_a_row_becomes_thousandths_of_the_crop(processor, tmp_path):
    drawn(tmp_path, "a.png", 1)
    objects = {"ref": ["print"], "bbox": [[0, 4.5, 9, 9]], "bbox_type": "real"}
    (lesson,) = lessons_of_rows(
        processor, tmp_path, built(tmp_path, row(answer="Spoof. The print covers <bbox>.", kind="where", objects=objects))
    )
    assert said(lesson.ids, lesson.counts, processor) == "Spoof. The print covers [0, 500, 1000, 1000].<|im_end|>"


def test_by_evidence_the_numbers_answer_and_the_label_gives_the_verdict(processor, tmp_path):
    drawn(tmp_path, "a.png", 1)
    units = row("au", "Which muscles?", "The face shows eyes closed.", task="au", kind="named")
    sides = row("sides", "Both sides?", "Yes.", task="au", kind="sides")
    chat = row("chat", "What can you do?", "A lot.", task="chat", kind="about")
    folder = built(tmp_path, row(), units, sides, chat, records=[Record(id="one", media="a.png", live=False)])
    heard: list[str] = []
    lessons = {lesson.id: lesson for lesson in lessons_of_rows(processor, tmp_path, folder, heard, answers="evidence")}
    face = processor.perceiver.perceive(picture(1)).faces[0].evidence
    assert set(lessons) == {"r", "au", "chat"} and "1 rows are left out: questions that the evidence does not answer" in heard
    assert said(lessons["r"].ids, lessons["r"].counts, processor) == answer_text("spoof", face, False) + "<|im_end|>"
    assert said(lessons["au"].ids, lessons["au"].counts, processor) == answer_text("au", face, None) + "<|im_end|>"


def test_labels_stay_where_words_are_noised_and_the_words_are_the_less_sure(processor, tmp_path):
    drawn(tmp_path, "a.png", 1), drawn(tmp_path, "b.png", 3)
    folder = built(tmp_path, row(), row("s", images=["b.png"], record="two"))
    # A tiny encoder nearly guesses: softened words mostly say what its own do, but not with this seed.
    shown = lessons_of_rows(processor, tmp_path, folder, evidence_mix="noised=1", seed=4)
    face = processor.perceiver.perceive(picture(1)).faces[0].evidence
    text = processor.tokenizer.decode(shown[0].ids.tolist())
    assert said(shown[0].ids, shown[0].counts, processor) == "Live. A person.<|im_end|>"
    assert f"Face 1 (evidence): {evidence_text(face)}" not in text and "Face 1 (evidence): " in text


def test_rows_of_a_folder_may_weigh_more():
    assert folder_and_weight("a/b:2.5") == (Path("a/b"), 2.5) and folder_and_weight("a:b") == (Path("a:b"), 1.0)
    with pytest.raises(FacewiseError, match="the weight behind the colon"):
        folder_and_weight("a:-1")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"images": []}, "a question of the task spoof about no picture"),
        ({"images": ["gone.png"]}, "gone.png is not there"),
        ({"answer": "Spoof. In <bbox>."}, "its texts have 1 places for a box"),
        ({"task": "walking"}, "its task is 'walking', expected one of"),
        ({"split": "test"}, "no row of the split train or val is there"),
        ({"answer": " "}, "an answer of the assistant is empty"),
        ({"objects": [1]}, "`objects` is wanted as"),
        ({"answer": "In <bbox>.", "objects": {"bbox": [["a", 1]]}}, "`objects` is wanted as"),
        ({"frames": ["a"]}, r"its frames are \['a'\], expected \[first, last\]"),
    ],
)
def test_a_row_that_cannot_teach_is_one_line(tmp_path, changed, words):
    drawn(tmp_path, "a.png", 1)
    with pytest.raises(FacewiseError, match=words) as caught:
        taught_rows((built(tmp_path, row(**changed)),))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "message", ["hi", {"role": "user"}, {"role": "user", "content": "hi"}, {"content": [{"text": "hi"}]}, {"content": ["hi"]}]
)
def test_a_message_of_another_form_is_one_line(tmp_path, message):
    odd = Row("m", [message, turn("assistant", "Yes.")], meta={"task": "chat", "split": "train"})
    with pytest.raises(FacewiseError, match="row 'm': a message is wanted as"):
        taught_rows((built(tmp_path / "odd", odd),))


def test_what_libraries_tell_while_media_are_perceived_is_dropped(capfd):
    with without_noise():
        os.write(2, b"W0000 from C"), print("from Python", file=sys.stderr)
    print("ours", file=sys.stderr)
    assert capfd.readouterr().err == "ours\n"


def test_a_folder_without_rows_and_turns_out_of_turn_are_one_line(tmp_path):
    with pytest.raises(FacewiseError, match="facewise build"):
        taught_rows((str(tmp_path),))
    with pytest.raises(FacewiseError, match="no row of the split"):
        taught_rows((built(tmp_path / "empty"),))
    mute = Row("m", [turn("user", "Hm?")], meta={"task": "chat", "split": "train"})
    with pytest.raises(FacewiseError, match="row 'm': user and assistant must take turns"):
        taught_rows((built(tmp_path / "mute", mute),))


# Who may teach


def taught(tmp_path, *people: tuple[str, str]):
    rows = [row(f"{i}", images=[], task="chat", subject=who, split=split) for i, (who, split) in enumerate(people)]
    return taught_rows((built(tmp_path / "set", *rows),))


def test_nobody_whom_the_encoder_was_trained_on_teaches_words_and_nobody_who_calibrates(parted, tmp_path):
    """Of the pack 0 and 1 train, 2 and 4 teach, 3 and 5 calibrate."""
    rows = taught(
        tmp_path, *((f"{i:06d}", "train" if i < 2 else "val") for i in range(6)), ("somebody", "train"), ("other", "val")
    )
    heard: list[str] = []
    kept = teaching_rows(Recipe(), rows, parted, heard.append)
    assert [row.subject for row in kept] == ["000002", "000004", "somebody"]
    assert heard == [
        "of 8 rows 2 are left out, whose people the encoder is trained on, and 3 of the split val, whose people are kept for calibration"
    ]


def test_with_folds_everybody_of_train_teaches_and_without_a_pack_too(parted, tmp_path):
    rows = taught(tmp_path, ("000000", "train"), ("000003", "val"), ("somebody", "train"))
    with_folds = teaching_rows(Recipe(encoder_folds=5), rows, parted, [].append)
    assert [row.subject for row in with_folds] == ["000000", "somebody"]
    heard: list[str] = []
    alone = teaching_rows(Recipe(stages=("instruct",), encoder_from="default"), rows, None, heard.append)
    assert [row.subject for row in alone] == ["000000", "somebody"] and "nobody knows here" in heard[0]


def test_a_set_of_the_encoders_own_people_alone_is_refused(parted, tmp_path):
    with pytest.raises(FacewiseError, match="give --encoder_folds 5"):
        teaching_rows(Recipe(), taught(tmp_path, ("000000", "train")), parted, [].append)


def test_words_come_from_the_encoder_that_did_not_see_the_person_and_tokens_from_the_own(processor, tmp_path):
    drawn(tmp_path, "a.png", 1)
    folder = built(tmp_path, row())
    torch.manual_seed(7)
    stranger = type(digital_encoder())(digital_encoder().config).eval()
    recipe = Recipe(rows=(folder,), evidence_mix=BOTH, answers="evidence")
    eyes = Eyes(processor, SeenStore(tmp_path / "seen"))
    eyes.with_encoder = lambda encoder: Eyes(FacewiseProcessor(processor.tokenizer, DrawnEyes(encoder)), eyes.store)
    teacher = RowTeacher(recipe, eyes, lambda person: stranger if person == "ann" else None)
    (lesson,) = teacher.lessons(taught_rows(recipe.rows), [].append)
    own = processor.perceiver.perceive(picture(1)).faces[0]
    other = DrawnEyes(stranger).perceive(picture(1)).faces[0]
    text = processor.tokenizer.decode(lesson.ids.tolist())
    assert evidence_text(other.evidence) in text and evidence_text(own.evidence) not in text
    assert torch.equal(lesson.showings[0].shown().features, own.features)


# What was seen is kept


def test_a_picture_is_perceived_once_and_found_again_by_another_run(processor, tmp_path):
    drawn(tmp_path, "a.png", 2)
    told = built(tmp_path, row(), row("s", question="Real or fake?"))
    perceiver = processor.perceiver
    perceiver._memory.clear()
    before = perceiver.encoded
    first = lessons_of_rows(processor, tmp_path, told)
    again = lessons_of_rows(processor, tmp_path, told)
    assert perceiver.encoded == before + 1 and len(list((tmp_path / "seen").glob("*.safetensors"))) == 1
    for one, two in zip(first, again, strict=True):
        assert torch.equal(one.ids, two.ids)
        assert torch.equal(one.showings[0].shown().features, two.showings[0].shown().features)


def test_what_is_kept_is_what_was_seen(processor, tmp_path):
    eyes = Eyes(processor, SeenStore(tmp_path))
    seen = eyes._picture(picture(3))
    eyes.store.keep("key", lambda: seen)
    eyes.store.flush()
    found = SeenStore(tmp_path)["key"]
    assert found.shown.words == seen.shown.words and torch.equal(found.shown.features, seen.shown.features)
    assert [face.box for face in found.faces] == [face.box for face in seen.faces]
    for kept, face in zip(found.faces, seen.faces, strict=True):
        assert evidence_text(kept.evidence) == evidence_text(face.evidence) and kept.evidence.aus == face.evidence.aus
        assert np.array_equal(kept.evidence.attack_map, face.evidence.attack_map)


def test_another_encoder_finds_nothing_of_the_first(processor):
    torch.manual_seed(5)
    other = type(digital_encoder())(digital_encoder().config)
    prints = {
        fingerprint(encoder, None, faces) for encoder, faces in ((digital_encoder(), 8), (other, 8), (digital_encoder(), 4))
    }
    assert len(prints) == 3 and fingerprint(digital_encoder(), None, 8) in prints


def test_a_damaged_cache_is_one_line(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"half a file")
    with pytest.raises(FacewiseError, match="a damaged cache"):
        SeenStore(tmp_path)


def test_the_words_of_one_face_of_several_can_be_anothers(processor):
    seen = Eyes(processor, SeenStore(Path("nowhere")))._picture(picture(3))
    own = seen.shown.words
    assert words_of(seen, "both") == own and words_of(seen, "tokens").count("(evidence): not given\n") == 3
    changed = words_of(seen, "both", (1, "spoof 99%")).split("\n")
    kept = own.split("\n")
    assert changed[2] == "Face 2 (evidence): spoof 99%" and changed[:2] + changed[3:] == kept[:2] + kept[3:]


def test_the_labelled_face_is_the_one_under_the_box(processor):
    seen = Eyes(processor, SeenStore(Path("nowhere")))._picture(picture(2))
    assert (
        labelled_face(seen, None) == 0
        and labelled_face(seen, (0, 0, 9, 9)) == 0
        and labelled_face(seen, (50, 50, 60, 60)) is None
    )
