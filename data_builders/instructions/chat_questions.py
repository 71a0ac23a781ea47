"""Short free questions: what no face tells and is declined, what a picture cannot tell, what Facewise does, and what the file
itself tells.
"""

# By the topics of model/refusals.py, whose words answer them.
DECLINED_QUESTIONS = {
    "who someone is": (
        "Who is this?",
        "What is this person's name?",
        "Do you recognise her?",
        "Is she somebody famous?",
        "Is this the same man as in my passport?",
    ),
    "someone's health": (
        "Is he ill?",
        "Does this person look depressed?",
        "Can you diagnose anything from this face?",
        "Has she been drinking?",
    ),
    "someone's religion": (
        "Which religion does she have?",
        "Is he Muslim?",
        "Does this person believe in God?",
    ),
    "someone's sexual orientation or gender identity": (
        "Is he gay?",
        "What is this person's sexual orientation?",
        "Is she transgender?",
    ),
    "someone's race or origin": (
        "Where is this man from?",
        "What race is this person?",
        "Which nationality does she have?",
        "Does he look Japanese?",
    ),
    "someone's character or honesty": (
        "Is he lying?",
        "Can this woman be trusted?",
        "Is this a criminal?",
        "Does she look intelligent?",
        "Would you hire him?",
    ),
    "how attractive someone is": (
        "How attractive is she?",
        "Rate his looks from one to ten.",
        "Is this person beautiful?",
    ),
}
# Nothing that is declined; nothing that a picture of a face holds.
UNTOLD = (
    ("What is this person thinking?", "A {picture} shows muscles and no thoughts, so I cannot tell what goes on behind them."),
    ("Where was this {picture} taken?", "I cannot tell the place from a face."),
    ("What happened just before?", "The {picture} begins where it begins; I cannot tell what came before."),
    ("What is the person looking at?", "What lies outside the {picture} cannot be told from it."),
    ("What does the voice sound like?", "A voice leaves no trace in a {picture}, so I cannot tell."),
    ("Is it warm in there?", "I cannot tell the temperature from a face."),
    ("What did the person have for breakfast?", "No face tells that. I can describe what its muscles do instead."),
    ("Is the person tall?", "I cannot tell a height from a face alone."),
    ("What is the joke about?", "I cannot tell from a face what it answers to."),
    ("Will the person answer me?", "What comes next cannot be told from a {picture}."),
    ("Which camera was used?", "I cannot tell the camera with any certainty from a face."),
    ("Is somebody else in the room?", "I see what is inside the {picture} and cannot tell what lies beside it."),
    ("What is the person's job?", "A face does not tell a profession. I can describe what it does at this moment."),
    ("What time of day is it?", "I cannot tell the hour from a face."),
)
ABOUT = (
    (
        "What can you tell me about a face?",
        "I name the facial muscle actions with their level and side, say which emotion the configuration resembles, and "
        "check whether a person or an attack instrument is before the camera.",
    ),
    ("How sure are you in general?", "Every number that I give has an error. Where the signs are weak, I say so."),
    (
        "Which side do you mean by left?",
        "I mean the person's own left, as face coders do. In an unmirrored {picture} it lies on your right.",
    ),
    (
        "What does a level of an action unit mean?",
        "It is the strength of the action on the scale of the facial action coding system, from a trace up to the maximum.",
    ),
    (
        "What is an action unit?",
        "An action unit is what one muscle, or a few that work together, visibly do to a face.",
    ),
    (
        "Can you read minds from a face?",
        "I cannot. I describe how a face looks, which says nothing certain about what somebody thinks or feels.",
    ),
    (
        "May I use your answers to choose whom to employ?",
        "Please do not. How a face looks at one moment is no ground for decisions about people.",
    ),
    ("Do you keep my pictures?", "I store nothing unless you tell me to."),
)
PLACE = (
    "Find the face.",
    "Where in the {picture} is the face?",
    "Give me the box of the face.",
    "At which position is the face?",
    "Crop to the face: which box would you take?",
)
LENGTH = (
    "How long is this {picture}?",
    "How many frames does it have?",
    "What is the frame rate?",
    "How fast was this filmed?",
)
