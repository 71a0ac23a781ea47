"""Texts against labels, pictures and people in two splits, words about people: what may stay in a data set."""

import random
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from facewise.data_builders.checks.association import Crosstab, holm, poisson_weights
from facewise.data_builders.checks.claims import claims
from facewise.data_builders.checks.demographics import demographic_audit
from facewise.data_builders.checks.near_duplicates import HASH_BITS, SAME_PICTURE_BITS, near_duplicates, perceptual_hash
from facewise.data_builders.checks.phrases import Phrases
from facewise.data_builders.checks.subjects import subject_leaks
from facewise.data_builders.checks.texts import text_faults
from facewise.data_builders.instructions import rows_of
from facewise.data_builders.readers.celeba_spoof import NAMES as ATTRIBUTES
from facewise.data_builders.records import SPLITS, Record
from facewise.data_builders.rows import Row, turn
from facewise.model.davison import CLASSES, davison_class
from facewise.model.davison import COARSE as DAVISON_COARSE
from facewise.model.taxonomy import ATTACKS, AU_CODES, CUES, DIGITAL_TYPES, EMOTIONS, NO_PROTOTYPE

SILENT = dict.fromkeys(AU_CODES, (0.0, 0.0))
SMILE = Record("r", "a.jpg", aus=SILENT | {"AU6": (2.0, 2.0), "AU12": (3.0, 3.0), "AU25": (2.0, 2.0)}, emotion="happiness")
PART = Record("r", "a.jpg", aus={"AU1": (0.0, 0.0), "AU4": (4.0, 4.0), "AU9": (0.0, 2.5)})
PRINT = Record(
    "r",
    "a.jpg",
    live=False,
    attack="print",
    digital="none",
    cues={"edge": 0.9, "halftone": 0.7, "glare": 0.2},
    box=(10, 10, 90, 90),
)
REPLAY = Record("r", "a.jpg", live=False, attack="replay", digital="none", cues={"bezel": 0.9, "moire": 0.7, "screen grid": 0.1})
LIVE = Record("r", "a.jpg", live=True, digital="none", cues={})
MASK = Record(
    "r",
    "a.jpg",
    live=False,
    attack="paper mask",
    digital="none",
    cues={"eye hole": 0.8, "cut-out rim": 0.6, "paper texture": 0.7},
)
SWAP = Record("r", "a.jpg", digital="face swap", cues={"blend seam": 0.7})
AGED = Record("r", "a.jpg", age=34.0, attributes={"gender": "female", "race": "Asian"})
TOLD = {
    "Eyeglasses": True,
    "Smiling": True,
    "Mustache": False,
    "No_Beard": True,
    "Brown_Hair": True,
    "Male": True,
    "Wearing_Hat": False,
}
CELEB = Record("r", "a.jpg", attributes=TOLD)
FLASH = {"kind": "micro", "onset": 10, "apex": 24, "offset": 60, "emotion": "disgust", "coarse": "negative", "class": "IV"}
CLIP = Record("r", "a.mp4", clip={"fps": 200, "events": [FLASH | {"shown": {"AU4": "both", "AU9": "both"}}]})
CHANGED = Record("r", "b.jpg", aus=SILENT | {"AU12": (3.0, 3.0)}, change={"AU12": (3.0, 3.0), "AU4": (-2.0, -2.0)}, pair="p")
BOXED = {"ref": ["print"], "bbox": [[10, 10, 90, 90]], "bbox_type": "real"}


def answered(answer, task, question="What do you see?", images=("a.jpg",), writer="some-model", **parts):
    said = [turn("user", question, ["image"] * len(images)), turn("assistant", answer)]
    return Row("r/row", said, list(images), meta={"task": task, "writer": writer}, **parts)


# What a careful person would write


