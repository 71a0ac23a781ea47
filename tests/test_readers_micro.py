"""Readers of micro-expression datasets, each on a tiny folder in the official layout with its quirks."""

import json
from pathlib import Path

import pytest

from facewise.data_builders.readers.action_codes import action_codes
from facewise.data_builders.readers.casme2 import CASME2
from facewise.data_builders.readers.casme3 import CASME3
from facewise.data_builders.readers.casme_squared import CASME_SQUARED
from facewise.data_builders.readers.expression_events import span
from facewise.data_builders.readers.faults import Faults
from facewise.data_builders.readers.fourdme import FOURDME
from facewise.data_builders.readers.frame_folder import positions
from facewise.data_builders.readers.megc import MEGC
from facewise.data_builders.readers.mmew import MMEW
from facewise.data_builders.readers.samm import SAMM
from facewise.data_builders.readers.samm_lv import SAMM_LV
from facewise.data_builders.readers.sheet_file import table
from facewise.data_builders.readers.smic import SMIC
from facewise.data_builders.readers.source import Source
from facewise.data_builders.records import Record
from facewise.model.errors import FacewiseError

openpyxl = pytest.importorskip("openpyxl", reason="sheets are read with the extra `data`")


def read(source: Source, root: Path, **options: str) -> tuple[list[Record], Faults]:
    faults = Faults()
    return list(source.records(root, options, faults)), faults


