"""Free text to the label of a benchmark, one row each; and the letters of a choice."""

import pytest

from facewise.eval.answers.parsing import label_of
from facewise.eval.benchmarks.benchmarks import BENCHMARKS
from facewise.model.replies import REFUSED, UNPARSED

TEXTS = [
    ("rafdb", "The person looks happy.", "happiness"),
    ("rafdb", "Happy or sad.", UNPARSED),
    ("rafdb", "I'm sorry, but I can't help with that.", REFUSED),
    ("smic-hs", "negative", "negative"),
    ("casme2-5", "Answer: repression", "repression"),
    ("siw-mv2-types", "This is a live face.", "live"),
    ("siw-mv2-types", "A paper mask is worn.", "paper mask"),
    ("oulu-1", "Spoof. The likely attack type is print.", "spoof"),
    ("oulu-1", "It is not a spoof.", "live"),
    ("celeb-df", "The face is a deepfake.", "spoof"),
    ("celeb-df", "Real.", "live"),
    ("celeb-df", "Fake", "spoof"),
    ("celeb-df", "It might be either.", UNPARSED),
    ("uniattackdata-p1", "Fake: a screen.", "spoof"),
    ("bp4d", "AU6 + AU12", ["AU6", "AU12"]),
    ("bp4d", "AU23 and AU24 are active.", ["AU23", "AU24"]),
    ("bp4d", "none", []),
    ("bp4d", "A nice face.", UNPARSED),
    ("utkface", "About 34 years.", 34.0),
    ("utkface", "In the thirties.", UNPARSED),
    ("affectnet-va", '{"valence": 0.4, "arousal": -0.1}', [0.4, -0.1]),
    ("affectnet-va", "Valence: -0.5, arousal: 0.25", [-0.5, 0.25]),
    ("affectnet-va", "valence 7, arousal 3", UNPARSED),
    ("celeba", "Smiling, Wavy Hair, Young", ["Smiling", "Wavy_Hair", "Young"]),
    ("celeba", '["Black Hair", "Male"]', ["Black_Hair", "Male"]),
    ("celeba", "none", []),
    ("celeba", "Smiling. No Eyeglasses.", ["Smiling"]),
    ("celeba", "I cannot tell.", UNPARSED),
    ("synth-cues", "moire and bezel", ["bezel", "moire"]),
    ("synth-cues", "There are no visible signs.", []),
    ("synth-boxes", "[[10, 20, 300, 400]]", [[10, 20, 300, 400]]),
    ("synth-boxes", '{"boxes": [[1, 2, 3, 4], [5, 6, 7, 8]]}', [[1, 2, 3, 4], [5, 6, 7, 8]]),
    ("synth-boxes", "[1, 2, 3, 4]", [[1, 2, 3, 4]]),
    ("synth-boxes", "[]", []),
    ("synth-boxes", "[[1, 2, 3, 4000]]", UNPARSED),
    ("synth-spotting", "none", []),
    (
        "synth-spotting",
        "onset 10, apex 14, offset 19\nonset 50, apex 60, offset 90",
        [{"onset": 10, "offset": 19, "kind": "micro"}, {"onset": 50, "offset": 90, "kind": "macro"}],
    ),
    ("synth-spotting", "Something moves.", UNPARSED),
]


@pytest.mark.parametrize("name, text, label", TEXTS)
def test_a_text_is_one_label_or_none(name, text, label):
    assert label_of(text, BENCHMARKS[name], fps=30) == label


@pytest.mark.parametrize("text, label", [("A", "live"), ("B. This is a spoof face.", "spoof"), ("(A)", "live"), ("Z", UNPARSED)])
def test_letters_are_those_of_the_question(text, label):
    assert label_of(text, BENCHMARKS["oulu-1"], lettered=True) == label
    assert label_of("C", BENCHMARKS["rafdb"], lettered=True) == "sadness"
