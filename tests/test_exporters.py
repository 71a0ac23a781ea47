"""Built sets in other tools' formats: what each tool's own loader wants, boxes as each spells them, and nothing dropped in silence.

The rules were found by loading exported sets with LLaMA-Factory 0.9.5, ms-swift 4.6.0, ms-vlmeval 0.0.20 and llava-torch 1.2.2; `datasets` and TRL
load them here.
"""

import argparse
import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from facewise.data_builders.exporters import command
from facewise.data_builders.exporters.export import export_rows
from facewise.data_builders.exporters.exporters import EXPORTERS
from facewise.data_builders.exporters.redistribution import may_be_passed_on
from facewise.data_builders.records import Record, json_line
from facewise.data_builders.rows import Row, row_line, turn
from facewise.model.errors import FacewiseError

CLIP = "a folder of frames, where the format takes a video file"


def picture(path: Path, width: int = 200, height: int = 100, orientation: int = 1) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (width, height), "grey").save(path, exif=exif)
    return str(path)


def frames(folder: Path, *numbers: int) -> str:
    for number in numbers:
        picture(folder / f"img{number}.jpg", 32, 32)
    return str(folder)


def video(path: Path) -> str:
    path.write_bytes(b"a video")
    return str(path)


def row(name: str, question: str, answer: str, kinds: tuple[str, ...] = (), **values) -> Row:
    told = {"record": f"set/{name}", "dataset": "Set", "licence": "MIT", "subject": f"set/{name}", "split": "train", "task": "au"}
    meta = told | {"wording": "plain"} | values.pop("meta", {})
    messages = [turn("user", question, kinds), turn("assistant", answer), *values.pop("more", ())]
    return Row(f"set/{name}/au", messages, meta=meta, **values)


def boxed(path: str, text: str = "Spoof. The screen is at <bbox>.", box: tuple = (50, 20, 150, 80)) -> Row:
    objects = {"ref": ["screen"], "bbox": [list(box)], "bbox_type": "real"}
    return row("box", "Is this face real?", text, ("image",), images=[path], objects=objects)


def built(folder: Path, *rows: Row, records: tuple[Record, ...] = ()) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.jsonl").write_text("".join(map(row_line, rows)))
    (folder / "records.jsonl").write_text("".join(map(json_line, records)))
    (folder / "README.md").write_text("---\nlicense: other\n---\n\n# A set\n")
    return folder


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def only(name: str, tmp_path: Path, exported: Row) -> dict:
    """The one object of a set of one row."""
    report = export_rows(name, built(tmp_path / "set", exported), tmp_path / "out")
    assert report.written == 1 and not report.left_out
    path = tmp_path / "out" / f"{report.stems[0]}.{EXPORTERS[name].suffix}"
    return json.loads(path.read_text())[0] if path.suffix == ".json" else lines(path)[0]


def refused(name: str, tmp_path: Path, exported: Row, *others: Row) -> str:
    """The reason why a row is left out."""
    kept = row("kept", "What can you do?", "I look at faces.")
    report = export_rows(name, built(tmp_path / "set", kept, exported, *others), tmp_path / "out")
    assert report.written == 1
    return next(iter(report.left_out))


# Boxes


def test_llavas_boxes_are_fractions_of_the_picture_padded_to_a_square(tmp_path):
    """200 x 100: 50 pixels of padding above and below."""
    item = only("llava", tmp_path, boxed(picture(tmp_path / "a.png")))
    assert item["conversations"][1]["value"] == "Spoof. The screen is at [0.25, 0.35, 0.75, 0.65]."


def test_llavas_padding_is_the_left_half_and_the_smaller_one_where_the_difference_is_odd(tmp_path):
    """101 x 200: expand2square puts 49 columns to the left."""
    item = only("llava", tmp_path, boxed(picture(tmp_path / "a.png", 101, 200), "At <bbox>.", (0, 0, 101, 200)))
    assert item["conversations"][1]["value"] == "At [0.24, 0.00, 0.75, 1.00]."


@pytest.mark.parametrize("name", ["sharegpt", "trl", "vlmevalkit"])
def test_boxes_in_text_are_thousandths_that_a_trainers_resizing_leaves_true(tmp_path, name):
    export_rows(name, built(tmp_path / "set", boxed(picture(tmp_path / "a.png"))), tmp_path / "out")
    file = next(path for path in (tmp_path / "out").iterdir() if "train" in path.name)
    assert b"The screen is at [250, 200, 750, 800]." in file.read_bytes()


