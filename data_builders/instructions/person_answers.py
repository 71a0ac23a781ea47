"""Answers about looks that may be said, and about age.

Of CelebA's forty attributes those are said that a person chose or wears, hair, and what the picture itself is like. The others
are scored in evaluation and never said: `UNSAID` tells why. Gender, race and whatever else a source tells of a person are not
in either list and never said.
"""

from random import Random

from ...model.wording import listed
from .exchanges import Exchange, Write, asked
from .labels import Known
from .person_questions import AGE, AGE_GROUPS, ATTRIBUTES, ONE_ATTRIBUTE

HAIR = {"Black_Hair": "black", "Blond_Hair": "blond", "Brown_Hair": "brown", "Gray_Hair": "grey"}
CURLS = {"Straight_Hair": "straight", "Wavy_Hair": "wavy"}
BEARD = {"Goatee": "a goatee", "Mustache": "a moustache", "Sideburns": "sideburns", "5_o_Clock_Shadow": "stubble"}
WORN = {
    "Eyeglasses": "glasses",
    "Wearing_Hat": "a hat",
    "Wearing_Earrings": "earrings",
    "Wearing_Necklace": "a necklace",
    "Wearing_Necktie": "a necktie",
    "Wearing_Lipstick": "lipstick",
    "Heavy_Makeup": "heavy make-up",
}
OTHER = ("Bald", "Bangs", "Receding_Hairline", "No_Beard", "Arched_Eyebrows", "Bushy_Eyebrows", "Smiling", "Mouth_Slightly_Open")
SAID = (*HAIR, *CURLS, *BEARD, *WORN, *OTHER, "Blurry")
UNSAID = {
    "Attractive": "a judgement of worth",
    "Male": "gender is nothing to be guessed from a face",
    "Young": "age is a question of its own, answered in years",
    "Chubby": "a judgement of the body that stands for health",
    "Double_Chin": "a judgement of the body that stands for health",
    "Bags_Under_Eyes": "taken for health and sleep",
    "Pale_Skin": "taken for health, and for race",
    "Rosy_Cheeks": "taken for health, or for make-up",
    "Big_Lips": "a build of the face that stands for race",
    "Big_Nose": "a build of the face that stands for race",
    "Narrow_Eyes": "a build of the face that stands for race",
    "Pointy_Nose": "a build of the face, rated by taste",
    "High_Cheekbones": "a build of the face, rated by taste, and mostly a smile",
    "Oval_Face": "a build of the face, rated by taste",
}
MISSING = 2  # things at most that an answer says are not there
# yes, no
ANSWERS = {
    "Eyeglasses": ("Yes, there are glasses.", "No, there are no glasses."),
    "Wearing_Hat": ("Yes, a hat is worn.", "No, there is no hat."),
    "Wearing_Earrings": ("Yes, there are earrings.", "No, there are no earrings."),
    "Wearing_Necklace": ("Yes, there is a necklace.", "No, there is no necklace."),
    "Wearing_Necktie": ("Yes, there is a necktie.", "No, there is no necktie."),
    "Heavy_Makeup": ("Yes, the make-up is heavy.", "No, there is no heavy make-up."),
    "Wearing_Lipstick": ("Yes, there is lipstick.", "No, there is no lipstick."),
    "Bald": ("Yes, the top of the head is bald.", "No, there is hair on the head."),
    "Bangs": ("Yes, a fringe falls onto the forehead.", "No, the forehead is free of hair."),
    "Sideburns": ("Yes, there are sideburns.", "No, there are no sideburns."),
    "Mustache": ("Yes, there is a moustache.", "No, there is no moustache."),
    "Goatee": ("Yes, there is a goatee.", "No, there is no goatee."),
    "Blurry": ("Yes, it is blurred.", "No, it is sharp enough."),
}
NUMBER = ("By looks, about {years} {unit}.", "The person looks about {years} {unit} old.", "I would say {years}.")
# How far an estimate is off no label tells, and so no answer does.
MARGIN = (
    "I would guess {years}: a face tells an age only roughly.",
    "By looks, {years}; by how much that may be off, a face does not tell.",
)
NEWBORN = "Less than a year, by looks: a baby."


def listed_looks(known: Known, rng: Random) -> Exchange | None:
    return _about("listed", outward(known), known, rng)


def hair(known: Known, rng: Random) -> Exchange | None:
    said = hair_text(_told(known))
    return _about("hair", f"The person {said}." if said else "", known, rng)


def colour(known: Known, rng: Random) -> Exchange | None:
    names = _true(_told(known), HAIR)
    return _about("colour", f"The hair is {names[0]}." if len(names) == 1 else "", known, rng)


def beard(known: Known, rng: Random) -> Exchange | None:
    told = _told(known)
    bare = "There is no beard." if told.get("No_Beard") else ""
    names = _beard(told)
    return _about("beard", f"The person has {listed(names)}." if names else bare, known, rng)


