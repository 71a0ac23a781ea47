"""The embedded model itself: it loads whole or not at all, its answers come from the pixels, and they keep the contract."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import torch
from safetensors.torch import load_file, save_file

from facewise.model.answer import schema
from facewise.model.assistant import Assistant
from facewise.model.base_llm import prepared_folder
from facewise.model.checkpoint import load_checkpoint
from facewise.model.engines.protocol import Request
from facewise.model.errors import FacewiseError
from facewise.model.network.encoder import evidence
from facewise.model.network.perceive import as_input
from facewise.model.perception.faces import find_faces
from facewise.model.perception.picture import Picture, read_picture
from facewise.model.perception.views import face_views
from facewise.model.questions import prompt
from facewise.model.taxonomy import AU_CODES
from facewise.model.wording import CHOICES, VERDICT_SENTENCES, opening

EXAMPLES = Path(__file__).parent.parent / "examples"
INVENTED, PRINTED = EXAMPLES / "invented-face.jpg", EXAMPLES / "printed-face.jpg"
CORNERS = [48, 54, 60, 64]


@pytest.fixture(scope="module")
def checkpoint():
    return load_checkpoint()


@pytest.fixture(scope="module")
def assistant(checkpoint) -> Assistant:
    return Assistant(checkpoint.perceiver, checkpoint.engine("hf"), checkpoint.config.calibration, checkpoint.name)


def test_it_is_small_and_names_no_path_of_the_machine_that_made_it(checkpoint):
    files = [file for file in checkpoint.folder.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 12_000_000
    for file in files:
        if file.suffix == ".json":
            assert not {"/tmp", "/home", "/work"} & set(file.read_text().replace("/", " /").split()), file


def test_the_encoder_runs_in_float32_though_it_is_stored_in_halves(checkpoint):
    """Halves are emulated on most processors: a face took five times as long."""
    assert {parameter.dtype for parameter in checkpoint.perceiver.encoder.parameters()} == {torch.float32}


def test_a_verdict_opens_with_a_token_of_its_own(checkpoint):
    encode = checkpoint.processor.tokenizer.encode
    first = [encode(word, add_special_tokens=False)[0] for word in CHOICES]
    assert checkpoint.config.verdict_ids == first and first[0] != first[1]
    others = ("The face shows", "The configuration resembles", "Uncertain.", "I cannot tell")
    assert not set(first) & {encode(words, add_special_tokens=False)[0] for words in others}
    assert {VERDICT_SENTENCES[label].rstrip(".") for label in ("live", "spoof")} == set(CHOICES)


def test_a_face_costs_at_most_110_tokens(checkpoint):
    text = checkpoint.processor.render([{"role": "user", "content": [{"type": "image"}]}])
    empty = len(checkpoint.processor.tokenizer.encode(text))
    for path in (INVENTED, PRINTED):
        assert checkpoint.processor(images=[path], text=text)["input_ids"].shape[1] - empty <= 110


@pytest.mark.parametrize("task", ["spoof", "au", "emotion", "describe"])
def test_every_task_gives_an_object_that_keeps_the_contract(assistant, task):
    for reply in assistant.ask([INVENTED, PRINTED], task=task):
        jsonschema.validate(json.loads(json.dumps(reply.to_dict())), schema())
        assert len(reply.faces) == 1


def test_the_printed_face_is_called_a_spoof_and_its_attack_named(assistant):
    answer = assistant.ask(PRINTED, task="spoof").faces[0].answer
    assert answer.label == "spoof" and answer.attack == "print"
    assert answer.text.startswith("Spoof.") and "print" in answer.text


def test_a_stream_gives_the_text_of_the_completion_in_parts(assistant):
    request = Request(prompt("Is there a beard?", 0), (read_picture(INVENTED),), max_tokens=12)
    parts = list(assistant.engine.stream(request))
    assert len(parts) > 1 and "".join(parts) == assistant.engine.complete([request])[0].text


def test_another_picture_gives_another_answer(assistant):
    one, other = assistant.ask([INVENTED, PRINTED], task="spoof")
    assert one.score != other.score
    smile, print_ = assistant.ask([INVENTED, PRINTED], task="describe")
    assert smile.text != print_.text


def test_the_tokens_alone_move_the_verdict(checkpoint, assistant):
    """Without its evidence in words the language model still sees which picture it was given."""
    request = {"messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Face 1: Is it real?"}]}]}
    text = checkpoint.processor.render(**request)
    inputs = checkpoint.processor(images=[INVENTED], text=text)
    other = checkpoint.processor(images=[PRINTED], text=text)["face_features"]
    model = assistant.engine.model
    with torch.inference_mode():
        seen, swapped = (
            model(**{**inputs, "face_features": features}).logits[0, -1] for features in (inputs["face_features"], other)
        )
    live, spoof = checkpoint.config.verdict_ids
    assert (seen[spoof] - seen[live]).item() != pytest.approx((swapped[spoof] - swapped[live]).item(), abs=1e-3)


def au12(checkpoint, lift: float) -> float:
    """AU12 of the example with its lip corners moved up by `lift` IOD, in both copies of the points."""
    picture = read_picture(INVENTED)
    face = find_faces(picture.pixels)[0]
    views = face_views(picture.pixels, face)
    points, canonical = torch.from_numpy(views.points)[None].clone(), torch.from_numpy(views.canonical)[None].clone()
    iod = (points[:, :, 36] - points[:, :, 45]).norm(dim=-1)
    points[:, :, CORNERS, 1] -= lift * iod[..., None]
    canonical[:, CORNERS, 1] += lift * upward(canonical)
    encoder = checkpoint.perceiver.encoder
    with torch.inference_mode():
        output = encoder(
            views=as_input(torch.from_numpy(views.images)[None]),
            points=points,
            canonical=canonical,
            pose=torch.from_numpy(views.pose)[None],
            has_landmarks=torch.tensor([True]),
            mesh=torch.from_numpy(views.mesh)[None],
        )
    left, right, _ = evidence(output)[0].aus["AU12"]
    return (left + right) / 2


def upward(canonical: torch.Tensor) -> float:
    """+1 or -1: which way the brows lie from the chin."""
    return float(torch.sign(canonical[0, 19, 1] - canonical[0, 8, 1]))


def test_lifting_the_lip_corners_raises_au12(checkpoint):
    low, as_is, high = (au12(checkpoint, lift) for lift in (-0.06, 0.0, 0.06))
    assert low < as_is < high


def test_every_action_unit_of_the_taxonomy_is_scored(assistant):
    assert tuple(assistant.ask(INVENTED, task="au").faces[0].answer.aus) == AU_CODES


def test_the_text_names_what_the_object_shows(assistant):
    answer = assistant.ask(INVENTED, task="au").faces[0].answer
    assert answer.text.startswith(opening(answer).rstrip("."))
    active = {code for code, reading in answer.aus.items() if reading.p >= 0.5 and reading.intensity >= 0.5}
    assert active == {code for code in AU_CODES if f"({code})" in answer.text}


def test_several_faces_get_an_answer_each(assistant):
    one = read_picture(INVENTED).pixels
    pair = Picture(torch.from_numpy(one).repeat(1, 2, 1).numpy(), "pair")
    reply = assistant.ask(pair, task="au")
    assert len(reply.faces) == 2
    assert abs(reply.faces[0].box[0] - reply.faces[1].box[0]) == pytest.approx(one.shape[1], rel=0.05)


@pytest.mark.parametrize("part", ["evidence/model.safetensors", "model.safetensors"])
def test_a_checkpoint_with_a_missing_key_names_it(checkpoint, tmp_path, part):
    folder = tmp_path / "broken"
    shutil.copytree(checkpoint.folder, folder)
    weights = load_file(folder / part)
    missing = sorted(weights)[0]
    del weights[missing]
    save_file(weights, folder / part, metadata={"format": "pt"})
    broken = load_checkpoint(str(folder))
    with pytest.raises(FacewiseError, match=missing.rsplit(".", 1)[-1]):
        _ = broken.perceiver, broken.model()


@pytest.fixture
def copied(checkpoint, tmp_path):
    shutil.copytree(checkpoint.folder, tmp_path / "copied")
    return tmp_path / "copied"


@pytest.mark.parametrize("cut", [None, 0, 1000])
@pytest.mark.parametrize("part", ["evidence/model.safetensors", "model.safetensors"])
def test_weights_that_are_missing_or_cut_off_are_one_line_with_their_place(copied, part, cut):
    whole = (copied / part).read_bytes()
    (copied / part).unlink()
    if cut is not None:
        (copied / part).write_bytes(whole[:cut])
    broken = load_checkpoint(str(copied))
    with pytest.raises(FacewiseError, match=r"^[^\n]*copied[^\n]*no weights could be read[^\n]*$"):
        _ = broken.perceiver, broken.model()


def test_a_prepared_base_that_was_cut_off_is_to_be_removed(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("FACEWISE_CACHE", str(tmp_path))
    folder = prepared_folder(checkpoint.config.base_llm["file"], checkpoint.config.base_llm["sha256"])
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(checkpoint.config.text_config.to_dict()))
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(FacewiseError, match=f"{folder.name}.*no weights could be read.*remove this folder"):
        load_checkpoint().model()
    with pytest.raises(FacewiseError, match=f"{folder.name}.*no tokenizer could be read.*remove this folder"):
        _ = load_checkpoint().processor


def test_the_folder_at_hand_has_its_own_name(copied, monkeypatch):
    monkeypatch.chdir(copied)
    assert load_checkpoint(".").name == "copied"


@pytest.mark.parametrize("name", [300 * "a", "a\0b"])
def test_a_name_that_no_folder_has_lists_what_there_is(name):
    with pytest.raises(FacewiseError, match=r"give `default`"):
        load_checkpoint(name)


def test_an_unknown_model_lists_what_there_is():
    with pytest.raises(FacewiseError, match=r"nobody.*default"):
        load_checkpoint("nobody")


def test_the_command_prints_one_valid_line_of_json():
    command = [sys.executable, "-m", "facewise.cli", "ask", str(PRINTED), "--task", "spoof", "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.count("\n") == 1
    jsonschema.validate(json.loads(done.stdout), schema())
