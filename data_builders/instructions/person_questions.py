"""What is asked about looks that may be said (hair, beard, what is worn), and about age."""

MOST_YEARS = 150
ATTRIBUTES = {
    "listed": (
        "Which visible attributes does this person have?",
        "What can be said about hair, glasses and the like?",
        "List what the person wears and how the hair looks.",
        "Which outward features stand out?",
        "Give the attributes of the face in this {picture}.",
        "How could I find this {picture} again by its looks?",
        "Name the hairstyle and the accessories.",
        "Anything on or around the face worth noting?",
        "Tag this portrait.",
        "Which tags fit this {picture}?",
        "How does the person look, apart from the expression?",
        "Note the visible details: hair, beard, accessories.",
        "What is there on head and face?",
        "Write the attributes as a sentence.",
        "What do hair and accessories look like?",
        "Fill in a form: hair, beard, glasses, hat.",
    ),
    "hair": (
        "What does the hairstyle look like?",
        "Tell me about the hair.",
        "How is the hair worn?",
        "What kind of hair does the person have?",
    ),
    "colour": (
        "What colour is the hair?",
        "Dark, blond or grey hair?",
        "Which hair colour should I note?",
    ),
    "beard": (
        "Moustache, goatee, stubble or clean-shaven?",
        "What about facial hair?",
        "Has the person shaved?",
        "What grows on chin and lip?",
    ),
    "worn": (
        "Which accessories are visible?",
        "Does the person wear jewellery, glasses or a hat?",
        "What is the person wearing on head or face?",
        "What has been put on for this {picture}?",
    ),
    "features": (
        "What do mouth and brows look like?",
        "Does the mouth stand open, and is there a smile?",
        "How are the brows shaped, and what does the mouth do?",
    ),
}
# Of one attribute, answered by yes or no.
ONE_ATTRIBUTE = {
    "Eyeglasses": ("Are there glasses?", "Does the person wear spectacles?"),
    "Wearing_Hat": ("Is a hat or another headgear worn?", "Is the head covered by a hat?"),
    "Wearing_Earrings": ("Anything on the ears?", "Are there earrings?"),
    "Wearing_Necklace": ("Is a necklace worn?", "Is there jewellery round the neck?"),
    "Wearing_Necktie": ("Is a tie worn?", "Do you see a necktie?"),
    "Heavy_Makeup": ("Is heavy make-up visible?", "Is the face strongly made up?"),
    "Wearing_Lipstick": ("Is there lipstick?", "Are the lips painted?"),
    "Bald": ("Is the top of the head bald?", "Is the head without hair?"),
    "Bangs": ("Is there a fringe over the forehead?", "Does hair fall onto the forehead?"),
    "Sideburns": ("Are there sideburns?", "Does a beard grow in front of the ears?"),
    "Mustache": ("Is there a moustache?", "Does hair grow on the upper lip?"),
    "Goatee": ("Is there a goatee?", "Does a beard grow on the chin alone?"),
    "Blurry": ("Is the {picture} blurred?", "Is the {picture} out of focus?"),
}
# Answered by a group of ages: the years up to which each answer holds.
_STAGES = ((12, "A child"), (19, "A teenager"), (64, "An adult"), (MOST_YEARS, "Elderly"))
_DECADES = (
    (9, "Below ten"),
    (19, "From ten to nineteen"),
    (29, "In the twenties"),
    (39, "In the thirties"),
    (49, "In the forties"),
    (59, "In the fifties"),
    (69, "In the sixties"),
    (79, "In the seventies"),
    (89, "In the eighties"),
    (99, "In the nineties"),
    (MOST_YEARS, "A hundred or more"),
)
AGE_GROUPS = {
    "Is this an adult?": ((17, "No"), (MOST_YEARS, "Yes")),
    "Child, adult or elderly?": (
        (12, "A child"),
        (17, "A teenager, between the two"),
        (64, "An adult"),
        (MOST_YEARS, "Elderly"),
    ),
    "Which age group fits?": _STAGES,
    "Is it a child, a teenager, an adult or somebody elderly?": _STAGES,
    "Teenager, in the twenties, or older?": (
        (12, "None of them yet, a child"),
        (19, "A teenager"),
        (29, "In the twenties"),
        (MOST_YEARS, "Older"),
    ),
    "Young, middle-aged or old?": ((39, "Young"), (64, "Middle-aged"), (MOST_YEARS, "Old")),
    "Is the person nearer to twenty or to sixty?": (
        (39, "Nearer to twenty"),
        (40, "Half-way between the two"),
        (MOST_YEARS, "Nearer to sixty"),
    ),
    "Does the face look younger or older than forty?": ((39, "Younger"), (40, "Just forty"), (MOST_YEARS, "Older")),
    "Does the face look like a child's or a grown-up's?": (
        (12, "Like a child's"),
        (17, "Between the two, like a teenager's"),
        (MOST_YEARS, "Like a grown-up's"),
    ),
    "In which decade of life does the person appear to be?": _DECADES,
    "Could you give an age range?": _DECADES,
    "Between which ages would you place this face?": _DECADES,
}
AGE = {
    "age": (
        "How old does this person look?",
        "What age would you guess?",
        "Estimate the age.",
        "Roughly which age is shown?",
        "How old would you say the person is?",
        "What is the apparent age?",
        "How many birthdays may this person have had?",
        "What does the face tell about the age?",
        "Put an age to this {picture}.",
        "How old was the person when the {picture} was taken?",
        "Age estimate?",
        "What age does the face suggest?",
        "Tell me the age you would expect.",
        "How far along in life does the person seem?",
        "Guess: how old?",
        "By looks alone, what is the age?",
        "Which age would a stranger guess?",
        "How many years would you give this face?",
        "I need an age for this {picture}.",
        "How old might the person in the {picture} be?",
    ),
    "number": (
        "Give a single number for the age.",
        "About how many years old?",
        "If you had to write down one age, which?",
        "Say the age in years.",
        "What is your best guess of the age?",
        "What would an age estimator return?",
        "One number, please: the age.",
    ),
    "margin": (
        "Age, please, with a margin.",
        "Guess the age from the face and say how sure you are.",
        "Age and likely error, please.",
    ),
    "group": tuple(AGE_GROUPS),
}
PERSON_FOLLOW_UPS = {
    "hair": ("And the hair?", "What is the hair like?", "Tell me more about the hair."),
    "beard": ("Any beard?", "And facial hair?", "What about a beard or a moustache?"),
    "worn": ("What is worn with it?", "Any accessories?", "And glasses, a hat, jewellery?"),
    "age": ("And the age?", "How old does the person look?", "Which age would you guess?"),
}
