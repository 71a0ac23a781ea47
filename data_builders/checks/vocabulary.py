"""How people say it: the words of free text for emotions, verdicts, attacks, cues and what is told of a person.

A name is in our vocabularies, a pattern in lower case (phrases.py); "!No_Beard" claims that it is not so. Where two patterns
begin at one word the first one counts, so the longer phrase stands first.
"""

EMOTION_WORDS = {
    "neutral": r"(?<!own )neutral(?! (?:backgrounds?|light\w*|grey|gray|colou?rs?|tones?|backdrops?|poses?|head|baseline))",
    "happiness": r"happ(?:y|ily|iness|ier)|joy(?:ful(?:ly)?|ous)?|cheer(?:ful(?:ly)?|fulness)?|delight(?:ed)?|glad(?:ness)?"
    r"|pleased|pleasure|amuse(?:d|ment)|merr(?:y|iment)",
    "sadness": r"sad(?:ly|ness|der)?|sorrow(?:ful)?|unhapp(?:y|iness)|grie(?:f|ving)|melanchol(?:y|ic)|deject(?:ed|ion)",
    "surprise": r"surpris(?:e|ed)|astonish(?:ed|ment)|startle[ds]?|amaze(?:d|ment)|shock(?:ed)?",
    "fear": r"fear(?:ful(?:ly)?)?|afraid|scared|frighten(?:ed)?|terr(?:or|ified)",
    "disgust": r"disgust(?:ed)?|revulsion|revolted|repuls(?:ed|ion)",
    "anger": r"anger|angr(?:y|ily)|furious|fury|rage|enraged|irritat(?:ed|ion)|annoy(?:ed|ance)",
    "contempt": r"contempt(?:uous(?:ly)?)?|scorn(?:ful)?|disdain(?:ful)?",
    "no clear prototype": r"no clear prototype|no single emotion(?: clearly)?|none of the (?:basic |eight )?(?:emotions"
    r"|prototypes)|no (?:basic|prototypical) emotion",
}
COARSE_WORDS = {
    "positive": r"positive",
    "negative": r"negative",
}

# That nothing is there to be named.
NOTHING_WORDS = {
    "action": r"no (?:clear )?(?:facial )?(?:muscle (?:actions?|movements?|activity)|muscles?|action units?|coded units?"
    r"|units?)|none of (?:the|its|these) (?:coded |scored |facial )?"
    r"(?:action units|units|muscles)|(?:face|muscles) (?:is|are) (?:at rest|relaxed|still)",
    "micro": r"no (?:possible |clear )?micro-?(?:expressions?|movements?)",
    "macro": r"no (?:possible |clear )?macro-?(?:expressions?|movements?)",
    "event": r"no (?:possible |clear )?(?:facial )?(?:expressions?|movements?|events?)|nothing (?:moves|is expressed|happens)",
}
KIND_WORDS = {
    "micro": r"micro-?(?:expressions?|movements?)|micro",
    "macro": r"macro-?(?:expressions?|movements?)|macro",
    "blink": r"blinks?",
}

VERDICT_WORDS = {
    "live": r"live(?! (?:or|and) spoof)|bona ?fide|genuine|authentic|real(?= (?:person|human|face|man|woman|skin|presentation"
    r"|subject))|real(?=[.,;!]|$)",
    "spoof": r"spoof(?:ed|ing)?|fake(?:d|s)?(?! head)|(?:presentation )?attack|impost[eo]rs?|imposture|counterfeit",
}
ATTACK_WORDS = {
    "paper mask": r"(?:paper|printed|cardboard|cut-?out) (?:face )?masks?",
    "rigid mask": r"(?:rigid|hard|plastic|resin|transparent|half|3-?d) (?:\w+ )?masks?",
    "flexible mask": r"(?:flexible|silicone|latex|rubber|soft) (?:\w+ )?masks?",
    "fake head": r"fake heads?|mannequins?|dumm(?:y|ies)(?: heads?)?|sculpted heads?|artificial heads?",
    "glasses": r"(?:paper|printed|funny[- ]?eyes?|disguise|attack) glasses|glasses (?:attack|with printed eyes)",
    "partial eye": r"partial(?:[- ]eyes?)(?: attack)?|(?:printed|paper) eyes?(?: region| strip)?",
    "partial mouth": r"partial(?:[- ]mouth)(?: attack)?|(?:printed|paper) mouth(?: region| strip)?",
    "print": r"print(?:ed|s|out|outs|ing)?(?! glasses| (?:face )?mask| eyes?| mouth)(?: (?:photo(?:graph)?s?|pictures?|face"
    r"|paper|attack))?|photo(?:graph)? on paper|paper photo(?:graph)?",
    "replay": r"replay(?:ed|s)?(?: attack)?|(?:shown|displayed|played(?: back)?) on (?:a|the) (?:\w+ )?(?:screen|display|phone"
    r"|tablet|monitor|laptop)|recaptured (?:from a )?screen",
    "makeup": r"(?:impersonation |obfuscation |cosmetic )?make-?up(?: attack)?|cosmetics",
    "tattoo": r"(?:face |temporary )?tattoos?|face paint(?:ing)?",
}
DIGITAL_WORDS = {
    "face swap": r"face[- ]?swap(?:s|ped|ping)?|swapped (?:in|face)|deep ?fake(?:s|d)?",
    "reenactment": r"re-?enact(?:ed|ment|ing|s)?|puppeteer(?:ed|ing)",
    "synthetic": r"synthetic(?:ally)?(?! (?:skin|material|rubber|hair))|synthesi[sz]ed|(?:ai|gan|computer|network)[- ]generated"
    r"|generated(?= (?:face|image|picture|by|from))|fully generated",
    "morph": r"morph(?:ed|ing|s)?",
}
ALTERED = {
    "!altered": r"as (?:a|the) camera took it|taken by a camera|straight from (?:a|the) camera|no program changed",
    "altered": r"(?:digitally )?(?:manipulated|altered|forged|tampered(?: with)?|retouched)|(?:digital )?(?:manipulation"
    r"|forgery|alteration)s?",
}