def worn(known: Known, rng: Random) -> Exchange | None:
    told = _told(known)
    if names := _true(told, WORN):
        return _about("worn", f"The person wears {listed(names)}.", known, rng)
    missing = [name for attribute, name in WORN.items() if told.get(attribute) is False]
    some = [missing.pop(int(rng.random() * len(missing))) for _ in range(min(MISSING, len(missing)))]
    said = f"I see no {' and no '.join(name.removeprefix('a ') for name in some)}." if some else ""
    return _about("worn", said, known, rng)


def features(known: Known, rng: Random) -> Exchange | None:
    return _about("features", _features(_told(known)), known, rng)


def one_attribute(known: Known, rng: Random) -> Exchange | None:
    """Yes or no, equally often where a record can tell both."""
    told = {name: value for name, value in _told(known).items() if name in ONE_ATTRIBUTE}
    if not told:
        return None
    value = rng.random() < 0.5
    names = [name for name in told if told[name] == value] or list(told)
    name = rng.choice(names)
    return Exchange(asked(ONE_ATTRIBUTE[name], known, rng), ANSWERS[name][0 if told[name] else 1], _label(known))


def age(known: Known, rng: Random) -> Exchange | None:
    return _of_age("age", known, rng, NUMBER + MARGIN)


def age_number(known: Known, rng: Random) -> Exchange | None:
    return _of_age("number", known, rng, NUMBER)


def age_margin(known: Known, rng: Random) -> Exchange | None:
    return _of_age("margin", known, rng, MARGIN)


def age_group(known: Known, rng: Random) -> Exchange | None:
    """In the terms of the question; of years that are full, because nobody of 19.6 is in the twenties."""
    if (told := known.record.age) is None:
        return None
    years, question = int(told), rng.choice(AGE["group"])
    group = next(name for most, name in AGE_GROUPS[question] if years <= most)
    return Exchange(question, f"{group}, by looks: {f'about {years}' if years else 'less than a year old'}.", f"{told:g}")


def _of_age(kind: str, known: Known, rng: Random, forms: tuple[str, ...]) -> Exchange | None:
    if (told := known.record.age) is None:
        return None
    years = round(told)
    said = rng.choice(forms).format(years=years, unit="year" if years == 1 else "years")
    return Exchange(asked(AGE[kind], known, rng), said if years else NEWBORN, f"{told:g}")


# Sentences


def outward(known: Known) -> str:
    """All that may be said of the looks, in one or two sentences; "" where nothing is told."""
    told = _told(known)
    has = [part for part in (hair_text(told).removeprefix("has "), *_beard(told)) if part]
    wears = _true(told, WORN)
    parts = [f"has {listed(has)}"] * bool(has) + [f"wears {listed(wears)}"] * bool(wears)
    person = f"The person {' and '.join(parts)}." if parts else ""
    return " ".join(part for part in (person, _features(told)) if part)


def hair_text(told: dict[str, bool]) -> str:
    """ "has wavy brown hair with a fringe"."""
    if told.get("Bald"):
        return "has a bald head"
    adjectives = " ".join((*_true(told, CURLS), *_true(told, HAIR)[:1]))
    more = ["a fringe"] * bool(told.get("Bangs")) + ["a high hairline"] * bool(told.get("Receding_Hairline"))
    if not adjectives and not more:
        return ""
    return f"has {adjectives} hair".replace("  ", " ") + (f" with {' and '.join(more)}" if more else "")


def _features(told: dict[str, bool]) -> str:
    brows = [word for name, word in (("Arched_Eyebrows", "arched"), ("Bushy_Eyebrows", "bushy")) if told.get(name)]
    parts = [f"the brows are {listed(brows)}"] * bool(brows)
    if told.get("Mouth_Slightly_Open"):
        parts.append("the mouth is slightly open")
    if told.get("Smiling"):
        parts.append("there is a smile")
    text = listed(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _beard(told: dict[str, bool]) -> list[str]:
    return _true(told, BEARD) or ["a beard"] * (told.get("No_Beard") is False)


def _told(known: Known) -> dict[str, bool]:
    return {name: value for name, value in (known.record.attributes or {}).items() if isinstance(value, bool) and name in SAID}


def _true(told: dict[str, bool], names: dict[str, str]) -> list[str]:
    return [word for name, word in names.items() if told.get(name)]


def _about(kind: str, said: str, known: Known, rng: Random) -> Exchange | None:
    return Exchange(asked(ATTRIBUTES[kind], known, rng), said, _label(known)) if said else None


def _label(known: Known) -> str:
    told = _told(known)
    return ", ".join(name for name in SAID if told.get(name)) or "none"


ATTRIBUTE_KINDS: dict[str, Write] = {
    "listed": listed_looks,
    "hair": hair,
    "colour": colour,
    "beard": beard,
    "worn": worn,
    "features": features,
    "one attribute": one_attribute,
}
AGE_KINDS: dict[str, Write] = {"age": age, "number": age_number, "margin": age_margin, "group": age_group}
