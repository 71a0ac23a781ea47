"""Replies of many models to labels, one row each: what is read, and above all what is not guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_values import unhurried

from facewise.model import replies, reply_values
from facewise.model.replies import REFUSED, UNPARSED
from facewise.model.taxonomy import ATTACKS, EMOTIONS

VERDICTS = [
    ("Live. No single sign of an attack is clear.", "live"),
    ("Spoof. The likely attack type is print. Visible signs: edge and halftone.", "spoof"),
    ("Uncertain. The evidence points clearly to neither side.", "uncertain"),
    ("**Spoof**", "spoof"),
    ("**The face in the image is a spoof**, as it is cleverly concealed by a paper with printed eyes.", "spoof"),
    ("The face in the image is real.", "live"),
    ("This image is a real face.", "live"),
    ("this image is a spoof face", "spoof"),
    ("The face appears to be genuine and shows natural skin.", "live"),
    ("This looks like a printed photo held in front of the camera.", "spoof"),
    ("It is likely a replay attack: the screen's bezel is visible.", "spoof"),
    ("This is not a spoof.", "live"),
    ("The face is not real.", "spoof"),
    ("This isn't a real person.", "spoof"),
    ("It's not a real face but a printed photo.", "spoof"),
    ("There are no signs of spoofing.", "live"),
    ("I see no evidence of a presentation attack.", "live"),
    ("No attack.", "live"),
    ("The face is not live.", "spoof"),
    ("Answer: spoof", "spoof"),
    ("Final answer: **live**", "live"),
    ("The answer is real.", "live"),
    ("### Verdict: Spoof\n\nThe edges of the paper are visible.", "spoof"),
    ("Verdict: bona fide", "live"),
    ('{"verdict": "spoof", "confidence": 0.93}', "spoof"),
    ('```json\n{"label": "live", "reason": "not a spoof"}\n```', "live"),
    ('Here is my assessment:\n```json\n{\n  "is_real": false,\n  "reason": "moire"\n}\n```', "spoof"),
    ('{"is_spoof": false}', "live"),
    ('{"answer": "I think it is a fake"}', "spoof"),
    ('{"answer": "both real and fake"}', UNPARSED),
    ('{"answer": "I can\'t help with that."}', REFUSED),
    ("<think>It could be a spoof. The edges look like paper.</think>The face is real.", "live"),
    ("<think>The face is real", UNPARSED),
    ("The skin shows moire. Therefore, the face is a spoof. A real face would show depth.", "spoof"),
    ("At first it looks real. In conclusion, we can conclude that the face in the picture is a spoof.", "spoof"),
    ("Analyzing these attributes, we can conclude that the face in the picture is a spoof.", "spoof"),
    ("You ask whether the face is real or a spoof. It is a spoof.", "spoof"),
    ("A real face would show pores. This one is fake.", "spoof"),
    ("Is it real or fake? I think it is real.", "live"),
    ("The face could be real or it could be a spoof.", UNPARSED),
    ("The face is real. The face is fake.", UNPARSED),
    ("It is either live or spoof.", UNPARSED),
    ("The picture shows a man with a beard.", UNPARSED),
    ("", UNPARSED),
    ("   \n ", UNPARSED),
    ("The lighting is realistic and it is a real-time stream.", UNPARSED),
    ("Alive and delivered.", UNPARSED),
    ("\\boxed{spoof}", "spoof"),
    ("Reasoning: the borders are straight.\n<answer>Spoof</answer>", "spoof"),
    ("I'm sorry, but I can't help with that.", REFUSED),
    ("I’m sorry, but I can’t assist with identifying whether people in images are real or fake.", REFUSED),
    ("As an AI, I must decline to judge people.", REFUSED),
    ("I can't identify the person, but the face is real.", "live"),
    ("Sorry for the confusion. It is a spoof.", "spoof"),
    ("I cannot tell.", UNPARSED),
    ("It might be a spoof.", "spoof"),
    ("The face shows a lack of real skin texture. It is a spoof.", "spoof"),
    ("This is undoubtedly a spoof, unlike a genuine face.", "spoof"),
    ("The result is inconclusive.", "uncertain"),
    ("I would say this is a spoof.", "spoof"),
    ("There is no indication that this face is fake.", "live"),
    ("I don't think this is a real face.", "spoof"),
    ("I don't see any signs of a spoof attack.", "live"),
    ("The face doesn't appear to be fake.", "live"),
    ("The probability of spoof is 0.93.", UNPARSED),
    ("Spoof probability: 0.02. The face is live.", "live"),
    ("The person is wearing a real mask.", UNPARSED),
    ("A photograph of a screen.", "spoof"),
    ("Yes, this is a real face. No spoof cues are visible.", "live"),
    (
        "The face in the image is real, not a spoof. While spoof attacks often have flat textures, this one has natural skin.",
        "live",
    ),
    ("Prediction: Real (confidence 92%)", "live"),
    ("The image is of a live person (not a spoof attack).", "live"),
    ("It is difficult to say whether it is real or fake.", UNPARSED),
]


@pytest.mark.parametrize("text, label", VERDICTS)
def test_verdicts(text, label):
    assert replies.verdict(text) == label


@pytest.mark.parametrize(
    "text, label",
    [
        ("Yes, the face is real.", "live"),
        ("Yes.", "live"),
        ("No", "spoof"),
        ("**No**, this is a printed photo.", "spoof"),
        ("No, it is not real.", "spoof"),
        ("Yes, it is a spoof.", UNPARSED),
        ("No signs of an attack are visible.", "live"),
        ("Yesterday it rained.", UNPARSED),
        ("Yes, this is a real face. No spoof cues are visible.", "live"),
    ],
)
def test_yes_means_what_the_question_makes_it_mean(text, label):
    assert replies.verdict(text, yes="live") == label


EMOTION_REPLIES = [
    ("Happiness", "happiness"),
    ("happy", "happiness"),
    ("The person appears to be happy.", "happiness"),
    ("The emotion conveyed in the video is **anger**.", "anger"),
    ("Emotion: Sad", "sadness"),
    ("The expression is one of surprise, not fear.", "surprise"),
    ("The facial expression is fear rather than surprise.", "fear"),
    ("The configuration resembles a neutral face (81%).", "neutral"),
    ("The configuration resembles disgust (64%). The face shows nose wrinkled.", "disgust"),
    ("He seems joyful, with raised cheeks and a smile.", "happiness"),
    ("She is neither happy nor sad.", UNPARSED),
    ("She looks unhappy.", "sadness"),
    ("The person does not look happy.", UNPARSED),
    ("happy and surprised", UNPARSED),
    ("A mix of sadness and anger.", UNPARSED),
    ("The face shows happiness with a hint of surprise.", UNPARSED),
    ("Final answer: fearful", "fear"),
    ('{"emotion": "Contempt", "confidence": "high"}', "contempt"),
    ('{"dominant_emotion": "angry"}', "anger"),
    ('{"emotion": "hungry"}', UNPARSED),
    ("The brows are lowered. Lips are tight. Thus the emotion is anger.", "anger"),
    ("Options: happiness, sadness, anger. My answer: anger", "anger"),
    ("The corners of the mouth are raised.", UNPARSED),
    ("I can't determine emotions from this photo, sorry.", REFUSED),
    ("I'm not able to identify emotions of real people.", REFUSED),
    ("I am unable to analyze facial expressions.", REFUSED),
    ("I can't identify who this is, but the expression is one of sadness.", "sadness"),
    ("No emotion", "neutral"),
    ("The face is expressionless.", "neutral"),
    ("The expression is **neutral** or **calm**.", "neutral"),
    ("Fear, definitely fear.", "fear"),
    ("The person is frightened; her eyes are wide.", "fear"),
    ("He isn't angry. He is disgusted.", "disgust"),
    ("It's a happily married couple.", "happiness"),
    ("Surprise!", "surprise"),
    ("ANGER", "anger"),
    ("- Anger", "anger"),
    ("1. Anger", "anger"),
    ("Madrid", UNPARSED),
    ("Label: 3 (surprise)", "surprise"),
    ("The person appears to be expressing **happiness**. This is indicated by their wide smile.", "happiness"),
    ("The expression seems neutral, with no strong emotion displayed.", "neutral"),
    ("The facial expression suggests a neutral or slightly sad emotion.", UNPARSED),
    ("The video shows a person who first looks neutral and then becomes angry.", UNPARSED),
    ("The most likely emotion is fear, though surprise is also possible.", UNPARSED),
    ("1) Visual inspection: raised brows. 2) Reasoning: AU1+2. 3) Final: surprise", "surprise"),
    ("I'm sorry, but I cannot provide an analysis of emotions such as happiness or sadness.", REFUSED),
]


@pytest.mark.parametrize("text, label", EMOTION_REPLIES)
def test_emotions(text, label):
    assert replies.emotion(text) == label


@pytest.mark.parametrize(
    "text, label",
    [
        ("Happily surprised", "happily surprised"),
        ("The person is happily surprised.", "happily surprised"),
        ("sadly fearful", "sadly fearful"),
        ("The person is surprised.", UNPARSED),
    ],
)
def test_a_benchmark_brings_its_own_label_space(text, label):
    assert replies.emotion(text, ("happily surprised", "sadly fearful")) == label


def test_a_label_outside_the_space_is_not_read():
    assert replies.emotion("Contempt", EMOTIONS[:7]) == UNPARSED
    assert replies.emotion("positive", ("positive", "negative", "surprise")) == "positive"
    assert replies.emotion("The coarse class is negative.", ("positive", "negative", "surprise", "others")) == "negative"


@pytest.mark.parametrize(
    "text, label",
    [
        ("B", "happiness"),
        ("(B)", "happiness"),
        ("b.", "happiness"),
        ("B) Happiness", "happiness"),
        ("Answer: (C)", "sadness"),
        ("The answer is C.", "sadness"),
        ("Answer: C) sadness", "sadness"),
        ("Option D", "surprise"),
        ("**B. Happiness**\nThe cheeks are raised.", "happiness"),
        ('{"answer": "B"}', "happiness"),
        ("B) Sadness", UNPARSED),
        ("Z", UNPARSED),
        ("A sad face.", "sadness"),
        ("sadness", "sadness"),
    ],
)
def test_letters_of_offered_options(text, label):
    assert replies.emotion(text, lettered=True) == label


def test_a_letter_is_no_answer_where_none_was_offered():
    assert replies.emotion("B") == UNPARSED


ATTACK_REPLIES = [
    ("The face in the image is a Print Attack. This is evident from the appearance of the paper edges.", "print"),
    ("Attack type: replay", "replay"),
    ("It is a printed paper mask.", "paper mask"),
    ("It is a paper mask.", "paper mask"),
    ("silicone mask", "flexible mask"),
    ("The person wears a rigid mask.", "rigid mask"),
    ("This is a mannequin.", "fake head"),
    ("It is not a print but a replay attack.", "replay"),
    ("Print or replay.", UNPARSED),
    ("Funny eyes glasses", "glasses"),
    ('{"attack_type": "Partial Eye"}', "partial eye"),
    ("obfuscation by makeup", "makeup"),
    ("It is bona fide.", "live"),
]


@pytest.mark.parametrize("text, label", ATTACK_REPLIES)
def test_attacks(text, label):
    assert replies.attack(text, (*ATTACKS, "live")) == label


UNIT_REPLIES = [
    ("AU6, AU12", ("AU6", "AU12")),
    ("AU 6 and AU 12 are active.", ("AU6", "AU12")),
    ("AUs 6, 12 and 25", ("AU6", "AU12", "AU25")),
    ("AU6+12", ("AU6", "AU12")),
    ("AU06_r AU12", ("AU6", "AU12")),
    ("cheek raiser, lip corner puller", ("AU6", "AU12")),
    ("The face shows cheeks raised and lip corners pulled up on the left.", ("AU6", "AU12")),
    ("- **AU4** (Brow Lowerer)\n- **AU17** (Chin Raiser)", ("AU4", "AU17")),
    ("AU4: 1\nAU6: 0\nAU12: 1", ("AU4", "AU12")),
    ("AU4: present, AU6: absent, AU12: not active", ("AU4",)),
    ("AU12 is active, AU6 is not.", ("AU12",)),
    ("The lip corner puller is active, but there is no cheek raiser.", ("AU12",)),
    ("AU12 without AU6", ("AU12",)),
    ('{"AU1": 1, "AU2": 0, "AU12": 2.5}', ("AU1", "AU12")),
    ('{"AU01": true, "AU02": false}', ("AU1",)),
    ('{"AU12": {"intensity": 3, "side": "both"}, "AU4": {"intensity": 0}}', ("AU12",)),
    ('```json\n{"action_units": ["AU6", "AU12"]}\n```', ("AU6", "AU12")),
    ('{"aus": [6, 12]}', ("AU6", "AU12")),
    ('["AU6", "lip corner puller"]', ("AU6", "AU12")),
    ("[]", ()),
    ("None", ()),
    ("No action units are active.", ()),
    ("The face shows no clear muscle action.", ()),
    ("AU99", ()),
    ("The person's inner brows are raised and lips are parted.", ("AU1", "AU25")),
    ("AU12 (lip corner puller) is active at intensity C, while AU6 shows no activation.", ("AU12",)),
    ("Active: AU4, AU7. Inactive: AU12, AU25.", ("AU4", "AU7")),
    ("AU1 and AU2 are not active. AU12 is.", ("AU12",)),
    ("Only AU 17 is present; AU15 is not present.", ("AU17",)),
    ("1. AU1 (Inner Brow Raiser)\n2. AU26 (Jaw Drop)", ("AU1", "AU26")),
    ("The face is happy.", UNPARSED),
    ("", UNPARSED),
    ("I'm sorry, I can't analyze faces.", REFUSED),
]


@pytest.mark.parametrize("text, codes", UNIT_REPLIES)
def test_action_units(text, codes):
    assert reply_values.units(text) == codes


def test_units_outside_the_space_are_left_out_in_its_order():
    assert reply_values.units("AU25, AU12 and AU1", ("AU1", "AU12")) == ("AU1", "AU12")


NUMBER_REPLIES = [
    ("34", 34),
    ("34 years old", 34),
    ("I would guess that this person is about 27 years old.", 27),
    ("The person looks around 25-30 years old.", 27.5),
    ("between 40 and 50", 45),
    ("20 to 25 years", 22.5),
    ("Age: 61", 61),
    ("aged 19", 19),
    ("**Answer: 33**\nThe skin has 2 wrinkles.", 33),
    ('{"age": 34}', 34),
    ('{"estimated_age": "34-38"}', 36),
    ('{"age": "unknown"}', UNPARSED),
    ("He is 30 years old, with 90% confidence.", 30),
    ("32.5", 32.5),
    ("30 or 40", UNPARSED),
    ("In his thirties.", UNPARSED),
    ("300 years old", UNPARSED),
    ("I am not able to guess the age of people.", REFUSED),
    ("I can't guess ages, but the person looks about 30 years old.", 30),
    ("", UNPARSED),
]


@pytest.mark.parametrize("text, value", NUMBER_REPLIES)
def test_numbers(text, value):
    assert reply_values.number(text) == value


@pytest.mark.parametrize(
    "text, value",
    [
        ("onset: 12, apex: 17, offset: 24", ({"onset": 12, "apex": 17, "offset": 24},)),
        ("Onset frame is 12; offset frame 24.", ({"onset": 12, "offset": 24},)),
        ('{"onset": 12, "apex": 17, "offset": 24}', ({"onset": 12, "apex": 17, "offset": 24},)),
        (
            '[{"onset": 1, "offset": 4}, {"onset": 9, "apex": 10, "offset": 12}]',
            ({"onset": 1, "offset": 4}, {"onset": 9, "apex": 10, "offset": 12}),
        ),
        (
            "The onset is at frame 12, the apex at frame 17 and the offset at frame 24.",
            ({"onset": 12, "apex": 17, "offset": 24},),
        ),
        ("No micro-expression is visible.", ()),
        ("onset 24, offset 12", UNPARSED),
        ("onset 24", UNPARSED),
        ("onset 1, apex 2, apex 3, offset 9", UNPARSED),
        ("It starts early.", UNPARSED),
        ("I'm sorry, I can't help.", REFUSED),
    ],
)
def test_moments(text, value):
    assert reply_values.moments(text) == value


@pytest.mark.parametrize(
    "text, label",
    [
        ("Yes.", "yes"),
        ("No, the inner brows are not raised.", "no"),
        ("yes and no", UNPARSED),
        ('{"answer": "Yes"}', "yes"),
        ("Maybe", UNPARSED),
    ],
)
def test_yes_or_no(text, label):
    assert replies.yes_or_no(text) == label


@unhurried
@given(st.text(max_size=200))
def test_no_text_is_a_crash(text):
    for read in (
        replies.verdict,
        replies.emotion,
        reply_values.units,
        reply_values.number,
        reply_values.moments,
        replies.yes_or_no,
    ):
        read(text)
    assert replies.verdict(text) in ("live", "spoof", "uncertain", UNPARSED, REFUSED)


@unhurried
@given(
    st.sampled_from([pair for pair in EMOTION_REPLIES if pair[1] in EMOTIONS]),
    st.sampled_from(["**{}**", "> {}", "{}\n", " {} "]),
)
def test_markup_changes_nothing(pair, frame):
    text, label = pair
    assert replies.emotion(frame.format(text)) == label


@pytest.mark.parametrize("text", ["{" * 5000, "[" * 5000, "answer: " * 3000, "not " * 5000, "a real " * 3000, "<think>" * 2000])
def test_a_hostile_text_takes_no_time(text):
    import time

    start = time.process_time()
    replies.verdict(text)
    reply_values.units(text)
    reply_values.number(text)
    assert time.process_time() - start < 2