FITTING = [
    (
        SMILE,
        "au",
        "The lip corners are drawn up and back, the cheeks are lifted, and the lips are slightly parted; the brows stay "
        "relaxed and the nose is not"
        " wrinkled.",
    ),
    (
        SMILE,
        "emotion",
        "The expression resembles happiness: a smile (AU12) with raised cheeks (AU6) is the classic pairing, and there is no "
        "frown or sneer to"
        " suggest otherwise.",
    ),
    (
        SMILE,
        "describe",
        "The mouth is open in a smile, with the corners of the lips lifted to about level 3 of 5. The cheeks are raised at "
        "level 2, which gathers"
        " the skin below the eyes. Taken together the configuration looks like happiness.",
    ),
    (SMILE, "emotion", "This looks happy rather than surprised, because the brows are not raised and the jaw has not dropped."),
    (SMILE, "au", "Active are AU6, AU12 and AU25. No other unit is clear."),
    (
        SMILE,
        "describe",
        "The face is smiling, cheeks raised, lips parted. Nothing here says what the person feels; the look resembles happiness.",
    ),
    (SMILE, "chat", "I cannot tell from a face whether someone is honest, but I can describe the smile."),
    (
        PART,
        "au",
        "The brows are strongly drawn together and lowered, and the nose is wrinkled on the person's own right. The inner "
        "brows are not raised.",
    ),
    (replace(PART, aus={"AU1": (0.0, 0.0)}), "au", "None of the coded units is active."),
    (PART, "au", "Brow lowerer (AU4, D) and nose wrinkler (AU9, C, right)."),
    (
        PRINT,
        "spoof",
        "Spoof. This is a printed photograph held before the camera: the straight edge of the paper is visible against the "
        "background, and fine"
        " printing dots break up the skin. There is no bezel, moire or pixel grid, so a screen is unlikely.",
    ),
    (
        PRINT,
        "spoof",
        "Spoof. A print. Halftone dots are visible, which would not occur on real skin, and no glare can be made out.",
    ),
    (
        REPLAY,
        "spoof",
        "Spoof. The face is shown on a screen. A dark device frame surrounds it and moiré bands run over the cheeks, as "
        "happens when a display is"
        " filmed.",
    ),
    (LIVE, "spoof", "Live. Natural skin. I looked for paper edges, halftone dots, a bezel and moire, and found none of them."),
    (LIVE, "spoof", "Live. No sign of a print, a screen or a mask is visible: there is no glare and no seam."),
    (
        MASK,
        "spoof",
        "Spoof. A paper mask is worn: the rim of the cut-out runs around the face, the eyes look through eye holes, and "
        "creases in the paper show.",
    ),
    (SWAP, "spoof", "The face was swapped by software: a faint seam runs along the cheek, where the blending boundary lies."),
    (SWAP, "spoof", "This is a deepfake rather than an untouched photo. A blending seam is visible along the jaw."),
    (AGED, "age", "The person appears to be in their mid-thirties, around 35 years old."),
    (AGED, "age", "About 33."),
    (CELEB, "attributes", "The man wears glasses and has brown hair; he is clean-shaven, without a moustache or hat."),
    (CELEB, "attributes", "Glasses are worn, the hair is brown, and the mouth forms a smile."),
    (
        CLIP,
        "micro",
        "A possible micro-expression begins around frame 10, peaks at frame 24 (0.12 s) and ends at frame 60 (0.3 s). The "
        "brows are lowered and"
        " the nose wrinkles, which resembles disgust, a negative expression.",
    ),
    (
        CLIP,
        "micro",
        "Between 0.05 and 0.30 seconds something that may be a micro-expression flashes up: brows drawn down with the nose "
        "wrinkled.",
    ),
]


@pytest.mark.parametrize(("record", "task", "answer"), FITTING)
def test_free_text_that_says_what_the_labels_say_may_stay(record, task, answer):
    assert text_faults(answered(answer, task), record) == []


