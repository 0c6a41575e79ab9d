"""The forms of English verbs: regular ones by rule, irregular ones by table."""

from __future__ import annotations

from dataclasses import dataclass

_VOWELS = "aeiou"

_IRREGULAR = {
    "bear": ("bore", "borne"),
    "bite": ("bit", "bitten"),
    "bring": ("brought", "brought"),
    "catch": ("caught", "caught"),
    "chew": ("chewed", "chewed"),
    "cling": ("clung", "clung"),
    "cut": ("cut", "cut"),
    "do": ("did", "done"),
    "drag": ("dragged", "dragged"),
    "draw": ("drew", "drawn"),
    "drink": ("drank", "drunk"),
    "drive": ("drove", "driven"),
    "eat": ("ate", "eaten"),
    "feed": ("fed", "fed"),
    "find": ("found", "found"),
    "fling": ("flung", "flung"),
    "get": ("got", "got"),
    "give": ("gave", "given"),
    "go": ("went", "gone"),
    "grow": ("grew", "grown"),
    "hang": ("hung", "hung"),
    "have": ("had", "had"),
    "hide": ("hid", "hidden"),
    "hit": ("hit", "hit"),
    "hold": ("held", "held"),
    "keep": ("kept", "kept"),
    "kneel": ("knelt", "knelt"),
    "lay": ("laid", "laid"),
    "lean": ("leaned", "leaned"),
    "lie": ("lay", "lain"),
    "make": ("made", "made"),
    "put": ("put", "put"),
    "read": ("read", "read"),
    "ride": ("rode", "ridden"),
    "rise": ("rose", "risen"),
    "run": ("ran", "run"),
    "see": ("saw", "seen"),
    "set": ("set", "set"),
    "shake": ("shook", "shaken"),
    "sing": ("sang", "sung"),
    "sit": ("sat", "sat"),
    "ski": ("skied", "skied"),
    "sleep": ("slept", "slept"),
    "sling": ("slung", "slung"),
    "speak": ("spoke", "spoken"),
    "spread": ("spread", "spread"),
    "stand": ("stood", "stood"),
    "stick": ("stuck", "stuck"),
    "strike": ("struck", "struck"),
    "swim": ("swam", "swum"),
    "swing": ("swung", "swung"),
    "take": ("took", "taken"),
    "throw": ("threw", "thrown"),
    "wear": ("wore", "worn"),
    "write": ("wrote", "written"),
}
_DOUBLED_THOUGH_LONG = frozenset({"begin", "prefer", "refer", "admit", "commit", "equip", "outfit"})


@dataclass(frozen=True)
class VerbForms:
    """All forms of one verb."""

    base: str
    third: str
    gerund: str
    past: frozenset[str]
    participle: frozenset[str]

    def form_of(self, word: str) -> str:
        """Which form a word is: `base`, `third`, `gerund`, `participle` (also the past tense), or empty."""
        if word == self.third:
            return "third"
        if word == self.gerund:
            return "gerund"
        if word in self.participle or word in self.past:
            return "participle"
        return "base" if word == self.base else ""

    @property
    def all(self) -> frozenset[str]:
        """Every form."""
        return frozenset({self.base, self.third, self.gerund}) | self.past | self.participle


def inflect(base: str) -> VerbForms:
    """The forms of a verb, from its base form; of "high-five" the last part is inflected.

    Both "leaned" and "leant" kinds of past tense count where the rule gives the regular one.
    """
    if base == "ski":
        return VerbForms("ski", "skis", "skiing", frozenset({"skied"}), frozenset({"skied"}))
    past, participle = _IRREGULAR.get(base, ("", ""))
    regular = _suffixed(base, "ed")
    return VerbForms(
        base,
        _third(base),
        _suffixed(base, "ing"),
        frozenset({past or regular}),
        frozenset({participle or regular}),
    )


def _third(base: str) -> str:
    if base == "have":
        return "has"
    if base.endswith("y") and base[-2:-1] not in _VOWELS:
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def _suffixed(base: str, suffix: str) -> str:
    if base.endswith("ie") and suffix == "ing":
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return base[:-1] + suffix
    if suffix == "ed" and base.endswith("y") and base[-2] not in _VOWELS:
        return base[:-1] + "ied"
    return base + (base[-1] if _doubles(base) else "") + suffix


def _doubles(base: str) -> bool:
    """Whether the last consonant is doubled: one syllable, one vowel, one consonant: "hug", "drag"."""
    if base in _DOUBLED_THOUGH_LONG:
        return True
    if len(base) < 3 or base[-1] in _VOWELS + "wxy" or base[-2] not in _VOWELS:
        return False
    if base[-3] in _VOWELS and not (base[-3] == "u" and base[-4:-3] == "q"):
        return False
    return sum(letter in _VOWELS for letter in base.replace("qu", "q")) == 1
