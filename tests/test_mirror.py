"""Mirrored rows: the picture is turned before it is perceived, words and boxes with it, and what cannot be turned stays as it is."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from test_row_lessons import built, lessons_of_rows, processor, row  # noqa: F401 (a fixture)

from facewise.data_builders.records import Record
from facewise.data_builders.rows import texts
from facewise.finetune.lessons.built_rows import TaughtRow, taught_rows
from facewise.finetune.lessons.media import Eyes
from facewise.finetune.lessons.mirror import can_exchange, drawn_mirrored, exchanged, may_mirror, mirrored
from facewise.finetune.lessons.seen_store import SeenStore
from facewise.finetune.recipe import Recipe
from facewise.model.perception.picture import Picture

OBJECTS = {"ref": ["print"], "bbox": [[0, 2, 3, 9]], "bbox_type": "real"}


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("The brows are raised on the left.", "The brows are raised on the right."),
        ("Lip corner puller (AU12, B, left).", "Lip corner puller (AU12, B, right)."),
        ("Left or right: where is each muscle active?", "Right or left: where is each muscle active?"),
        ("Compare the left and the right half.", "Compare the right and the left half."),
        ("The right eye is closed, her left lip corner too.", "The left eye is closed, her right lip corner too."),
        ("On the left at level 2 and on the right.", "On the right at level 2 and on the left."),
        ("The face is neutral.", "The face is neutral."),
    ],
)
def test_sides_are_exchanged_and_exchanged_back(text, turned):
    assert can_exchange(text) and exchanged(text) == turned
    assert can_exchange(turned) and exchanged(turned) == text


@pytest.mark.parametrize(
    "text",
    [
        "Is that right?",
        "All right, the face is live.",
        "The smile left the face.",
        "It leads to the right answer.",
        "Which side do you mean by left?",
        "The smile left eyes unmoved.",
        "Only the brows are left.",
        "LEFT or RIGHT?",
        "In an unmirrored picture.",
        "The leftmost face.",
    ],
)
def test_words_that_may_mean_anything_but_a_side_are_left_alone(text):
    assert not can_exchange(text)


def taught(tmp_path, **more) -> TaughtRow:
    pixels = np.zeros((8, 12, 3), np.uint8)
    pixels[0, [0, -1], 0] = 1, 2  # the first pixel says how many faces there are
    Image.fromarray(pixels).save(tmp_path / "a.png")
    folder = built(tmp_path, row(**more), records=[Record(id="one", media="a.png", face=(1, 2, 5, 6), live=True)])
    return taught_rows((folder,))[0]


def test_boxes_and_the_records_face_lie_at_the_other_side(tmp_path):
    turned = mirrored(taught(tmp_path, answer="Spoof. <bbox> on the left.", objects=OBJECTS))
    assert turned.row.objects["bbox"] == [[9, 2, 12, 9]] and turned.row.objects["ref"] == ["print"]
    assert turned.face == (7, 2, 11, 6) and turned.is_mirrored
    assert texts(turned.row) == ["Spoof. <bbox> on the right."]


def test_the_picture_is_turned_before_it_is_perceived(processor, tmp_path):  # noqa: F811
    plain, store = taught(tmp_path), SeenStore(tmp_path / "seen")
    eyes = Eyes(processor, store)
    (one,), (other,) = eyes.keys(plain), eyes.keys(mirrored(plain))
    assert one != other and [len(store[key].faces) for key in (one, other)] == [1, 2]


def test_clips_and_texts_without_a_picture_stay_as_they_are(tmp_path):
    plain = taught(tmp_path)
    assert may_mirror(plain)
    assert not may_mirror(replace(plain, row=replace(plain.row, images=[])))
    assert not may_mirror(replace(plain, row=replace(plain.row, videos=["a.mp4"])))
    unsure = taught(tmp_path, answer="Live. All right.")
    assert drawn_mirrored(Recipe(flips=1.0), [unsure]) == [unsure]


def test_about_as_many_rows_are_mirrored_as_the_recipe_says_and_the_same_ones_again(tmp_path):
    one = taught(tmp_path)
    rows = [replace(one, row=replace(one.row, id=f"r{number}")) for number in range(60)]
    first, again = ([each.is_mirrored for each in drawn_mirrored(Recipe(flips=0.5, seed=seed), rows)] for seed in (1, 1))
    assert first == again and 18 < sum(first) < 42
    assert not any(each.is_mirrored for each in drawn_mirrored(Recipe(), rows))


def test_a_lesson_of_a_mirrored_row_says_the_other_side(processor, tmp_path):  # noqa: F811
    pixels = np.zeros((8, 9, 3), np.uint8)
    pixels[0, [0, -1], 0] = 1
    Image.fromarray(pixels).save(tmp_path / "a.png")
    folder = built(tmp_path, row(answer="Spoof. <bbox> on the left.", kind="where", objects=OBJECTS))
    heard: list[str] = []
    (lesson,) = lessons_of_rows(processor, tmp_path, folder, heard, flips=1.0)
    assert heard == ["1 of 1 rows are taught mirrored"]
    assert "Spoof. [667, 222, 1000, 1000] on the right." in processor.tokenizer.decode(lesson.ids.tolist())


def test_a_mirrored_picture_is_the_same_seen_from_behind():
    from facewise.finetune.lessons.mirror import mirrored_picture

    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    turned = mirrored_picture(Picture(pixels))
    assert (turned.pixels == pixels[:, ::-1]).all() and turned.file is None