WRONG = [
    (SMILE, "au", "The brows are lowered and the lips are pressed together.", "contradicts the label: brows are lowered"),
    (SMILE, "au", "The lip corners are pulled up on the left only, with the cheeks raised.", "contradicts the label"),
    (SMILE, "au", "The lip corners are pulled up at level 5 of 5.", "(level 5)"),
    (SMILE, "au", "There is no smile and the lips are parted.", "contradicts the label: smile, denied"),
    (SMILE, "au", "The cheek raiser (AU12) is active.", "gives words another unit's code"),
    (SMILE, "emotion", "The expression resembles surprise.", "contradicts the label: surprise"),
    (SMILE, "emotion", "The cheeks are raised and the lip corners pulled up.", "does not name the label: happiness"),
    (SMILE, "emotion", "She is happy, as the smile shows.", "says what someone feels: is happy"),
    (SMILE, "emotion", "The person feels joy. It resembles happiness.", "says what someone feels"),
    (
        SMILE,
        "emotion",
        "The configuration resembles happiness, as young women often show it.",
        "ties a demographic word to an emotion: women and",
    ),
    (SMILE, "emotion", "An Asian face. The configuration resembles happiness.", "says what no face tells: asian"),
    (SMILE, "emotion", "The person is Jewish; it resembles happiness.", "says what no face tells"),
    (SMILE, "describe", "This is Emma, whose configuration resembles happiness.", "names somebody or something: Emma"),
    (SMILE, "describe", "The smile looks deceptive; the configuration resembles happiness.", "speaks of honesty: deceptive"),
    (
        SMILE,
        "describe",
        "According to the ground truth the configuration resembles happiness.",
        "speaks of its labels: ground truth",
    ),
    (
        SMILE,
        "describe",
        "A beautiful, healthy face; the configuration resembles happiness.",
        "says what no face tells: beautiful",
    ),
    (SMILE, "au", "The face shows {units}.", "holds a placeholder: {units}"),
    (SMILE, "au", "", "empty answer"),
    (PART, "au", "The brows are drawn down and the lips are parted.", "is not in the labels: lips are parted"),
    (PART, "au", "The brows are drawn down; the mouth is closed.", "is not in the labels: mouth is closed, denied"),
    (PART, "au", "The brows are drawn down slightly.", "(slight)"),
    (PART, "au", "The brows are drawn down and the nose is wrinkled on the left.", "(left)"),
    (PART, "au", "No clear muscle action.", "contradicts the label: no clear muscle action"),
    (replace(PART, aus={"AU1": (0.0, 0.0)}), "au", "No clear muscle action.", "is not in the labels: no clear muscle action"),
    (PRINT, "spoof", "Live. No sign of an attack is visible.", "contradicts the label: live"),
    (PRINT, "spoof", "Spoof. A replay on a screen: the device frame is visible.", "contradicts the label: replay"),
    (PRINT, "spoof", "Spoof. A print, with glare on its glossy surface.", "names a cue that is not visible: glare"),
    (PRINT, "spoof", "Spoof. A print without any visible paper edge.", "contradicts the label: paper edge, denied"),
    (PRINT, "spoof", "It is a printed photo; halftone dots are visible.", "does not name the label: spoof"),
    (PRINT, "spoof", "Spoof. It lies in <bbox>; a print.", "boxes do not fit: 1 in the texts, 0 in the objects"),
    (LIVE, "spoof", "Spoof. A printed photo.", "contradicts the label: spoof"),
    (LIVE, "spoof", "Live, although a bezel is visible.", "names a cue that is not visible: bezel"),
    (LIVE, "spoof", "Live. The expression resembles happiness.", "is not in the labels: happiness"),
    (
        REPLAY,
        "spoof",
        "Spoof. A screen replay; the pixel grid is visible.",
        "names a cue that is not visible: pixel grid (screen grid)",
    ),
    (SWAP, "spoof", "Spoof. A printed photo.", "is not in the labels: spoof"),
    (SWAP, "spoof", "The photo is authentic, as a camera took it.", "contradicts the label"),
    (SWAP, "spoof", "The face was morphed.", "contradicts the label: morphed"),
    (replace(LIVE, cues=None), "spoof", "Live. No bezel is visible.", "is not in the labels: bezel, denied"),
    (AGED, "age", "The person looks about 55 years old.", "contradicts the label: 55 years old"),
    (AGED, "age", "A woman in her twenties.", "contradicts the label: twenties"),
    (AGED, "age", "A man of 34 years.", "contradicts the label: man"),
    (AGED, "age", "Somewhere from 60 to 70.", "contradicts the label: 60 to 70"),
    (CELEB, "attributes", "He wears a hat.", "contradicts the label: hat"),
    (CELEB, "attributes", "There are no glasses.", "contradicts the label: glasses, denied"),
    (CELEB, "attributes", "Glasses and earrings are worn.", "is not in the labels: earrings"),
    (CLIP, "micro", "A micro-expression occurs at frame 24.", "states a micro-expression as a fact"),
    (CLIP, "micro", "A possible micro-expression peaks at frame 30.", "contradicts the label: frame 30"),
    (CLIP, "micro", "A possible micro-expression has its onset at frame 24.", "contradicts the label: frame 24"),
    (CLIP, "micro", "A possible micro-expression at 0.5 s.", "contradicts the label: 0.5 s"),
    (CLIP, "micro", "A possible micro-expression of objective class I.", "contradicts the label: class i"),
    (CLIP, "micro", "Nothing moves in this clip.", "contradicts the label: nothing moves"),
    (
        CLIP,
        "micro",
        "A possible micro-expression: the lip corners are pulled up.",
        "contradicts the label: lip corners are pulled up",
    ),
    (
        CLIP,
        "micro",
        "A possible micro-expression that resembles happiness, so it is positive.",
        "contradicts the label: positive",
    ),
]