def test_ms_swift_gets_pixels_and_the_placeholder(tmp_path):
    item = only("ms-swift", tmp_path, boxed(picture(tmp_path / "a.png")))
    assert item["messages"][1]["content"] == "Spoof. The screen is at <bbox>."
    assert item["objects"] == {"ref": ["screen"], "bbox": [[50, 20, 150, 80]], "bbox_type": "real"}


def test_boxes_of_several_turns_keep_their_order(tmp_path):
    objects = {"ref": ["eye", "mouth"], "bbox": [[0, 0, 100, 50], [100, 50, 200, 100]], "bbox_type": "real"}
    more = (turn("user", "And the mouth?"), turn("assistant", "At <bbox>."))
    path = picture(tmp_path / "a.png")
    talk = row("talk", "Where is the eye?", "At <bbox>.", ("image",), images=[path], objects=objects, more=more)
    said = [message["value"] for message in only("sharegpt", tmp_path, talk)["conversations"]]
    assert said[1::2] == ["At [0, 0, 500, 500].", "At [500, 500, 1000, 1000]."]


@pytest.mark.parametrize("name", ["llava", "sharegpt", "ms-swift", "trl"])
def test_a_box_that_lies_on_one_of_two_pictures_is_left_out(tmp_path, name):
    path = picture(tmp_path / "a.png")
    objects = {"ref": ["eye"], "bbox": [[0, 0, 9, 9]], "bbox_type": "real"}
    two = row("two", "Where?", "At <bbox>.", ("image", "image"), images=[path, path], objects=objects)
    assert refused(name, tmp_path, two) == "boxes in a row that has not exactly one picture"


def test_a_box_without_its_place_is_left_out(tmp_path):
    assert "do not match" in refused("sharegpt", tmp_path, boxed(picture(tmp_path / "a.png"), "At <bbox> and <bbox>."))


# What EXIF turns


@pytest.mark.parametrize("name", ["llava", "sharegpt", "ms-swift"])
def test_a_picture_that_exif_turns_is_left_out_where_the_tool_would_show_it_on_its_side(tmp_path, name):
    lying = boxed(picture(tmp_path / "a.jpg", orientation=6))
    assert refused(name, tmp_path, lying).startswith("a picture that EXIF turns")


def test_trl_gets_a_picture_that_exif_turns_with_boxes_of_the_upright_one(tmp_path):
    """`datasets` turns it: 200 x 100 lying is 100 x 200 upright."""
    lying = boxed(picture(tmp_path / "a.jpg", orientation=6))
    export_rows("trl", built(tmp_path / "set", lying), tmp_path / "out")
    assert b"at [500, 100, 1000, 400]." in (tmp_path / "out/train.parquet").read_bytes()


# Media and turns


def test_llava_names_one_picture_several_pictures_and_a_video(tmp_path):
    path, clip = picture(tmp_path / "a.png"), video(tmp_path / "v.mp4")
    rows = (
        row("one", "Real?", "Live.", ("image",), images=[path]),
        row("two", "What changed?", "Nothing.", ("image", "image"), images=[path, path]),
        row("clip", "What moves?", "Nothing.", ("video",), videos=[clip]),
        row("none", "Hello?", "Hello."),
    )
    export_rows("llava", built(tmp_path / "set", *rows), tmp_path / "out")
    one, two, moving, none = json.loads((tmp_path / "out/train.json").read_text())
    assert one["image"] == path and one["conversations"][0] == {"from": "human", "value": "<image>\nReal?"}
    assert two["image"] == [path, path] and two["conversations"][0]["value"] == "<image>\n<image>\nWhat changed?"
    assert moving["video"] == clip and moving["conversations"][0]["value"] == "<video>\nWhat moves?"
    assert none.keys() == {"id", "conversations"}


