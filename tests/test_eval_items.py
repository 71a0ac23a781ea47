"""Which records of a source a benchmark asks about, what their truths are, and which frames of a clip are shown."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facewise.data_builders.readers.sources import SOURCES
from facewise.data_builders.records import Record
from facewise.eval.asking import pictures
from facewise.eval.asking.items import Item, digest, evenly, is_chosen, part, readers_of
from facewise.eval.asking.leaks import Trained, shared, told, trained_on
from facewise.eval.asking.pictures import Projector
from facewise.eval.asking.strategies import SENTENCES, STRATEGIES, prompt_of, sides
from facewise.eval.asking.truths import TRUTHS, groups_of, truth_of
from facewise.eval.benchmarks.benchmarks import BENCHMARKS, named
from facewise.eval.scoring.measures import check_metrics
from facewise.model.drawing import write_picture, write_video
from facewise.model.errors import FacewiseError


def record(**more) -> Record:
    return Record("r", "r.png", **more)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_can_be_read_asked_and_measured(name):
    benchmark = BENCHMARKS[name]
    check_metrics(benchmark)
    assert benchmark.truth in TRUTHS and set(readers_of(benchmark)) <= SOURCES.keys()
    assert all(label.replace("_", " ") in benchmark.question for label in benchmark.labels) or benchmark.task == "movements"
    for source in readers_of(benchmark):
        told = {name.rpartition(".")[2]: value for name, value in benchmark.options.items() if source in name or "." not in name}
        SOURCES[source].settled(told)
    assert benchmark.truth in SENTENCES or benchmark.task != "spoof"
    assert all(
        benchmark.question.split(" Answer")[0] in prompt_of(benchmark, strategy)
        for strategy in STRATEGIES
        if strategy != "choice"
    )


def test_a_family_is_named_by_its_beginning():
    assert [each.name for each in named(["ffpp", "ffpp-c23", "rafdb"])] == ["ffpp-c23", "ffpp-c40", "ffpp-raw", "rafdb"]
    with pytest.raises(FacewiseError, match="no benchmark is called 'ffp'"):
        named(["ffp"])


def test_what_is_chosen_goes_by_values_and_by_words_of_a_list():
    one = record(protocols={"mcio": "oulu"}, source={"lists": "test train"}, live=True)
    assert is_chosen(one, {"protocols.mcio": ("oulu", "msu"), "source.lists": ("test",)})
    assert is_chosen(one, {"live": ("True",)}) and is_chosen(one, {})
    assert not is_chosen(one, {"protocols.mcio": ("msu",)}) and not is_chosen(one, {"protocols.other": ("oulu",)})
    assert not is_chosen(one, {"source.lists": ("shot",)})


def test_a_limit_goes_evenly_over_the_list():
    assert evenly(list(range(10)), 3) == [0, 3, 6] and evenly([1, 2], 5) == [1, 2] and evenly([1, 2], None) == [1, 2]


TRUE = [
    ("rafdb", {"emotion": "fear"}, "fear"),
    ("rafdb", {"emotion": "contempt"}, None),
    ("mafw-1", {"source": {"emotion": "anxiety"}}, "anxiety"),
    ("casme2-3", {"emotion": "disgust", "source": {"class": "negative"}}, "negative"),
    ("smic-hs", {"source": {"emotion": "positive"}}, "positive"),
    ("smic-hs", {"source": {"emotion": "none"}}, None),
    ("oulu-1", {"live": True}, "live"),
    ("oulu-1", {"live": False}, "spoof"),
    ("oulu-1", {}, None),
    ("celeb-df", {"digital": "none"}, "live"),
    ("celeb-df", {"digital": "face swap"}, "spoof"),
    ("uniattackdata-p1", {"live": True, "digital": "none"}, "live"),
    ("uniattackdata-p1", {"live": False, "digital": "none"}, "spoof"),
    ("uniattackdata-p1", {"source": {"class": "adversarial"}}, "spoof"),
    ("uniattackdata-p1", {"source": {"class": "not told"}}, None),
    ("utkface", {"age": 31.0}, 31.0),
    ("affectnet-va", {"affect": (0.5, -0.25)}, [0.5, -0.25]),
    ("siw-mv2-types", {"live": False, "attack": "makeup"}, "makeup"),
    ("siw-mv2-types", {"live": True}, "live"),
]


@pytest.mark.parametrize("name, known, truth", TRUE)
def test_the_truth_of_a_record(name, known, truth):
    assert truth_of(record(**known), BENCHMARKS[name]) == truth


def test_faceshields_protocols_test_on_one_set_and_take_their_threshold_from_the_others():
    within, across = BENCHMARKS["faceshield-s-coarse"], BENCHMARKS["faceshield-wp-s"]
    assert within.reader == "siw_mv2" and within.dev is None and BENCHMARKS["faceshield-p-coarse"].dev == {"split": ("val",)}
    assert readers_of(across) == ["siw_mv2", "wmca", "padisi_face"] and across.chosen["dataset"] == ("SiW-Mv2",)
    assert across.dev == {"split": ("val",), "dataset": ("WMCA", "PADISI-Face")}
    assert is_chosen(record(dataset="WMCA", split="val"), across.dev) and not is_chosen(
        record(dataset="WMCA", split="test"), across.chosen
    )
    assert BENCHMARKS["faceshield-ws-p"].dev["dataset"] == ("WMCA",)  # SiW-Mv2 has no dev part
    fine = BENCHMARKS["faceshield-p-fine"]
    assert len(fine.labels) == 12 and truth_of(record(live=False, attack="tattoo"), fine) == "tattoo"
    assert len(named(["faceshield"])) == 12


def test_units_take_the_stronger_side_and_what_is_coded_without_a_level():
    one = record(aus={"AU12": (2.0, 3.0)}, shown={"AU1": "absent", "AU2": "left"}, source={"other units": "AU23:1 AU24:0"})
    found = truth_of(one, BENCHMARKS["bp4d"])
    assert (found["AU12"], found["AU1"], found["AU2"], found["AU23"], found["AU24"], found["AU4"]) == (
        3.0,
        0.0,
        1.0,
        1.0,
        0.0,
        None,
    )
    assert truth_of(record(), BENCHMARKS["bp4d"]) is None


def test_movements_leave_blinks_out():
    events = [{"kind": "blink", "onset": 1, "offset": 2}, {"kind": "micro", "onset": 5, "offset": 9, "coarse": "negative"}]
    found = truth_of(record(clip={"events": events}), BENCHMARKS["samm-lv"])
    assert found == [{"onset": 5, "offset": 9, "kind": "micro", "emotion": "negative"}]
    assert truth_of(record(clip={"events": []}), BENCHMARKS["samm-lv"]) == []


def test_an_attacks_species_is_ours_or_the_sources_word():
    spoof = BENCHMARKS["celeba-spoof"]
    assert groups_of(record(live=False, attack="print"), spoof) == {"attack": "print"}
    assert groups_of(record(live=False, source={"type": "3D Mask"}), spoof) == {"attack": "3D Mask"}
    assert groups_of(record(live=True), spoof) == {}
    assert groups_of(record(digital="reenactment"), BENCHMARKS["ffpp-c23"]) == {"attack": "reenactment"}
    assert groups_of(record(age=43.0, attributes={"gender": "female"}, emotion="fear"), BENCHMARKS["crema-d"]) == {
        "gender": "female",
        "age group": "40 to 59",
    }


@pytest.fixture
def clip(tmp_path) -> Path:
    """Twenty frames, each as bright as its number."""
    frames = (np.full((32, 32, 3), 10 * number, np.uint8) for number in range(20))
    write_video(tmp_path / "clip.mp4", frames, 10)
    return tmp_path / "clip.mp4"


def brightness(pictures) -> list[int]:
    return [round(float(picture.pixels.mean()) / 10) for picture in pictures]


def test_frames_are_taken_evenly_at_the_moments_or_one_by_one(clip):
    spread = replace(BENCHMARKS["ferv39k"], frames=4)
    whole = Record("r", str(clip))
    assert brightness(Projector().shown(Item(whole, None), spread)) == [2, 7, 12, 17]
    assert brightness(Projector().shown(Item(replace(whole, frames=(8, 11)), None), spread)) == [8, 9, 10, 11]
    assert brightness(Projector().shown(Item(replace(whole, frames=(6, 6)), None), spread)) == [6]
    event = {"onset": 3, "apex": None, "offset": 9, "kind": "micro"}
    assert brightness(Projector().shown(Item(replace(whole, clip={"events": [event]}), None), BENCHMARKS["casme2-5"])) == [
        3,
        6,
        9,
    ]
    frame_by_frame = replace(BENCHMARKS["oulu-1"], frames=2)
    projector = Projector()
    assert [brightness(projector.shown(Item(whole, None, "r", nth), frame_by_frame)) for nth in (0, 1, 0)] == [[5], [15], [5]]
    with pytest.raises(FacewiseError, match="no frame 25"):
        projector.shown(Item(replace(whole, frames=(25, 25)), None), spread)


def test_a_video_is_decoded_once_for_frames_in_their_order(clip, monkeypatch):
    started = []
    opened = pictures.opened
    monkeypatch.setattr(pictures, "opened", lambda record: started.append(1) or opened(record))
    projector = Projector()
    for number in range(0, 20, 3):
        projector.shown(Item(Record("r", str(clip), frames=(number, number)), None), BENCHMARKS["disfa-8"])
    assert len(started) == 1


def test_videos_that_are_averaged_are_an_item_a_frame(tmp_path, clip):
    (tmp_path / "set/live").mkdir(parents=True)
    clip.rename(tmp_path / "set/live/a.mp4")
    write_picture(tmp_path / "set/live/b.png", np.zeros((9, 9, 3), np.uint8))
    by_clip = replace(BENCHMARKS["folder-spoof"], per="clip", frames=3)
    found = part(by_clip, {"folder": tmp_path / "set"}, {})
    assert [(item.name.partition("/")[2], item.clip.partition("/")[2]) for item in found.items] == [
        *((f"live/a.mp4#{nth}", "live/a.mp4") for nth in range(3)),
        ("live/b.png", "live/b.png"),
    ]
    assert [item.clip for item in part(by_clip, {"folder": tmp_path / "set"}, {}, limit=1).items] == [found.items[0].clip] * 3
    keys = {item.key(by_clip) for item in found.items}
    assert len(keys) == 4
    (tmp_path / "set/live/b.png").write_bytes(b"other bytes")
    digest.cache_clear()
    assert len(keys & {item.key(by_clip) for item in found.items}) == 3


def test_a_table_of_pictures_is_hashed_once_for_all_of_its_rows(tmp_path):
    rows = "".join(f"{number},{' '.join(['7'] * 48 * 48)},PrivateTest\n" for number in (0, 3, 6))
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + rows)
    found = part(BENCHMARKS["fer2013"], {"fer": tmp_path}, BENCHMARKS["fer2013"].chosen)
    digest.cache_clear()
    assert len({item.key(BENCHMARKS["fer2013"]) for item in found.items}) == 3 and digest.cache_info().misses == 1
    assert [item.truth for item in found.items] == ["anger", "happiness", "neutral"]
    (shown,) = Projector().shown(found.items[2], BENCHMARKS["fer2013"])
    assert shown.pixels.shape == (48, 48, 3) and shown.pixels.max() == 7


def test_a_source_without_an_item_of_the_benchmark_is_told(tmp_path):
    (tmp_path / "happiness").mkdir()
    write_picture(tmp_path / "happiness/a.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(FacewiseError, match="holds not one item of it"):
        part(BENCHMARKS["folder-spoof"], {"folder": tmp_path}, {})
    assert part(BENCHMARKS["folder-emotion"], {"folder": tmp_path}, {}).of == 1


def test_people_who_were_trained_on_are_told_and_what_was_not_checked_too(tmp_path):
    leaks = shared(Trained(frozenset({"a", "b"}), ("pack.safetensors",)), ["b", "c", ""])
    assert leaks["trained on"] == 1 and leaks["tested"] == 2
    assert told(leaks) == "1 of 2 test subjects are in the model's training material (b); not checked: pack.safetensors"
    (tmp_path / "config.json").write_text('{"model_type": "facewise"}')
    (tmp_path / "records.jsonl").write_text('{"subject": "a"}\n{"subject": "v", "split": "val"}\n')
    (tmp_path / "recipe.yaml").write_text("pack: records.jsonl\nrows: [gone:2]\n")
    assert trained_on(str(tmp_path)) == Trained(frozenset({"a"}), ("gone",))
    later = tmp_path / "later"
    later.mkdir()
    (later / "config.json").write_text('{"model_type": "facewise"}')
    (later / "recipe.yaml").write_text(f"pack: lost.safetensors\nencoder_from: {tmp_path}\n")
    assert trained_on(str(later)) == Trained(frozenset({"a"}), ("lost.safetensors", "gone"))
    packs = (f"runs/sixth-{name}.safetensors" for name in ("spoofs", "drawn-spoofs"))
    assert {*trained_on("default").unread} == {*packs, "runs/facewise-135m-snapshots"}
    assert told({}) == ""


def test_a_choice_letters_what_there_is_to_choose():
    assert sides(BENCHMARKS["utkface"]) == () and len(sides(BENCHMARKS["rafdb"])) == 7
    assert "A. This is a real face" in prompt_of(BENCHMARKS["oulu-1"], "choice")
    assert prompt_of(BENCHMARKS["rafdb"], "choice").startswith("Which emotion does this face show?\nA. neutral\nB. happiness")