@pytest.mark.parametrize(("record", "task", "answer", "reason"), WRONG)
def test_what_the_labels_do_not_say_is_a_fault(record, task, answer, reason):
    faults = text_faults(answered(answer, task), record)
    assert any(reason in fault for fault in faults), faults


def test_a_bare_yes_or_no_is_held_against_its_question():
    assert text_faults(answered("No.", "au", "Is the person smiling?"), SMILE) == [
        "contradicts the label: smiling, denied",
        "does not name the label: AU12, AU25, AU6",
    ]
    assert text_faults(answered("Yes.", "au", "Is the nose wrinkled?"), SMILE)[0] == "contradicts the label: nose wrinkled"
    assert text_faults(answered("Yes.", "au", "Is the person smiling?"), SMILE) == []


def test_boxes_are_as_many_as_pointed_at_and_lie_where_the_label_lies():
    text = "Spoof. The print lies in <bbox>."
    assert text_faults(answered(text, "spoof", objects=BOXED), PRINT) == []
    moved = BOXED | {"bbox": [[60, 60, 190, 190]]}
    assert "contradicts the label: boxes [[60, 60, 190, 190]]" in text_faults(answered(text, "spoof", objects=moved), PRINT)
    turned = BOXED | {"bbox": [[90, 10, 10, 90]]}
    assert any("without area" in fault for fault in text_faults(answered(text, "spoof", objects=turned), PRINT))
    unanswered = text_faults(answered("Spoof. A print.", "spoof", "Where is the attack?"), PRINT)
    assert unanswered == ["does not name the label: the area that is asked for"]


def test_of_two_pictures_the_difference_is_what_counts():
    pair = {"images": ("a.jpg", "b.jpg")}
    assert (
        text_faults(answered("The lip corners are pulled up more, and the brows are drawn down less.", "au", **pair), CHANGED)
        == []
    )
    assert text_faults(answered("The nose is wrinkled.", "au", **pair), CHANGED)[0] == "is not in the labels: nose is wrinkled"
    turned = text_faults(
        answered("The lip corners are pulled up less, and the brows are drawn down more.", "au", **pair), CHANGED
    )
    assert turned == [
        "contradicts the label: lip corners are pulled up (less)",
        "contradicts the label: brows are drawn down (more)",
    ]
    assert text_faults(answered("There is a smile now, and the brows are no longer drawn down.", "au", **pair), CHANGED) == []