def sheets(path: Path, **rows: list[tuple]) -> None:
    """A workbook of named sheets; an underscore in a name stands for a space."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in rows.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for line in lines:
            sheet.append(line)
    book.save(path)


def frames(folder: Path, pattern: str, first: int, last: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, last + 1):
        (folder / pattern.format(number)).write_bytes(b"a picture")


def event(record: Record) -> dict:
    (only,) = record.clip["events"]
    return only


def placed(record: Record) -> list[tuple]:
    return [(event["kind"], event["onset"], event["apex"], event["offset"]) for event in record.clip["events"]]


# The codes of annotators


def test_codes_keep_their_sides_and_levels_and_leave_the_uncertain():
    both = action_codes("L12 + R12+AU14A")
    assert (both.shown, both.intensity) == ({"AU12": "both", "AU14": "both"}, {"AU14": "A"})
    assert action_codes("4+L10").shown == {"AU4": "both", "AU10": "left"}
    assert action_codes("4,7，R14").shown == {"AU4": "both", "AU7": "both", "AU14": "right"}
    uncertain = action_codes("R14A or 17A+4+7(k)+U2+?")
    assert (uncertain.shown, uncertain.objective) == ({"AU4": "both"}, None)
    assert uncertain.rest == ("R14A or 17A", "7(k)", "U2", "?")


def test_units_outside_our_codes_count_for_the_objective_class_only():
    codes = action_codes("4+38")
    assert (codes.shown, codes.units, codes.objective) == ({"AU4": "both"}, ("AU4", "AU38"), "III")
    assert action_codes("/").objective is None and action_codes("").shown == {}


def test_a_correction_counts_only_where_what_is_told_cannot_be():
    at = {number: i for i, number in enumerate(range(10, 20))}
    assert span("10", "/", "19").corrected({"apex": 15}, at).apex == 15
    assert span("10", "12", "19").corrected({"apex": 15}, at).apex == 12
    assert span("10", "12", "30").corrected({"offset": 91}, at).offset == 30


def test_frames_go_by_their_last_integer_and_two_of_one_number_are_none(tmp_path):
    for name in ("006_10.jpg", "006_9.jpg", "006_101.png", "._006_9.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert positions(tmp_path) == {9: 0, 10: 1, 101: 2}
    (tmp_path / "007_9.jpg").write_bytes(b"")
    assert positions(tmp_path) == {}


def test_a_sheet_finds_its_names_below_notes_and_says_which_it_misses(tmp_path):
    sheets(tmp_path / "a.xlsx", label=[("Notes",), (None,), ("Subject", "Apex  Frame "), (6, 5.0), (None, None), ("x", 1.5)])
    ((place, where, row), (last, _, second)) = table(tmp_path / "a.xlsx", ("Subject", "Apex Frame"))
    assert (place, where, row, last) == (0, "a.xlsx:4", {"Subject": "6", "Apex Frame": "5"}, 1)
    assert second["Apex Frame"] == "1.5"
    with pytest.raises(FacewiseError, match="no row names the columns Subject, Onset"):
        list(table(tmp_path / "a.xlsx", ("Subject", "Onset")))
    with pytest.raises(FacewiseError, match="no sheet 'other'; it has label"):
        list(table(tmp_path / "a.xlsx", ("Subject",), "other"))
    (tmp_path / "b.xlsx").write_text("Subject,Apex")
    with pytest.raises(FacewiseError, match="not a readable .xlsx file"):
        list(table(tmp_path / "b.xlsx", ("Subject",)))


def test_a_short_row_of_a_sheet_has_empty_cells_and_a_chart_is_no_sheet(tmp_path):
    book = openpyxl.Workbook()
    book.create_chartsheet("plot", 0).add_chart(openpyxl.chart.BarChart())
    for line in (("Subject", "Apex", "Remarks"), (6,), (7, 5.0)):
        book["Sheet"].append(line)
    book.save(tmp_path / "a.xlsx")
    (_, _, first), (_, _, second) = table(tmp_path / "a.xlsx", ("Subject", "Apex"))
    assert first == {"Subject": "6", "Apex": "", "Remarks": ""} and second == {"Subject": "7", "Apex": "5", "Remarks": ""}
    with pytest.raises(FacewiseError, match="no sheet 'plot'; it has Sheet"):
        list(table(tmp_path / "a.xlsx", ("Subject",), "plot"))


# CASME II

CASME2_NAMES = ("Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None, "Action Units", "Estimated Emotion")
FRAMES_OF_CASME2 = "CASME2_RAW_selected"


def casme2(root: Path, *rows: tuple) -> None:
    lines = [(subject, name, None, *told, None, units, feeling) for subject, name, told, units, feeling in rows]
    sheets(root / "CASME2-coding-20140508.xlsx", Sheet1=[CASME2_NAMES, *lines])


def test_casme2_places_frames_by_the_numbers_of_the_files(tmp_path):
    casme2(tmp_path, (1, "EP02_01f", (46, 59, 86), "6+12", "happiness"))
    frames(tmp_path / FRAMES_OF_CASME2 / "sub01" / "EP02_01f", "img{}.jpg", 46, 111)
    (record,), faults = read(CASME2, tmp_path)
    assert (record.media, record.subject) == ("CASME2_RAW_selected/sub01/EP02_01f", "casme2/sub01")
    assert (record.split, record.protocols, record.emotion) == ("train", {"LOSO": "sub01"}, "happiness")
    assert record.clip["fps"] == 200 and placed(record) == [("micro", 0, 13, 40)]
    assert event(record)["shown"] == {"AU6": "both", "AU12": "both"}
    assert (event(record)["class"], event(record)["coarse"]) == ("I", "positive")
    assert not faults.counts


def test_casme2_keeps_five_classes_or_three_with_or_without_fear_and_sadness(tmp_path):
    told = (1, 2, 3)
    words = ("repression", "others", "fear", "sadness", "surprise", "boredom")
    casme2(tmp_path, *((2, f"EP01_{i}", told, "4", word) for i, word in enumerate(words)))
    for i in range(len(words)):
        frames(tmp_path / "Cropped" / "sub02" / f"EP01_{i}", "reg_img{}.jpg", 1, 3)
    five, faults = read(CASME2, tmp_path)
    assert [record.source["class"] for record in five] == ["repression", "others", "surprise"]
    assert [record.emotion for record in five] == [None, None, "surprise"]
    assert faults.left_out == {"fear is none of the 5 classes": 1, "sadness is none of the 5 classes": 1}
    assert faults.counts == {"unknown class": 1}
    out, faults = read(CASME2, tmp_path, classes="3")
    assert [record.source["class"] for record in out] == ["negative", "surprise"] and sum(faults.left_out.values()) == 3
    wide, _ = read(CASME2, tmp_path, classes="3", fear_and_sadness="in")
    assert [record.source["class"] for record in wide] == ["negative", "negative", "negative", "surprise"]


def test_casme2_takes_an_estimate_for_a_missing_apex_and_says_so(tmp_path):
    rows = [(1, f"EP{i}", (100, 150, 200), "4", "disgust") for i in range(29)]
    casme2(tmp_path, *rows, (1, "EP29", (200, "/", 300), "4", "disgust"), (1, "EP30", (200, "/", 300), "4", "disgust"))
    for name in ("EP29", "EP30", "EP99"):
        frames(tmp_path / FRAMES_OF_CASME2 / "sub01" / name, "img{}.jpg", 200, 300)
    (known, unknown), faults = read(CASME2, tmp_path)
    assert placed(known) == [("micro", 0, 79, 100)] and known.source["corrected"] == "200, None, 300 to 200, 279, 300"
    assert placed(unknown) == [("micro", 0, None, 100)] and "corrected" not in unknown.source
    assert faults.counts == {"no media": 29, "no label": 1}


def test_casme2_says_what_it_looked_for(tmp_path):
    with pytest.raises(FacewiseError, match="neither CASME2_RAW_selected/sub01 nor Cropped/sub01"):
        read(CASME2, tmp_path)
    frames(tmp_path / "Cropped" / "sub01" / "EP02_01f", "reg_img{}.jpg", 1, 2)
    with pytest.raises(FacewiseError, match=r"no file CASME2-coding-\*.xlsx"):
        read(CASME2, tmp_path)


# SAMM

SAMM_NAMES = (
    *("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame"),
    *("Duration", "Micro", "Action Units", "Estimated Emotion", "Objective Classes", "Notes"),
)


def samm(root: Path, *rows: tuple) -> None:
    lines = [(s, name, "1", *told, 50, "Micro - 1/2", units, feeling, 3, None) for s, name, told, units, feeling in rows]
    notes = [("SAMM Micro-movements",), (None,), ("Please read",)]
    sheets(root / "SAMM_Micro_FACS_Codes_v2.xlsx", Sheet1=[*notes, SAMM_NAMES, *lines])


def test_samm_reads_below_its_notes_and_gives_subjects_their_zeros_back(tmp_path):
    samm(tmp_path, (6, "006_1_2", (5562, 5569, 5572), "L12 or R14 + 4", "Anger"))
    frames(tmp_path / "SAMM" / "006" / "006_1_2", "006_{:05}.jpg", 5562, 5572)
    (record,), faults = read(SAMM, tmp_path)
    assert (record.media, record.subject, record.emotion) == ("SAMM/006/006_1_2", "samm/006", "anger")
    assert placed(record) == [("micro", 0, 7, 10)] and record.clip["fps"] == 200
    assert event(record)["shown"] == {"AU4": "both"} and "class" not in event(record)
    assert record.source["action units"] == "L12 or R14 + 4" and record.source["objective class"] == "3"
    assert not faults.counts


def test_samm_has_other_in_five_classes_and_disgust_in_three(tmp_path):
    samm(tmp_path, (7, "007_1_1", (1, 2, 3), "4", "Other"), (7, "007_1_2", (1, 2, 3), "4", "Disgust"))
    for name in ("007_1_1", "007_1_2"):
        frames(tmp_path / "SAMM" / "007" / name, "007_{:04}.jpg", 1, 3)
    (five,), _ = read(SAMM, tmp_path)
    (three,), faults = read(SAMM, tmp_path, classes="3")
    assert (five.source["class"], five.emotion, event(five)["coarse"]) == ("others", None, "others")
    assert (three.source["class"], three.emotion) == ("negative", "disgust")
    assert faults.left_out == {"others is none of the 3 classes": 1}


def test_samm_tells_a_row_whose_frames_are_not_in_the_folder(tmp_path):
    samm(tmp_path, (7, "007_1_1", (1, 2, 9), "4", "Anger"), (7, "007_9_9", (1, 2, 3), "4", "Anger"))
    frames(tmp_path / "SAMM" / "007" / "007_1_1", "007_{:04}.jpg", 1, 3)
    records, faults = read(SAMM, tmp_path)
    assert not records and faults.counts == {"unreadable label": 1, "no media": 1}


# SAMM Long Videos


def samm_lv(root: Path, *rows: tuple) -> None:
    lines = [(s, name, "1", *told, 50, kind, units, None) for s, name, told, kind, units in rows]
    sheets(root / "SAMM_LongVideos_V3_Release.xlsx", Sheet1=[("Notes",)] * 10 + lines)


def test_samm_long_videos_are_one_record_with_all_their_expressions(tmp_path):
    samm_lv(
        tmp_path,
        (6, "006_1_2", (8, 9, 10), "Micro - 1/2", "4"),
        (6, "006_1_1", (2, 5, 0), "Macro", "6+L12"),
        (6, "006_2_1", (1, 2, 3), "Macro", "4"),
        (6, "006_1_3", (1, 2, 3), "Blink", "45"),
    )
    samm(tmp_path, (6, "006_1_2", (8, 9, 10), "4", "Anger"))
    frames(tmp_path / "SAMM_longvideos" / "006_1", "006_1_{:04}.jpg", 1, 12)
    frames(tmp_path / "SAMM_longvideos" / "006_5", "006_5_{:04}.jpg", 1, 2)
    (record,), faults = read(SAMM_LV, tmp_path)
    assert placed(record) == [("macro", 1, 4, 4), ("micro", 7, 8, 9)]  # offset 0: the apex is the last that is known
    macro, micro = record.clip["events"]
    assert (macro["emotion"], micro["emotion"], micro["coarse"]) == (None, "anger", "negative")
    assert macro["shown"] == {"AU6": "both", "AU12": "left"}
    assert record.subject == "samm/006" and record.source["event 0"].startswith("006_1_1; 6+L12")
    assert faults.counts == {"no media": 1, "no label": 1, "unknown class": 1}


def test_a_sheet_without_names_of_samm_long_videos_is_refused(tmp_path):
    sheets(tmp_path / "SAMM_LongVideos_V3_Release.xlsx", Sheet1=[("a", "b")])
    with pytest.raises(FacewiseError, match="no row with a name like 006_1_2"):
        read(SAMM_LV, tmp_path)


# SMIC


def test_smic_takes_the_class_from_the_folder_and_makes_no_apex_up(tmp_path):
    root = tmp_path / "SMIC_all_cropped" / "HS" / "s1"
    frames(root / "micro" / "negative" / "s1_ne_01", "reg_image{:06}.bmp", 112, 120)
    frames(root / "micro" / "surprise" / "s1_sur_01", "reg_image{:06}.bmp", 7, 9)
    frames(root / "micro" / "odd" / "s1_od_01", "reg_image{:06}.bmp", 7, 9)
    frames(root / "non_micro" / "s1_no_01", "reg_image{:06}.bmp", 1, 4)
    (negative, surprise, still), faults = read(SMIC, tmp_path)
    assert placed(negative) == [("micro", 0, None, 8)] and (negative.emotion, event(negative)["coarse"]) == (None, "negative")
    assert surprise.emotion == "surprise" and still.clip == {"fps": 100, "events": []}
    assert negative.subject == "smic/s1" and faults.counts == {"unknown class": 1}


def test_smic_long_places_expressions_in_the_whole_clip_and_leaves_rows_of_text(tmp_path):
    folder = tmp_path / "SMIC-E_raw image" / "VIS_long"
    names = ("Subject", "Filename", None, "OnsetF", "OffsetF", "TotalMF1", "FirstF", "Emotion")
    rows = [
        (1, "s1_ne_01", None, 20, 25, 6, 10, "negative"),
        ("FirstF is the first frame",),
        (3, "s3_po_01", None, 1, 2, 2, 1, "positive"),
    ]
    sheets(folder / "SMIC-VIS-E_annotation.xlsx", Sheet1=[names, *rows])
    frames(folder / "SMIC-VIS-E" / "VIS" / "s01" / "s1_ne_01", "image{:06}.jpg", 10, 40)
    (record,), faults = read(SMIC, tmp_path, length="long", camera="VIS")
    assert placed(record) == [("micro", 10, None, 15)] and record.clip["fps"] == 25
    assert faults.left_out == {"rows of text in the sheet": 1} and faults.counts == {"no media": 1}


def test_smic_says_which_folder_it_looked_for(tmp_path):
    with pytest.raises(FacewiseError, match="SMIC_all_cropped/HS: no such folder"):
        read(SMIC, tmp_path)


# CAS(ME)^2


def casme_squared(root: Path, *rows: tuple) -> None:
    sheets(
        root / "CAS(ME)^2code_final.xlsx",
        CASFEcode_final=list(rows),
        naming_rule1=[("15", "s15", 1), ("16", "s16", 2)],
        naming_rule2=[(101, "disgust1"), ("0401", "anger1")],
    )


def test_cas_me_squared_goes_from_participant_and_video_to_the_folder(tmp_path):
    casme_squared(
        tmp_path,
        (1, "disgust1_2", 20, 0, 25, "4+7", "negative", "micro-expression", "disgust"),
        (1, "disgust1_1", 3, 6, 0, "12", "positive", "macro-expression", "happiness"),
        (2, "anger1_1", 1, 2, 3, "4", "negative", "macro-expression", "anger"),
        (3, "anger1_1", 1, 2, 3, "4", "negative", "macro-expression", "anger"),
    )
    frames(tmp_path / "rawpic" / "s15" / "15_0101disgustingteeth", "img{:03}.jpg", 1, 30)
    frames(tmp_path / "rawpic" / "s15" / "15_0502funnyerrors", "img{:03}.jpg", 1, 3)
    (record,), faults = read(CASME_SQUARED, tmp_path)
    assert placed(record) == [("macro", 2, 5, 5), ("micro", 19, None, 24)]
    assert [event["coarse"] for event in record.clip["events"]] == ["positive", "negative"] and record.emotion is None
    assert (record.subject, record.protocols, record.clip["fps"]) == ("casme_squared/s15", {"LOSO": "s15"}, 30)
    assert record.source["event 1"] == "disgust1_2; 4+7; negative; micro-expression; disgust"
    assert faults.counts == {"no label": 1, "no media": 1, "unreadable label": 1}


def test_a_short_row_of_cas_me_squared_is_a_fault(tmp_path):
    whole = (1, "disgust1_1", 3, 6, 9, "12", "positive", "macro-expression", "happiness")
    casme_squared(tmp_path, whole, (1, "disgust1_2", 3), (1,))
    frames(tmp_path / "rawpic" / "s15" / "15_0101disgustingteeth", "img{:03}.jpg", 1, 30)
    (record,), faults = read(CASME_SQUARED, tmp_path)
    assert placed(record) == [("macro", 2, 5, 8)] and faults.counts == {"unknown class": 1, "unreadable label": 1}


def test_cas_me_squared_with_another_layout_is_refused(tmp_path):
    casme_squared(tmp_path, ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Emotion", "Type"))
    (tmp_path / "rawpic").mkdir()
    with pytest.raises(FacewiseError, match="the eighth cell of the first row"):
        read(CASME_SQUARED, tmp_path)


# CAS(ME)^3

CASME3_NAMES = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")


def casme3(root: Path, *rows: tuple) -> None:
    sheets(root / "annotation" / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", label=[CASME3_NAMES, *rows])


def test_cas_me_3_clips_are_found_whatever_the_case_of_their_subject(tmp_path):
    casme3(
        tmp_path,
        ("spNO.10", "a", 116, 120, 124, "4+L14", 7, "disgust"),
        ("spNO.10", "a", 300, 301, 302, "1", 5, "others"),
        ("spNO.11", "b", 1, 2, 3, "1", 5, "sad"),
    )
    frames(tmp_path / "Part_A_ME_clip" / "frame" / "spNo.10_a_116", "{}.jpg", 116, 124)
    frames(tmp_path / "Part_A_ME_clip" / "frame" / "spNo.10_a_300", "{}.jpg", 300, 302)
    (disgust, others), faults = read(CASME3, tmp_path)
    assert (disgust.media, disgust.subject) == ("Part_A_ME_clip/frame/spNo.10_a_116", "casme3/spno.10")
    assert placed(disgust) == [("micro", 0, 4, 8)] and disgust.source["objective class"] == "7"
    assert (event(disgust)["shown"], event(disgust)["class"]) == ({"AU4": "both", "AU14": "left"}, "VII")
    assert (others.emotion, others.source["class"]) == (None, "others") and faults.counts == {"no media": 1}
    (only,), faults = read(CASME3, tmp_path, classes="3")
    assert only.source["class"] == "negative" and faults.left_out == {"others is none of the 3 classes": 1}
    assert len(read(CASME3, tmp_path, classes="4")[0]) == 2


def test_cas_me_3_long_videos_hold_macro_expressions_where_their_sheet_lies_beside(tmp_path):
    casme3(tmp_path, ("spNO.1", "a", 20, 22, 24, "4", 3, "anger"))
    long = tmp_path / "part_A" / "data" / "part1" / "spNo.1" / "a"
    frames(long / "color", "{}.jpg", 0, 30)
    frames(long / "depth", "{}.png", 0, 30)
    frames(long.parent / "b" / "color", "{}.jpg", 0, 3)
    (micro,), _ = read(CASME3, tmp_path, length="long")
    assert placed(micro) == [("micro", 20, 22, 24)]
    names = ("sub", "seq", "onset", "apex", "offset", "AU", "emotion")
    sheet = tmp_path / "annotation" / "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx"
    sheets(sheet, Sheet1=[names, ("spNO.1", "a", 3, 5, 9, "12", "happy"), ("spNO.2", "a", 3, 5, 9, "12", "happy")])
    (both,), faults = read(CASME3, tmp_path, length="long")
    assert placed(both) == [("macro", 3, 5, 9), ("micro", 20, 22, 24)] and both.clip["events"][0]["emotion"] == "happiness"
    assert both.media == "part_A/data/part1/spNo.1/a/color" and faults.counts == {"no media": 1, "no label": 1}


# 4DME

FOURDME_NAMES = ("sub_ID", "fold_name", "Emotion", "Onset", "Apex", "Offset", "AUs", "AU1")


def test_4dme_leaves_uncertain_units_and_emotions_that_do_not_agree(tmp_path):
    rows = [
        ("S1", "m1", "Positive+Surprise", 5, 7, 9, "1+12(k)", 1),
        ("S1", "m2", "Negative+Repression", 5, 7, 9, "AU4", 0),
        ("S1", "m3", "Bored", 5, 7, 9, "4", 0),
    ]
    sheets(tmp_path / "4DME_Labelling_Micro_release v1.xlsx", Sheet1=[FOURDME_NAMES, *rows])
    for name in ("m1", "m2", "m3"):
        frames(tmp_path / "gray_micro" / "S1" / name, "{:04}.jpg", 5, 9)
    (mixed, negative), faults = read(FOURDME, tmp_path)
    assert "coarse" not in event(mixed) and event(mixed)["shown"] == {"AU1": "both"} and "class" not in event(mixed)
    assert (event(negative)["coarse"], event(negative)["class"], negative.emotion) == ("negative", "III", None)
    assert placed(negative) == [("micro", 0, 2, 4)] and faults.counts == {"unknown class": 1}


def test_4dme_swaps_the_units_of_two_rows_back_in_release_v1_only(tmp_path):
    rows = [("S1", f"m{i}", "Surprise", 1, 2, 3, {144: "4", 145: "12"}.get(i, "1+2"), 0) for i in range(146)]
    for i in (143, 144, 145):
        frames(tmp_path / "gray_micro_crop" / "S1" / f"m{i}", "{}.jpg", 1, 3)
    sheets(tmp_path / "4DME_Labelling_Micro_release v1.xlsx", Sheet1=[FOURDME_NAMES, *rows])
    as_is, first, second = read(FOURDME, tmp_path)[0]
    assert [list(event(record)["shown"]) for record in (as_is, first, second)] == [["AU1", "AU2"], ["AU12"], ["AU4"]]
    assert first.source["corrected"] == "units swapped back with row 145" and "corrected" not in as_is.source
    (tmp_path / "4DME_Labelling_Micro_release v1.xlsx").rename(tmp_path / "4DME_Labelling_Micro_release v2.xlsx")
    assert [list(event(record)["shown"]) for record in read(FOURDME, tmp_path)[0][1:]] == [["AU4"], ["AU12"]]


# MMEW

MMEW_NAMES = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion", "remarks")


def test_mmew_finds_clips_below_their_emotion_and_corrects_rows_that_cannot_be(tmp_path):
    rows = [(13, f"S13-07-{i:03}", 1, 20, 70, "4+7", "anger", None) for i in range(33)]
    sheets(tmp_path / "MMEW_Micro_Exp.xlsx", Sheet1=[MMEW_NAMES, *rows, (13, "S13-07-033", 1, None, 990, "4+7", "anger", None)])
    for i in (32, 33):
        frames(tmp_path / "Micro_Expression" / "anger" / f"S13-07-{i:03}", "{}.jpg", 1, 75)
    (plain, corrected), faults = read(MMEW, tmp_path)
    assert placed(plain) == [("micro", 0, 19, 69)] and "corrected" not in plain.source
    assert placed(corrected) == [("micro", 0, 39, 74)] and corrected.source["corrected"] == "1, None, 990 to 1, 40, 75"
    assert (corrected.subject, corrected.clip["fps"], faults.counts) == ("mmew/S13", 90, {"no media": 32})


def test_mmew_leaves_others_out_of_three_classes(tmp_path):
    rows = [("S01", "S01-01-001", 1, 2, 3, "12", "happiness", None), ("S01", "S01-01-002", 1, 2, 3, "4", "others", None)]
    sheets(tmp_path / "MMEW_Micro_Exp.xlsx", Sheet1=[MMEW_NAMES, *rows])
    frames(tmp_path / "Micro_Expression" / "happiness" / "S01-01-001", "{}.jpg", 1, 3)
    frames(tmp_path / "Micro_Expression" / "others" / "S01-01-002", "{}.jpg", 1, 3)
    assert [record.source["class"] for record in read(MMEW, tmp_path)[0]] == ["happiness", "others"]
    (only,), faults = read(MMEW, tmp_path, classes="3")
    assert only.source["class"] == "positive" and faults.left_out == {"others is none of the 3 classes": 1}


# MEGC questions

COARSE_QUESTION = "What is the coarse expression class?"
FINE_QUESTION = "What is the fine-grained expression class?"


def questions(path: Path, *rows: dict | str) -> None:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")


def test_megc_keeps_questions_letter_by_letter_and_finds_clips_beside(tmp_path):
    clip = {"dataset": "casme2", "subject": "casme2_sub01", "filename": "EP02_01f"}
    questions(
        tmp_path / "me_vqa_samm_casme2_smic_v2.jsonl",
        clip | {"question": COARSE_QUESTION, "answer": "positive"},
        clip | {"question": FINE_QUESTION, "answer": "happiness"},
        {"dataset": "samm", "subject": "6", "filename": "006_1_2", "question": COARSE_QUESTION, "answer": "negative"},
        {"dataset": "casme2", "image_id": "sub01/EP99", "question": COARSE_QUESTION, "answer": "negative"},
        "no JSON",
    )
    frames(tmp_path / "casme2" / "Cropped" / "sub01" / "EP02_01f", "reg_img{}.jpg", 1, 3)
    (coarse, fine, unseen), faults = read(MEGC, tmp_path)
    assert (coarse.source["question"], coarse.source["answer"]) == (COARSE_QUESTION, "positive")
    assert (coarse.media, coarse.subject) == ("casme2/Cropped/sub01/EP02_01f", "casme2/sub01")
    assert (coarse.emotion, fine.emotion) == (None, "happiness")
    assert (unseen.media, unseen.subject, unseen.split) == ("", "samm/006", "train")
    assert faults.counts == {"no media": 1, "unreadable label": 1}


def test_megc_test_questions_have_no_answers_and_are_the_test_set(tmp_path):
    questions(
        tmp_path / "me_vqa_casme3_v2_test_to_answer.jsonl",
        {"video": "CAS_1", "video_id": "x", "question": COARSE_QUESTION, "answer": ""},
    )
    questions(
        tmp_path / "me_lvqa_samm_casme3.jsonl",
        {"dataset": "samm", "subject": "006", "filename": "006_1", "question": "How many?", "answer": "2"},
    )
    frames(tmp_path / "ME_VQA_MEGC_2025_Test" / "CAS" / "CAS_1", "{}.jpg", 1, 3)
    frames(tmp_path / "SAMM_LV" / "SAMM_longvideos" / "006_1", "006_1_{:04}.jpg", 1, 3)
    long, test = read(MEGC, tmp_path)[0]
    assert (test.split, test.media, test.subject) == ("test", "ME_VQA_MEGC_2025_Test/CAS/CAS_1", "megc/CAS_1")
    assert (long.dataset, long.media, long.subject) == ("MEGC ME-LVQA", "SAMM_LV/SAMM_longvideos/006_1", "samm/006")


def test_megc_without_its_files_is_refused(tmp_path):
    with pytest.raises(FacewiseError, match="no file me_vqa_"):
        read(MEGC, tmp_path)
