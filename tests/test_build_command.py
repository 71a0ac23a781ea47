"""The words of `facewise build`: what it lists, what it refuses in a line, and how it ends where too much is lost."""

import argparse
from contextlib import nullcontext

import pytest
from built_sets import Here, drawn
from test_http_engine import Server

from facewise.data_builders.build.command import add_arguments, build, settings_of, sources_told
from facewise.data_builders.readers.sources import SOURCES
from facewise.model.errors import ArgumentParser, FacewiseError


def parsed(*words: str) -> argparse.Namespace:
    parser = ArgumentParser(prog="facewise build", add_help=False, allow_abbrev=False)
    add_arguments(parser)
    return parser.parse_args(words)


def test_every_source_is_listed_with_its_title_and_choices():
    told_of = sources_told()
    for name, source in SOURCES.items():
        assert name in told_of and source.title in told_of
        assert all(f"--option {option}=" in told_of for option in source.options)


def test_help_lists_the_sources(capsys):
    with pytest.raises(SystemExit) as left:
        parsed("--help")
    assert left.value.code == 0 and "CASME II" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing",), "nothing: neither a source (affectnet"),
        (("casme2",), "0 --root for 1 sources"),
        (("casme2", "casme2", "--root", "a", "--root", "b"), "named twice"),
        (("casme2", "--root", "a", "--option", "classes"), "name=value is wanted"),
        (("casme2", "--root", "a", "--option", "classes=4"), "classes=4: choose from 5, 3"),
        (("casme2", "samm", "--root", "a", "--root", "b", "--option", "classes=3"), "casme2.classes=3 for instance"),
        (("casme2", "--root", "a", "--option", "fer.labels=x"), "fer is not among the sources"),
        (("casme2", "--root", "a", "--no-look", "--media", "crop"), "--no-look goes with --media reference only"),
        (("casme2", "--root", "a", "--limit", "0"), "--limit 0"),
        (("casme2", "--root", "a", "--seed", "-1"), "--seed -1"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(words, message):
    with pytest.raises(FacewiseError) as refusal:
        settings_of(parsed(*words, "--out", "x"))
    assert message in str(refusal.value)


def test_several_sources_have_their_roots_and_options_in_their_order():
    words = ("casme2", "samm", "--root", "a", "--root", "b", "--option", "samm.classes=3", "--out", "x")
    one, other = settings_of(parsed(*words)).origins
    assert (one.name, one.path.name, one.options["classes"]) == ("casme2", "a", "5")
    assert (other.name, other.path.name, other.options["classes"]) == ("samm", "b", "3")


@pytest.fixture
def here(monkeypatch):
    """Built in this process."""
    monkeypatch.setattr("facewise.data_builders.build.engines.opened", lambda *_: nullcontext(Here()))


def test_a_teacher_that_answers_nothing_ends_with_a_line_and_the_set_is_there(tmp_path, here, capsys):
    played = Server()
    played.text = lambda body: "banana"
    source, out = drawn(tmp_path / "in", 2), tmp_path / "set"
    words = (str(source), "--out", str(out), "--teacher", played.url, "--teacher-model", "M", "--tries", "1")
    try:
        for _ in range(2):
            with pytest.raises(
                FacewiseError, match=r"the teacher answered not one of the \d+ rows .*no JSON in the text \(banana\)"
            ):
                build(parsed(*words))
        rows = (out / "rows.jsonl").read_text()
    finally:
        played.close()
    assert rows and '"writer": "template"' in rows and "asked failed" in capsys.readouterr().out


def test_more_loss_than_allowed_ends_with_a_line_and_the_set_is_there(tmp_path, here, capsys):
    source = drawn(tmp_path / "in", 8)
    (tmp_path / "in" / "3.png").unlink()
    words = (str(source), "--out", str(tmp_path / "set"))
    refused = r"1 items could not be used \(no media 1\), 12.50 % of all.* delete .*\.build to read it again"
    with pytest.raises(FacewiseError, match=refused):
        build(parsed(*words))
    assert build(parsed(*words, "--max-bad", ".2")) == 0
    printed = capsys.readouterr().out
    assert "7 records gave" in printed and "fault, no media: 1" in printed and "3.png: no such file" in printed