def test_of_a_change_that_differs_by_side_each_side_has_its_direction():
    pair = {"images": ("a.jpg", "b.jpg")}
    turned = Record("r", "b.jpg", change={"AU43": (3.9, -0.7), "AU7": (-1.2, 1.1)}, pair="p")
    right = (
        "The eyes are closed on the left by four levels more; the eyes are closed on the right by one level less.",
        "Lid tightener (AU7, right) is one level stronger; lid tightener (AU7, left) is one level weaker.",
    )
    assert [text_faults(answered(text, "au", **pair), turned) for text in right] == [[], []]
    wrong = "The eyes are closed on the right by one level more."
    assert text_faults(answered(wrong, "au", **pair), turned) == ["contradicts the label: eyes are closed (right)"]
    for wording in ("plain", "facs"):
        assert not [fault for row in template_rows(turned, wording) for fault in text_faults(row, turned)]


def test_a_side_whose_level_is_told_holds_beside_one_that_does_more():
    uneven = Record("r", "a.jpg", aus={"AU12": (3.0, 2.0), "AU6": (2.0, 0.0)})
    assert text_faults(answered("The lip corners are pulled up on the right at level 2 of 5.", "au"), uneven) == []
    for wrong in ("lip corners are pulled up on the right at level 4 of 5", "cheeks are raised on the right at level 1 of 5"):
        assert text_faults(answered(f"The {wrong}.", "au"), uneven)


def test_only_the_wording_of_the_challenge_calls_a_micro_expression_one():
    row = answered("A micro-expression of negative class.", "micro")
    assert text_faults(row, CLIP) == ["states a micro-expression as a fact: micro-expression"]
    assert text_faults(replace(row, meta=row.meta | {"wording": "megc"}), CLIP) == []


# What templates write


def units(rng, codes=AU_CODES, share=0.25):
    def sides():
        level = round(rng.uniform(0, 5), 2)
        return (level, level) if rng.random() < 0.6 else (level, round(rng.uniform(0, 5), 2))

    return {code: sides() if rng.random() < share else (0.0, 0.0) for code in codes}


def cues(rng):
    return {cue: round(rng.random(), 2) for cue in rng.sample(CUES, rng.randrange(6))}


def looks(rng):
    return {name: rng.random() < 0.3 for name in ATTRIBUTES} | {"No_Beard": False}


def clip(rng):
    """As readers tell one: what was coded, and no blinks."""
    told, end = [], 0
    for _ in range(rng.randrange(4)):
        onset = end + rng.randrange(3, 30)
        apex = onset + rng.randrange(2, 20)
        end = apex + rng.randrange(2, 30)
        codes = [code for code in rng.choice(CLASSES[rng.choice(list(CLASSES))]) if code in AU_CODES]
        name = davison_class(codes)
        told.append({"kind": rng.choice(("micro", "macro")), "onset": onset, "apex": apex, "offset": end, "class": name})
        told[-1] |= {"coarse": DAVISON_COARSE[name], "emotion": rng.choice((*EMOTIONS[1:], None))}
        told[-1] |= {
            "shown": {code: rng.choice(("both", "left", "right")) for code in codes},
            "intensity": {code: rng.choice("ABCDE") for code in codes},
        }
    return {"fps": rng.choice((25, 30, 200)), "events": told}


# A kind of source each: what its records tell.
TELLS = (
    lambda rng: {"aus": units(rng), "emotion": rng.choice((*EMOTIONS, NO_PROTOTYPE)), "source": {"made of": "rig"}},
    lambda rng: {"aus": units(rng, rng.sample(AU_CODES, 12))},
    lambda rng: {"shown": {code: rng.choice(("both", "left", "right", "absent", "absent")) for code in rng.sample(AU_CODES, 10)}},
    lambda rng: {"emotion": rng.choice(EMOTIONS), "affect": (rng.uniform(-1, 1), rng.uniform(-1, 1))},
    lambda rng: {"attributes": looks(rng)},
    lambda rng: {"age": float(rng.randrange(95)), "attributes": {"gender": rng.choice(("male", "female")), "race": "Indian"}},
    lambda rng: {"live": True, "digital": "none", "cues": {}},
    lambda rng: {
        "live": False,
        "attack": rng.choice(ATTACKS),
        "digital": "none",
        "cues": cues(rng),
        "box": (10.0, 20.0, 110.0, 150.0),
    },
    lambda rng: {"live": False, "attack": rng.choice((*ATTACKS, None)), "digital": "none"},
    lambda rng: {"digital": rng.choice((*DIGITAL_TYPES, "none")), "cues": cues(rng)},
    lambda rng: {"clip": clip(rng)},
    lambda rng: {
        "change": {code: (level := round(rng.uniform(-4, 4), 2), level) for code in rng.sample(AU_CODES, 3)},
        "pair": "p",
    },
)