def test_a_folder_of_frames_is_a_list_in_a_file_of_its_own(tmp_path):
    """Sorted by number, not by name; a JSON column holds strings or lists, never both."""
    folder = frames(tmp_path / "clip", 9, 10, 11)
    rows = (
        row("frames", "What moves?", "Nothing.", ("video",), videos=[folder]),
        row("file", "What moves?", "Nothing.", ("video",), videos=[video(tmp_path / "v.mp4")]),
    )
    for name in ("sharegpt", "ms-swift"):
        export_rows(name, built(tmp_path / "set", *rows), tmp_path / name)
        assert lines(tmp_path / name / "train.jsonl")[0]["videos"] == [str(tmp_path / "v.mp4")]
        (listed,) = lines(tmp_path / name / "train_frames.jsonl")[0]["videos"]
        assert [Path(frame).name for frame in listed] == ["img9.jpg", "img10.jpg", "img11.jpg"]


def test_a_part_of_a_folder_is_its_frames_and_a_part_of_a_video_is_left_out(tmp_path):
    folder = frames(tmp_path / "clip", 7, 8, 9, 10)
    part = row("part", "What moves?", "Nothing.", ("video",), videos=[folder], meta={"frames": [1, 2]})
    (listed,) = only("ms-swift", tmp_path, part)["videos"]
    assert [Path(frame).name for frame in listed] == ["img8.jpg", "img9.jpg"]
    beyond = row("beyond", "What moves?", "Nothing.", ("video",), videos=[folder], meta={"frames": [3, 4]})
    assert "does not have" in refused("ms-swift", tmp_path / "c", beyond)
    cut = row("cut", "What moves?", "Nothing.", ("video",), videos=[video(tmp_path / "v.mp4")], meta={"frames": [1, 2]})
    assert "--media copy cuts it out" in refused("ms-swift", tmp_path / "b", cut)


def test_paths_are_absolute_whatever_the_set_says(tmp_path, monkeypatch):
    picture(tmp_path / "set/media/a.png")
    built(tmp_path / "set", row("in", "Real?", "Live.", ("image",), images=["media/a.png"]))
    monkeypatch.chdir(tmp_path)
    export_rows("sharegpt", Path("set"), Path("out"))
    assert lines(tmp_path / "out/train.jsonl")[0]["images"] == [str(tmp_path / "set/media/a.png")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("llava", CLIP),
        ("trl", "a clip, where the format takes pictures only"),
        ("vlmevalkit", "no picture, which each row of the format has"),
    ],
)
def test_what_a_format_cannot_hold_is_counted_by_reason(tmp_path, name, reason):
    clip = row("clip", "What moves?", "Nothing.", ("video",), videos=[frames(tmp_path / "clip", 1, 2)])
    rows = (
        clip,
        row("chat", "Hello?", "Hello."),
        row("kept", "Real?", "Live.", ("image",), images=[picture(tmp_path / "a.png")]),
    )
    report = export_rows(name, built(tmp_path / "set", *rows), tmp_path / "out")
    assert report.left_out[reason] == 1
    assert report.written + report.left_out.total() == 3


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row("gone", "Real?", "Live.", ("image",), images=["gone.png"]), "a medium that is not there"),
        (row("places", "Real?", "Live.", ("image",)), "media that do not match"),
        (row("token", "What does <image> mean?", "Nothing."), "words that hold <image>"),
        (row("turns", "Real?", "Live.", more=(turn("assistant", "Yes."),)), "no conversation"),
        (row("half", "Real?", "Live.", more=(turn("user", "Sure?"),)), "no conversation"),
    ],
)
@pytest.mark.parametrize("name", ["llava", "sharegpt", "ms-swift", "trl"])
def test_what_no_tool_would_train_on_rightly_is_left_out(tmp_path, name, bad, reason):
    assert refused(name, tmp_path, bad).startswith(reason)


def test_a_system_message_is_kept_where_the_format_has_one(tmp_path):
    told = row("told", "Real?", "Live.")
    told.messages.insert(0, turn("system", "Be brief."))
    assert only("sharegpt", tmp_path / "a", told)["conversations"][0] == {"from": "system", "value": "Be brief."}
    assert refused("llava", tmp_path / "b", told) == "a system message"


# Formats


