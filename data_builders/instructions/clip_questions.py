"""What is asked about the movements of a clip: whether there was one, how many, when, of which muscles, of which class, and all
of it at once.
"""

MICRO = {
    "spotted": (
        "Does anything flash across this face?",
        "Do you spot any brief movement of the face?",
        "Does the face stay still throughout?",
        "Watch the {picture}: what happens in the face?",
        "Spot every facial movement.",
        "Is anything expressed in this {picture}, however briefly?",
        "Did the face twitch anywhere?",
        "Do you notice a fleeting change in this face?",
    ),
    "quick": (
        "Is there a possible micro-expression in this {picture}?",
        "Was there something quicker than half a second?",
        "Look for micro-expressions.",
        "Micro-expression or none?",
    ),
    "count": (
        "How many expressions does the {picture} hold?",
        "Count the facial movements.",
        "Is it one movement or several?",
    ),
    "when": (
        "When does the face move?",
        "Give onset and offset.",
        "At which times does the movement begin and end?",
        "Between which moments does the face move?",
        "Find the intervals of facial movement.",
        "Timestamps of every expression, please.",
        "Localise the expressions in time.",
    ),
    "apex": (
        "Where in the {picture} is the apex?",
        "Which moment shows the movement at its height?",
        "When does the face reach its strongest moment?",
    ),
    "course": (
        "Give onset, apex and offset.",
        "At which moments does the movement begin, peak and end?",
        "Follow the movement from onset over apex to offset.",
    ),
    "duration": (
        "How long does the movement last?",
        "For how long does the face move?",
        "How quick is the expression?",
    ),
    "units": (
        "Which muscles make up the brief movement?",
        "Which action units does the movement show?",
        "What moves at the apex?",
        "Code the movement in action units.",
        "Which part of the face flashes?",
        "Which facial muscles flicker for a moment?",
        "What do the muscles do when the face moves?",
    ),
    "class": (
        "Which class does the movement belong to?",
        "What does that flash across the face stand for?",
        "Classify the expression as far as you can.",
        "How would the movement be filed?",
    ),
    "coarse": (
        "Is the movement positive, negative or a surprise?",
        "Which coarse class does the expression have?",
        "Would you call that flash positive or negative?",
    ),
    "objective": (
        "Name the class of the movement by its muscles.",
        "Which objective class do its action units make?",
        "Go by the action units alone: which class from I to VII?",
    ),
    "word": (
        "Which emotion does the brief movement resemble?",
        "Put an emotion word to that flash.",
        "What does the face look like at the apex, in one word?",
    ),
    "whole": (
        "Analyse the {picture}: what moved, when, and what does it resemble?",
        "Give a full report on the facial movement.",
        "Tell me everything about the brief expression.",
        "Report each movement with its time, muscles and class.",
        "Analyse the expression in detail.",
        "What happened in the face, from onset to offset?",
    ),
}
CLIP_FOLLOW_UPS = {
    "when": ("When exactly?", "At which moments was that?", "Can you give me the times?", "From when to when?"),
    "apex": ("And where is its apex?", "Which moment shows it best?", "When was it strongest?"),
    "duration": ("And how long did that last?", "How quick was it?"),
    "units": (
        "Which muscles took part?",
        "What moved there?",
        "And which action units were these?",
        "Which part of the face was it?",
    ),
    "class": ("What does it resemble?", "And its class?", "What would that stand for?", "How would you classify it?"),
}