def records(count, seed=0):
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        tell = TELLS[number % len(TELLS)](rng)
        yield Record(
            f"r{number}", f"{number}.{'mp4' if 'clip' in tell else 'jpg'}", dataset="D", subject=f"s{number % 7}", **tell
        )


def template_rows(record, wording):
    return rows_of(record, wording, 0, Record("p", "p.jpg") if record.pair else None)


@pytest.mark.parametrize("wording", ["plain", "facs", "megc"])
def test_what_our_templates_write_has_no_fault(wording):
    eye_closure = ("megc", "not shown")  # the challenge denies it where nobody codes blinks
    found = [
        (row.id, texts, faults)
        for record in records(240)
        for row in template_rows(record, wording)
        if (faults := text_faults(row, record)) and (wording, row.meta.get("kind")) != eye_closure
        for texts in [row.messages]
    ]
    assert not found, found[:3]


def test_almost_no_row_holds_against_the_labels_of_another_record():
    told, caught = 0, 0
    of_a_kind = [list(records(240))[kind :: len(TELLS)] for kind in range(len(TELLS))]
    for group in of_a_kind:
        for record, other in pairwise(group):
            for row in template_rows(record, "plain"):
                others = {each.meta["label"] for each in template_rows(other, "plain") if each.meta["task"] == row.meta["task"]}
                if row.meta["task"] != "chat" and row.meta["label"] not in others and row.meta.get("kind") != "digital":
                    told, caught = told + 1, caught + bool(text_faults(row, other))
    assert told > 150 and caught / told > 0.93, (caught, told)


# Claims


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("there is no smile, frown or squint.", {"AU12": True, "AU4|AU15": True, "AU6|AU7": True}),
        ("there is no smile, and the brows are drawn down.", {"AU12": True, "AU4": False}),
        ("inner and outer brows are raised.", {"AU1": False, "AU2": False}),
        ("the left lip corner is pulled up while the eyes are not closed.", {"AU12": False, "AU43": True}),
        ("the lips are not parted.", {"AU25": True}),
        ("au6+12 and au 25 are active.", {"AU6": False, "AU12": False, "AU25": False}),
        ("a smile would be expected.", {}),
        ("neither a smile nor a frown.", {"AU12": True, "AU4|AU15": True}),
        ("no doubt there is a smile.", {"AU12": False}),
        ("the face is photographed from the front.", {}),
    ],
)
def test_claims_are_read_with_their_denials(sentence, expected):
    assert {"|".join(claim.names): claim.denied for claim in claims(sentence) if claim.topic == "au"} == expected


def test_what_is_absent_none_of_a_list_or_not_visible_is_denied():
    for sentence in ("moire, glare and bezel: none is visible.", "a bezel is not visible.", "moire and glare are absent."):
        assert all(claim.denied for claim in claims(sentence)), sentence
    mixed = claims("a bezel is not visible and the lip corners are raised slightly.")
    assert [(claim.names[0], claim.denied) for claim in mixed] == [("bezel", True), ("AU12", False)]


def test_sides_levels_and_codes_belong_to_the_words_before_them():
    left, plain = claims("outer brows raised on the left and lips parted.")
    assert (left.side, plain.side) == ("left", None)
    twelve, six, last = claims("lip corner puller (au12, c), cheek raiser (au6, b, left), au25.")
    assert (twelve.level, twelve.code, six.level, six.side, last.names) == (3, "AU12", 2, "left", ("AU25",))
    assert claims("the strongest is lip corners pulled up, at level 3 of 5.")[0].level == 3
    assert claims("the inner brows are raised, more on the left.")[0].more