def test_llama_factorys_stanzas_name_the_files_and_their_columns(tmp_path):
    test = row("test", "Real?", "Live.", meta={"split": "test"})
    export_rows("sharegpt", built(tmp_path / "set", row("train", "Real?", "Live."), test), tmp_path / "out")
    stanzas = json.loads((tmp_path / "out/dataset_info.json").read_text())
    assert stanzas.keys() == {"facewise_train", "facewise_test"}
    for stanza in stanzas.values():
        (item,) = lines(tmp_path / "out" / stanza["file_name"])
        assert set(stanza["columns"].values()) <= item.keys()  # its converter looks up each of them
        assert item["conversations"][0].keys() == {stanza["tags"]["role_tag"], stanza["tags"]["content_tag"]}
        assert item["conversations"][0]["from"] == stanza["tags"]["user_tag"]


def test_a_conversation_is_one_prompt_and_completion_an_answer(tmp_path):
    from pyarrow.parquet import read_table

    more = (turn("user", "Why?"), turn("assistant", "A bezel is seen."))
    talk = row("talk", "Real?", "Spoof.", ("image",), images=[picture(tmp_path / "a.png")], more=more)
    export_rows("trl", built(tmp_path / "set", talk), tmp_path / "out")
    first, second = read_table(tmp_path / "out/train.parquet").to_pylist()
    assert [message["role"] for message in second["prompt"]] == ["user", "assistant", "user"]
    assert second["completion"][0]["content"] == [{"type": "text", "text": "A bezel is seen."}]
    assert [part["type"] for part in first["prompt"][0]["content"]] == ["image", "text"]
    assert len(first["images"]) == len(second["images"]) == 1 and first["id"] != second["id"]


def test_vlmevalkits_table_is_read_back_by_pandas_as_it_reads_it(tmp_path):
    import pandas

    path = picture(tmp_path / "a.png")
    rows = (
        row("one", 'Is it "real"?\nSay why.', "Live.\tNo sign.", ("image",), images=[path]),
        row("two", "What changed?", "Nothing.", ("image", "image"), images=[path, path]),
        row("talk", "Real?", "Live.", ("image",), images=[path], more=(turn("user", "Sure?"), turn("assistant", "Yes."))),
    )
    report = export_rows("vlmevalkit", built(tmp_path / "set", *rows), tmp_path / "out")
    table = pandas.read_csv(tmp_path / "out/facewise_train.tsv", sep="\t")
    assert report.left_out == {"a conversation of several turns": 1}
    assert list(table.columns) == ["index", "id", "image_path", "question", "answer", "category", "split"]
    assert table["question"][0] == 'Is it "real"?\nSay why.' and table["answer"][0] == "Live.\tNo sign."
    assert table["image_path"][0] == path and table["image_path"][1] == f"['{path}', '{path}']"
    assert table["index"].is_unique


def megc_set(tmp_path: Path) -> Path:
    """A row of CASME II in the challenge's words, and two that come from its own files."""
    asked = {"video": "SAMM-1", "video_id": "samm_1", "question": "What is the action unit?"}
    taught = {"dataset": "samm", "subject": "samm_006", "filename": "006_1_2", "image_id": "x", "question": "Q?", "answer": "A"}
    records = (
        Record("casme2/sub01/EP02_01f", "clip", subject="casme2/sub01"),
        Record("megc/me_vqa_samm_casme2_smic_v2/3", "clip", subject="samm/006", source=taught),
        Record("megc/me_vqa_samm_v2_test_to_answer/1", "clip", subject="megc/SAMM-1", source=asked),
    )
    folder = frames(tmp_path / "clip", 1, 2)
    texts = (("What is the coarse expression class?", "positive"), ("Q?", "A"), ("What is the action unit?", "brow lowerer"))
    rows = [
        row("m", *text, ("video",), videos=[folder], meta={"record": record.id, "subject": record.subject, "wording": "megc"})
        for record, text in zip(records, texts, strict=True)
    ]
    return built(tmp_path / "set", row("plain", "Real?", "Live."), *rows, records=(Record("set/plain", "x"), *records))


def test_megc_rows_are_as_the_challenge_hands_them_out_and_takes_them(tmp_path):
    report = export_rows("megc", megc_set(tmp_path), tmp_path / "out")
    assert report.left_out == {"words that are not the challenge's (facewise build --wording megc)": 1}
    assert lines(tmp_path / "out/train.jsonl") == [
        {
            "dataset": "casme2",
            "subject": "casme2_sub01",
            "filename": "EP02_01f",
            "question": "What is the coarse expression class?",
            "answer": "positive",
        }
    ]
    assert lines(tmp_path / "out/me_vqa_samm_v2_test_pred.jsonl") == [
        {"video": "SAMM-1", "video_id": "samm_1", "question": "What is the action unit?", "answer": "brow lowerer"}
    ]
    (kept,) = lines(tmp_path / "out/me_vqa_samm_casme2_smic_v2.jsonl")
    assert kept["image_id"] == "x" and kept["filename"] == "006_1_2"