CUE_WORDS = {
    "cut-out rim": r"cut-?out (?:rim|edge|border|outline|contour)s?|rims? of the cut-?outs?|cut edges?|scissor\w* (?:edge|cut)s?",
    "bezel": r"bezels?|(?:screen|display|device|monitor|phone|tablet|laptop) (?:border|edge|frame|rim|bezel|housing)s?|(?:frame"
    r"|border|edge|rim|housing)s? of (?:the|a) (?:screen|display|device|monitor|phone|tablet|laptop)",
    "moire": r"moir[eé](?: (?:pattern|fringe|stripe|band)s?)?|interference (?:pattern|fringe|stripe)s?|wavy (?:pattern|band"
    r"|stripe)s?",
    "halftone": r"half-?tones?(?: (?:dots?|pattern|raster|screen))?|(?:print(?:ing|er)?|ink|raster) dots?|dot (?:pattern"
    r"|raster)s?|rosettes?|dithering",
    "glare": r"glare|(?:specular|mirror-like|glossy|screen|surface) (?:reflection|highlight|shine)s?|reflections? (?:on|of|from"
    r"|across)|gloss(?:y|iness)|shiny (?:spot|patch|area)s?",
    "flat shading": r"flat(?:tened)? (?:shading|lighting|illumination|appearance|look|surface)|(?:lacks?|lack of|no|without"
    r"|missing) (?:natural |facial )?(?:depth|relief)(?! of field)|uniform shading|shading (?:is|looks"
    r"|appears) (?:too )?(?:flat|uniform)|flatness",
    "blend seam": r"(?:blend(?:ing)? |visible |faint )?(?:seam|seams)|blend(?:ing)? (?:boundar(?:y|ies)|lines?|edges?"
    r"|artefacts?|artifacts?)",
    "eye hole": r"eye[- ]?holes?|holes? (?:for|around|at) the eyes|eye (?:cut-?outs?|openings?)|openings? for the eyes",
    "paper texture": r"paper (?:texture|grain|fib(?:re|er)s?|surface|structure)|texture of (?:the )?paper"
    r"|grain of (?:the )?paper|creas(?:e[sd]?|ing)|crumpl\w+|(?:paper )?folds? (?:in|of) the paper|wrinkled paper",
    "screen grid": r"(?:screen|pixel|sub-?pixel|display|lcd) (?:grid|structure|pattern|raster|matrix|mesh)s?"
    r"|screen[- ]door(?: effect)?|visible (?:sub-?)?pixels|scan ?lines?",
    "edge": r"(?:paper|sheet|photo(?:graph)?|print(?:out)?|page|poster|mask)(?:'s)? (?:edge|border|margin|boundar(?:y|ies)"
    r"|outline)s?|(?:edge|border|margin|boundary|outline)s? of (?:the|a) (?:paper|sheet|photo(?:graph)?|print(?:out)?"
    r"|page|poster|mask|instrument)|(?:visible|straight|sharp|hard|unnatural) (?:edge|border)s?|edges?(?= (?:is|are|can"
    r"|of|around|along|where|shows?)\b)|edges?(?=[.,;)]|$| and\b)",
}

AREA_WORDS = {
    "eyes": r"(?:over|covers?|covering|across|around|on|at|in) (?:the |both )?(?:eyes?|eye region|periocular (?:region|area))"
    r"|eye (?:region|area)",
    "mouth": r"(?:over|covers?|covering|across|around|on|at|in) the (?:mouth|lips|mouth region)|mouth (?:region|area)",
    "half of the face": r"half (?:of )?the face|(?:upper|lower) half",
    "whole face": r"(?:whole|entire|full) (?:face|picture|image)",
}