def test_unfolded_phrases_find_what_the_pattern_finds():
    phrases = Phrases([("brow", r"(?:inner |outer )?(?:eye)?brows?"), ("b", r"[- ]?b+|c{2}")])
    assert [(name, match[0]) for name, match in phrases.find("the inner eyebrow, brows, cc, bbb")] == [
        ("brow", "inner eyebrow"),
        ("brow", "brows"),
        ("b", "cc"),
        ("b", "bbb"),
    ]


# Pictures and people in two splits


def scene(seed, size=(180, 150)):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)
    return cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)


def apart(one, other):
    return (perceptual_hash(one) ^ perceptual_hash(other)).bit_count()


def test_a_picture_stays_near_itself_after_jpeg_and_scaling_and_another_does_not():
    picture = scene(0)
    jpeg = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR)
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert max(apart(picture, jpeg), apart(picture, half)) <= SAME_PICTURE_BITS
    assert min(apart(picture, scene(seed)) for seed in range(1, 30)) > 3 * SAME_PICTURE_BITS
    assert perceptual_hash(np.zeros((8, 8, 3), np.uint8)).bit_length() <= HASH_BITS


def test_a_grey_picture_has_the_hash_of_its_colours():
    picture = scene(1)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    assert perceptual_hash(grey) == perceptual_hash(picture) == perceptual_hash(np.asarray(Image.fromarray(grey)))