def test_what_was_exported_as_megc_is_read_again(tmp_path):
    from facewise.data_builders.readers.faults import Faults
    from facewise.data_builders.readers.megc import MEGC

    export_rows("megc", megc_set(tmp_path), tmp_path / "out")
    (tmp_path / "out/train.jsonl").rename(tmp_path / "out/me_vqa_train.jsonl")
    faults = Faults()
    read = {record.id: record for record in MEGC.records(tmp_path / "out", {}, faults)}
    assert not faults.counts
    assert read["megc/me_vqa_train/1"].subject == "casme2/sub01"
    assert read["megc/me_vqa_train/1"].source["filename"] == "EP02_01f"


def test_rows_that_do_not_follow_their_records_are_told(tmp_path):
    folder = megc_set(tmp_path)
    (folder / "records.jsonl").write_text(json_line(Record("set/plain", "x")))
    with pytest.raises(FacewiseError, match="no record casme2/sub01/EP02_01f in the place of row"):
        export_rows("megc", folder, tmp_path / "out")


def trl_export(tmp_path: Path) -> Path:
    """What `load_dataset` takes: a boxed picture, two pictures, a conversation, and words alone."""
    path = picture(tmp_path / "a.jpg", 64, 32, orientation=6)
    more = (turn("user", "Why?"), turn("assistant", "A bezel is seen."))
    rows = (
        boxed(path),
        row("two", "What changed?", "The jaw dropped.", ("image", "image"), images=[path, path]),
        row("talk", "Real?", "Spoof.", ("image",), images=[path], more=more),
        row("chat", "Hello?", "Hello."),
        row("test", "Real?", "Live.", ("image",), images=[path], meta={"split": "test"}),
    )
    export_rows("trl", built(tmp_path / "set", *rows), tmp_path / "out")
    return tmp_path / "out"


def test_datasets_loads_the_trl_export_with_upright_pictures(tmp_path):
    from datasets import load_dataset

    sets = load_dataset(str(trl_export(tmp_path)), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in sets.items()} == {"train": 5, "test": 1}
    assert [image.size for image in sets["train"][1]["images"]] == [(32, 64), (32, 64)]
    assert sets["train"][4]["images"] == []


ANSWERS = [
    "Spoof. The screen is at [1000, 312, 1000, 1000].",
    "The jaw dropped.",
    "Spoof.",
    "A bezel is seen.",
    "Hello.",
]


def llava_processor():
    """Tiny, of the real architecture: four image tokens a picture."""
    from test_processing import IMAGE_TOKEN, tiny_tokenizer
    from transformers import LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    template = (
        f"{{% for message in messages %}}{{{{ message.role }}}}: {{% for part in message.content %}}"
        f"{{{{ '{IMAGE_TOKEN}' if part.type == 'image' else part.text }}}}{{% endfor %}}{{{{ '<|im_end|>' if message.role == 'assistant' }}}}"
        "{% endfor %}{{ 'assistant: ' if add_generation_prompt }}"
    )
    looks = CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    counted = {"patch_size": 14, "num_additional_image_tokens": 1, "vision_feature_select_strategy": "default"}
    return LlavaProcessor(looks, tiny_tokenizer(), chat_template=template, image_token=IMAGE_TOKEN, **counted)


@pytest.mark.slow
def test_trls_collator_scores_the_answers_and_nothing_else(tmp_path):
    from datasets import load_dataset
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    rows = load_dataset(str(trl_export(tmp_path)), split="train", cache_dir=str(tmp_path / "cache"))
    processor = llava_processor()
    batch = DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True)(list(rows))
    scored = [processor.tokenizer.decode(labels[labels != -100]) for labels in batch["labels"]]
    assert scored == [f"{answer}<|im_end|>" for answer in ANSWERS]
    shown = (batch["input_ids"] == processor.image_token_id).sum(1).tolist()
    assert shown == [4, 8, 4, 4, 0]