# What is told of a person, in the names of CelebA; those that are not here may not be said (attractive, chubby, pale ...).
ATTRIBUTE_WORDS = {
    "Eyeglasses": r"(?:eye|sun)?glasses|spectacles",
    "Wearing_Hat": r"hats?|caps?(?= |[.,])|beanies?|headgear|headwear",
    "Mustache": r"m(?:o)?ustaches?",
    "Goatee": r"goatees?",
    "!No_Beard": r"(?<!no )beard(?:ed|s)?",
    "No_Beard": r"clean-shaven|beardless",
    "Sideburns": r"sideburns",
    "Bald": r"bald(?:ing|ness)?",
    "Bangs": r"bangs|fringe over the forehead|fringe",
    "Black_Hair": r"black hair",
    "Blond_Hair": r"blonde?(?: hair)?",
    "Brown_Hair": r"brown hair",
    "Gray_Hair": r"gr[ae]y(?:ing)? hair",
    "Straight_Hair": r"straight hair",
    "Wavy_Hair": r"wavy hair|curly hair",
    "Receding_Hairline": r"receding hairline",
    "Arched_Eyebrows": r"arched (?:and bushy )?(?:eye)?brows|(?:eye)?brows (?:are )?arched",
    "Bushy_Eyebrows": r"bushy (?:eye)?brows|(?:eye)?brows (?:are )?(?:arched and )?bushy",
    "Wearing_Earrings": r"earrings?",
    "Wearing_Lipstick": r"lipstick",
    "Wearing_Necklace": r"necklaces?",
    "Wearing_Necktie": r"neck-?ties?|(?:wear(?:s|ing) a )tie",
    "Heavy_Makeup": r"(?:heavy )?make-?up",
    "5_o_Clock_Shadow": r"five o'?clock shadow|5 o'?clock shadow|stubble",
}

# Words that say who somebody is, by group; the audit counts them, and beside an emotion they are a fault.
GENDER_WORDS = {
    "female": r"wom[ae]n|females?|lad(?:y|ies)|girls?|feminine|mothers?|grandmothers?",
    "male": r"m[ae]n|males?|gentlem[ae]n|boys?|guys?|masculine|fathers?|grandfathers?",
}
PRONOUNS = {"female": r"she|hers?|herself", "male": r"he|him|his|himself"}
AGE_WORDS = {
    "child": r"child(?:ren)?|kids?|toddlers?|bab(?:y|ies)|infants?|boys?|girls?",
    "teenager": r"teen(?:age(?:d|rs?)?|s)?|adolescents?",
    "young": r"young(?:er|ster|sters)?|youthful|youths?",
    "middle-aged": r"middle[- ]aged?",
    "old": r"old(?:er)? (?:person|people|man|men|wom[ae]n|lad(?:y|ies)|adults?|face|subject|individual)|elder(?:ly|s)?|seniors?"
    r"|aged (?:person|man|woman|face)|pensioners?",
}
AGE_YEARS = {"child": (0, 13), "teenager": (12, 20), "young": (0, 40), "middle-aged": (38, 65), "old": (55, 120)}
_PEOPLE = (
    r"(?:person|people|man|men|wom[ae]n|males?|females?|boys?|girls?|subject|individual|face|skin|lady|guy|child|adult"
    r"|skinned|appearance|descent|origin|heritage)"
)
ETHNICITY_WORDS = {
    "Asian": r"(?:south |east |south-?east )?asians?|chinese|japanese|koreans?|vietnamese|thai",
    "Black": rf"black(?= {_PEOPLE}\b)|blacks|african(?:[- ]americans?|s)?|dark[- ]skinned|negro\w*",
    "White": rf"white(?= {_PEOPLE}\b)|whites|caucasians?|europeans?|fair[- ]skinned|light[- ]skinned|pale[- ]skinned",
    "Hispanic": r"hispanics?|latin(?:[oax]s?|e)|mexicans?",
    "Indian": r"indians?|pakistanis?|south asians?",
    "Middle Eastern": r"middle eastern(?:ers?)?|arab(?:ic|s)?|persians?|turkish",
    "unnamed": r"ethnic\w*|race|racial\w*|skin colou?r|nationalit\w+|mixed[- ]race|brown[- ]skinned",
}

LEXICONS = {
    "emotion": EMOTION_WORDS,
    "coarse": COARSE_WORDS,
    "nothing": NOTHING_WORDS,
    "kind": KIND_WORDS,
    "verdict": VERDICT_WORDS,
    "attack": ATTACK_WORDS,
    "digital": DIGITAL_WORDS,
    "altered": ALTERED,
    "cue": CUE_WORDS,
    "area": AREA_WORDS,
    "attribute": ATTRIBUTE_WORDS,
    "gender": GENDER_WORDS,
    "pronoun": PRONOUNS,
    "age group": AGE_WORDS,
    "ethnicity": ETHNICITY_WORDS,
}
# Topics that are looked for together; a phrase of one may lie inside a phrase of another only in another pass.
PASSES = (
    ("nothing", "emotion", "coarse", "digital", "altered", "attribute", "pronoun", "ethnicity"),
    ("kind", "verdict", "gender", "area"),
    ("attack", "age group"),
    ("cue",),
)