def hashed(count, seed=0):
    """Entries around a few hashes, up to 22 bits from them."""
    rng = np.random.default_rng(seed)
    centres = [int.from_bytes(rng.bytes(HASH_BITS // 8)) for _ in range(count // 10)]
    for number in range(count):
        mark = centres[rng.integers(len(centres))]
        for bit in rng.choice(HASH_BITS, rng.integers(0, 22), replace=False).tolist():
            mark ^= 1 << bit
        yield f"é{number}", SPLITS[rng.integers(3)], mark


def test_near_duplicates_are_those_that_comparing_all_with_all_finds():
    entries = list(hashed(400))
    expected = {}
    for name, split, mark in entries:
        nearer = [(mark ^ other).bit_count() for _, part, other in entries if SPLITS.index(part) > SPLITS.index(split)]
        if nearer and min(nearer) <= SAME_PICTURE_BITS:
            expected[name] = min(nearer)
    found = list(near_duplicates(entries))
    assert {pair.record: pair.distance for pair in found} == expected and len(expected) > 50
    where = {name: (split, mark) for name, split, mark in entries}
    assert all((where[pair.record][1] ^ where[pair.other][1]).bit_count() == pair.distance for pair in found)
    assert all(SPLITS.index(pair.split) < SPLITS.index(pair.other_split) for pair in found)
    assert [pair.record for pair in found] == [name for name, _, _ in entries if name in expected]


def test_a_thousand_equal_frames_are_a_thousand_reports_and_no_million():
    entries = [(f"black {number}", SPLITS[number % 3], 5) for number in range(3000)]
    found = list(near_duplicates(entries))
    assert len(found) == 2000 and {pair.distance for pair in found} == {0}


def test_nothing_is_near_in_an_empty_set_or_within_one_split():
    assert list(near_duplicates([])) == []
    assert list(near_duplicates([("a", "train", 1), ("b", "train", 1)])) == []


def test_a_person_in_two_splits_is_kept_by_the_one_that_matters_more():
    told = [
        ("ann", "train"),
        ("bob", "train"),
        ("", "train"),
        ("", "test"),
        ("ann", "test"),
        ("ann", "train"),
        ("cy", "val"),
        ("bob", "val"),
    ]
    ann, bob = subject_leaks(told)
    assert (ann.subject, ann.counts, ann.kept) == ("ann", {"train": 2, "test": 1}, "test")
    assert (bob.subject, bob.counts, bob.kept) == ("bob", {"train": 1, "val": 1}, "val")
    assert list(subject_leaks([])) == []


# Association


def crosstab(counts, repeats=1):
    table = Crosstab()
    for (label, group), n in counts.items():
        for number in range(n):
            for _ in range(repeats):
                table.add(label, group, f"{label} {group} {number}")
    return table


FOUR = {("a", "f"): 30, ("a", "m"): 10, ("b", "f"): 10, ("b", "m"): 30}


def test_cramers_v_of_four_cells_is_that_of_the_formula():
    """chi-square is 20 of 80: phi-square .25, less 1/79; over 1.98734 - 1 (Bergsma 2013)."""
    found = crosstab(FOUR).association()
    assert found.v == pytest.approx(((0.25 - 1 / 79) / (2 - 1 / 79 - 1)) ** 0.5, abs=0.02)
    assert found.low < found.v < found.high and found.p < 0.001 and found.n == 80 and not found.is_thin


def test_four_pictures_of_each_person_are_worth_one():
    found = crosstab(FOUR, repeats=4).association()
    assert found.n == 320 and found.effective == pytest.approx(80, rel=0.25)


def test_independent_labels_have_no_association_however_people_repeat():
    rng = np.random.default_rng(3)
    table = Crosstab()
    for person in range(200):
        group, label = "fm"[rng.integers(2)], "abc"[rng.integers(3)]
        for _ in range(10):
            table.add(label, group, str(person))
    found = table.association()
    assert found.low == 0.0 and found.p > 0.05 and found.effective < 400


def test_one_class_or_one_group_is_no_table():
    assert crosstab({("a", "f"): 3, ("a", "m"): 3}).association() is None
    assert Crosstab().association() is None and Crosstab().skewed(3) == []


def test_the_most_skewed_pair_is_told_with_what_chance_expects():
    first = crosstab(FOUR | {("b", "m"): 60}).skewed(1)[0]
    assert (first.observed, round(first.expected, 1)) in ((30, 14.5), (10, 25.5), (60, 44.5), (10, 25.5))
    assert abs(first.residual) > 5


def test_weights_of_the_bootstrap_are_poisson_and_the_same_for_one_subject():
    weights = poisson_weights(np.arange(3000, dtype=np.uint64)).astype(float)
    assert weights.mean() == pytest.approx(1, abs=0.01) and weights.var() == pytest.approx(1, abs=0.02)
    assert np.array_equal(poisson_weights(np.array([7], np.uint64))[0], weights[7])


def test_p_values_of_many_tables_are_adjusted():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


# Demographic words


def test_the_audit_finds_words_that_go_with_a_label_and_texts_that_tie_them():
    def row(number, label, text):
        meta = {"task": "emotion", "label": label, "subject": f"s{number}"}
        return Row(str(number), [turn("user", "?"), turn("assistant", text)], meta=meta)

    told = [row(n, "happiness", "A woman. It resembles happiness.") for n in range(40)]
    told += [row(n, "anger", "He stands. It resembles anger.") for n in range(40, 80)]
    told += [row(n, "anger", "A woman. It resembles anger.") for n in range(80, 90)]
    told += [row(90, "anger", "An angry man.")]
    audit = demographic_audit(iter(told))
    assert (audit["rows"], audit["ties"]) == (91, 1)
    assert audit["answers"]["gender"] == {"female": 50, "male": 41} and audit["answers"]["ethnicity"] == {}
    (table,) = audit["tables"]
    assert (table["label"], table["words"], table["n"]) == ("emotion", "gender", 91)
    assert table["counts"]["happiness"] == {"female": 40, "male": 0} and table["cramers_v"] > 0.7 and table["p"] < 0.001


def test_a_text_that_declines_to_tell_is_no_demographic_word():
    text = (
        "I cannot tell someone's race or origin from a face, but I can describe its muscle actions or check whether it is live."
    )
    row = Row("r", [turn("user", "Is she Asian?"), turn("assistant", text)], meta={"task": "chat", "label": "refused"})
    assert demographic_audit([row])["answers"] == {"gender": {}, "age group": {}, "ethnicity": {}}
    assert text_faults(row, LIVE) == []