@pytest.mark.slow
def test_trls_collator_takes_our_own_processor(tmp_path):
    """It hands over a list of pictures a row, and no text as special."""
    from datasets import load_dataset
    from test_processing import Eyes, tiny_encoder, tiny_tokenizer
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    from facewise.model.network.processing import FacewiseProcessor

    rows = load_dataset(str(trl_export(tmp_path)), split="train", cache_dir=str(tmp_path / "cache"))
    processor = FacewiseProcessor(tiny_tokenizer(), Eyes(tiny_encoder()))
    batch = DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True)(list(rows))
    scored = [processor.tokenizer.decode(labels[labels != -100]).strip() for labels in batch["labels"]]
    assert scored == [f"{answer}<|im_end|>" for answer in ANSWERS]


@pytest.mark.slow
def test_trls_trainer_trains_on_the_export(tmp_path):
    from datasets import load_dataset
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration
    from trl import SFTConfig, SFTTrainer

    sets = load_dataset(str(trl_export(tmp_path)), cache_dir=str(tmp_path / "cache"))
    processor = llava_processor()
    tiny = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**tiny, image_size=28, patch_size=14),
        text_config=LlamaConfig(**tiny, vocab_size=len(processor.tokenizer), num_key_value_heads=2),
        image_token_index=processor.image_token_id,
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
    )
    arguments = SFTConfig(
        output_dir=str(tmp_path / "run"),
        max_length=None,
        max_steps=1,
        per_device_train_batch_size=5,
        use_cpu=True,
        bf16=False,
        report_to="none",
    )
    trainer = SFTTrainer(
        LlavaForConditionalGeneration(config),
        arguments,
        train_dataset=sets["train"],
        eval_dataset=sets["test"],
        processing_class=processor,
    )
    assert trainer.train().training_loss > 0


# All of it or nothing


def test_an_export_that_fails_leaves_nothing_behind(tmp_path):
    folder = built(tmp_path / "set", row("one", "Real?", "Live."))
    with (folder / "rows.jsonl").open("a") as file:
        file.write("no row\n")
    with pytest.raises(FacewiseError, match="rows.jsonl:2"):
        export_rows("sharegpt", folder, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


def test_a_folder_that_holds_something_is_not_written_into(tmp_path):
    folder = built(tmp_path / "set", row("one", "Real?", "Live."))
    with pytest.raises(FacewiseError, match="a folder of its own"):
        export_rows("sharegpt", folder, folder)
    (tmp_path / "empty").mkdir()
    assert export_rows("sharegpt", folder, tmp_path / "empty").written == 1


def test_nothing_to_export_is_an_error_that_says_why(tmp_path):
    folder = built(tmp_path / "set", row("one", "Real?", "Live."))
    with pytest.raises(FacewiseError, match=r"no row can be exported to megc \(1: words that are not the challenge's"):
        export_rows("megc", folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(FacewiseError, match="no such file of rows"):
        export_rows("megc", tmp_path / "nowhere", tmp_path / "out")


def test_only_the_splits_that_are_asked_for_are_exported(tmp_path):
    rows = [row(split, "Real?", "Live.", meta={"split": split}) for split in ("train", "val", "test")]
    report = export_rows("ms-swift", built(tmp_path / "set", *rows), tmp_path / "out", ["val", "test"])
    assert report.written == 2 and report.files == ("test.jsonl", "val.jsonl")


def test_the_command_tells_what_was_written_what_was_left_out_and_how_it_is_used(tmp_path, capsys):
    rows = (row("one", "Real?", "Live."), row("gone", "Real?", "Live.", ("image",), images=["gone.png"]))
    words = ["export", str(built(tmp_path / "set", *rows)), "--to", "sharegpt", "--out", str(tmp_path / "out")]
    assert data(words) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"1 rows -> {tmp_path / 'out'} (dataset_info.json, train.jsonl)"
    assert told[1] == "1 left out: 1: a medium that is not there"
    assert told[2].startswith("To use them: dataset_dir: ") and "facewise_train" in told[2]


def test_the_command_tells_of_conversations_that_a_format_splits(tmp_path, capsys):
    talk = row("talk", "Real?", "Live.", ("image",), images=[picture(tmp_path / "a.png")])
    talk = dataclasses.replace(talk, messages=[*talk.messages, turn("user", "Why?"), turn("assistant", "A person.")])
    assert data(["export", str(built(tmp_path / "set", talk)), "--to", "trl", "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.startswith("1 rows as 2 examples -> ")


def data(words: list[str]) -> int:
    parser = argparse.ArgumentParser()
    command.add_verbs(parser.add_subparsers())
    args = parser.parse_args(words)
    return args.verb(args)


# The hub

SHA = "0" * 40


class Hub:
    """What huggingface_hub would have sent."""

    def __init__(self, private: bool = False):
        self.private, self.made, self.files = private, {}, {}

    def create_repo(self, api, repo_id, **asked):
        self.made = asked
        return SimpleNamespace(repo_id=repo_id if "/" in repo_id else f"me/{repo_id}")

    def repo_info(self, api, repo_id, **asked):
        return SimpleNamespace(id=repo_id, sha=SHA, private=self.private)

    def upload_file(self, api, path_or_fileobj, path_in_repo, repo_id, **asked):
        """It is there, too, when `datasets` looks at what the repository holds."""
        self.files[path_in_repo] = path_or_fileobj
        here = Path("datasets", f"{repo_id}@{SHA}", path_in_repo)
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_bytes(path_or_fileobj)

    def preupload_lfs_files(self, api, repo_id, additions, **asked):
        """The files are gone when the commit is made."""
        for addition in additions:
            with addition.as_file() as file:
                self.files[addition.path_in_repo] = file.read()

    def create_commit(self, api, repo_id, operations, **asked):
        for operation in operations:
            if operation.path_in_repo.endswith(".md"):
                self.files[operation.path_in_repo] = operation.path_or_fileobj

    def table(self, split: str) -> list[dict]:
        import io

        from pyarrow.parquet import read_table

        return read_table(io.BytesIO(self.files[f"data/{split}-00000-of-00001.parquet"])).to_pylist()


@pytest.fixture
def hub(monkeypatch, tmp_path) -> Hub:
    """Stands where huggingface_hub's calls go out; somebody is logged in."""
    import datasets.dataset_dict
    import huggingface_hub
    from fsspec.implementations.local import LocalFileSystem

    fake = Hub()
    for name in ("create_repo", "repo_info", "upload_file", "preupload_lfs_files", "create_commit"):
        method = getattr(fake, name)
        monkeypatch.setattr(huggingface_hub.HfApi, name, lambda api, *args, _method=method, **asked: _method(api, *args, **asked))
    monkeypatch.setattr(
        datasets.dataset_dict, "HfFileSystem", lambda **asked: LocalFileSystem()
    )  # below the folder that we are in
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_secret")
    monkeypatch.chdir(tmp_path)
    return fake


def pushed(tmp_path: Path, *flags: str, licence: str = "MIT") -> int:
    rows = (
        row("one", "Real?", "Live.", ("image",), images=[picture(tmp_path / "disk/photos/a/1.png")], meta={"licence": licence}),
        row("two", "Real?", "Live.", ("image",), images=[picture(tmp_path / "disk/photos/b/2.png")], meta={"licence": licence}),
        row("clip", "Real?", "Live.", ("video",), videos=[frames(tmp_path / "disk/photos/c", 1)], meta={"split": "test"}),
    )
    return data(["push", str(built(tmp_path / "set", *rows)), "me/faces", *flags])


def test_rows_are_pushed_without_media_and_without_a_word_of_where_they_lie(hub, tmp_path, capsys):
    assert pushed(tmp_path) == 0
    told = capsys.readouterr().out
    assert told.startswith("2 train, 1 test rows without media -> http") and told.endswith("/datasets/me/faces\n")
    assert [told["images"] for told in hub.table("train")] == [["Set/a/1.png"], ["Set/b/2.png"]]
    assert hub.table("test")[0]["videos"] == ["Set/c"]
    assert json.loads(hub.table("train")[0]["meta"])["licence"] == "MIT"
    assert not [name for name, held in hub.files.items() if str(tmp_path).encode() in held]
    card = hub.files["README.md"].decode()
    assert "license: other" in card and "# A set" in card and "No media were uploaded" in card
    assert "path: data/train-*" in card  # what `datasets` knows of the files


@pytest.mark.parametrize("licence", ["signed agreement, research (IPCAS)", ""])
def test_what_its_licence_keeps_back_is_not_pushed_unless_the_user_may_pass_it_on(hub, tmp_path, licence):
    with pytest.raises(FacewiseError, match=f"Set \\(.*{licence[:8] or 'no licence is told'}.*--i-may-redistribute"):
        pushed(tmp_path, licence=licence)
    assert not hub.files
    assert pushed(tmp_path, "--i-may-redistribute", licence=licence) == 0
    assert hub.table("train")[0]["images"] == ["Set/a/1.png"]


def test_pictures_are_pushed_only_when_both_flags_are_given(hub, tmp_path):
    with pytest.raises(FacewiseError, match="--i-may-redistribute"):
        pushed(tmp_path, "--embed")
    assert not hub.files
    assert pushed(tmp_path, "--embed", "--i-may-redistribute") == 0
    (image,) = hub.table("train")[0]["images"]
    assert image == {"path": "1.png", "bytes": (tmp_path / "disk/photos/a/1.png").read_bytes()}
    assert hub.table("test")[0]["videos"] == ["Set/c"]
    assert not [name for name, held in hub.files.items() if str(tmp_path).encode() in held]


def test_a_picture_that_is_gone_is_told_before_anything_is_uploaded(hub, tmp_path):
    gone = built(tmp_path / "set", row("one", "Real?", "Live.", ("image",), images=["gone.png"]))
    with pytest.raises(FacewiseError, match="gone.png: the picture of row set/one/au is not there"):
        data(["push", str(gone), "me/faces", "--embed", "--i-may-redistribute"])
    assert not hub.files and not hub.made


def test_media_that_lie_all_over_a_disk_are_named_by_their_files(tmp_path):
    from facewise.data_builders.exporters.push import Survey

    survey = Survey()
    for path in ("/one/disk/a.png", "/other/disk/b.png"):
        survey.add(row("x", "Real?", "Live.", ("image",), images=[path]))
    assert survey.name(row("x", "Real?", "Live."), "/one/disk/a.png") == "Set/a.png"
    assert survey.name(row("x", "Real?", "Live."), "media/a.png") == "media/a.png"


def test_nobody_logged_in_is_told_how_to(hub, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(FacewiseError, match="run `hf auth login`"):
        pushed(tmp_path)
    assert not hub.files and not hub.made


def test_a_private_set_does_not_go_to_a_public_repository(hub, tmp_path):
    with pytest.raises(FacewiseError, match="is there and public"):
        pushed(tmp_path, "--private")
    assert not hub.files and hub.made["private"]
    hub.private = True
    assert pushed(tmp_path, "--private") == 0


def test_what_the_hub_refuses_is_one_line(hub, tmp_path, monkeypatch):
    from huggingface_hub.errors import HfHubHTTPError, HTTPError

    with pytest.raises(FacewiseError, match="is no name of a repository"):
        data(["push", str(built(tmp_path / "set", row("one", "Real?", "Live."))), "my faces"])
    response = SimpleNamespace(headers={}, status_code=403, request=None)
    for error in (HfHubHTTPError("403 Forbidden", response=response), HTTPError("no route to host")):

        def refuse(*args, _error=error, **asked):
            raise _error

        monkeypatch.setattr("huggingface_hub.HfApi.upload_file", refuse)
        with pytest.raises(FacewiseError, match="not uploaded to me/faces: (403|no route)"):
            pushed(tmp_path)


@pytest.mark.parametrize(
    "licence", ["MIT", "MIT (ICT-FaceKit)", "Apache License 2.0", "CC BY 4.0", "CC-BY-NC-SA-4.0", "CC0 1.0 Universal"]
)
def test_open_licences_let_a_set_be_passed_on(licence):
    assert may_be_passed_on(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "",
        "non-commercial research",
        "on request, research",
        "FER2013: Kaggle's terms of the challenge; FERPlus's votes: MIT",
        "questions public; clips under their datasets' agreements",
        "that of the photos in neutral",
        "CC BY-ND 4.0",
        "Creative Commons Attribution-NoDerivatives 4.0",
        "mitigated",
    ],
)
def test_all_other_licences_keep_it_back(licence):
    assert not may_be_passed_on(licence)


def test_no_dataset_that_we_read_is_taken_for_open(tmp_path):
    from facewise.data_builders.readers.sources import SOURCES

    assert not [source.name for source in SOURCES.values() if may_be_passed_on(source.terms)]
