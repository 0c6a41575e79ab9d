"""The words of a claim as prompts need them, said with the grammar's own noun phrases and predicates."""

from __future__ import annotations

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import Attribute, NounTable
from naturel.annotations.relations import Frame, Vocabulary
from naturel.builders.captions.constructions import Words
from naturel.builders.captions.noun_phrases import NounPhrase
from naturel.builders.captions.predicates import Predicate
from naturel.prompts.words import ClaimWords, View

_DEPTH = frozenset({"in_front_of", "behind"})


def claim_words(claim: Claim, vocabulary: Vocabulary, nouns: NounTable) -> ClaimWords:
    """Say a claim as prompts need it.

    Args:
        claim: The claim, its nouns as they are said, its attribute by label or adjective.
        vocabulary: The relations.
        nouns: The nouns and attributes.

    Raises:
        LookupError: The relation or the attribute is unknown.
    """
    first = nouns.by_noun(claim.subject) or nouns.noun_for(claim.subject)
    if claim.is_attribute:
        attribute = attribute_named(claim.object, nouns)
        if attribute is None:
            raise LookupError(f"unknown attribute {claim.object!r}")
        s, predicate = NounPhrase(first), attribute.predicate
        return ClaimWords(
            statement=f"{s.a} {s.be} {predicate}",
            subject=s.a,
            relation=predicate,
            subject_number=first.number,
            subject_synonyms=first.synonyms,
        )
    second = nouns.by_noun(claim.object) or nouns.noun_for(claim.object)
    twins = first.noun == second.noun
    s, o = NounPhrase(first, twins), NounPhrase(second, twins)
    relation = vocabulary[claim.relation]
    p = Predicate(relation)
    back = vocabulary[relation.inverse] if relation.inverse and relation.inverse != relation.name else None
    inverse = Words(s, p, o, Predicate(back) if back else None).back
    view = View.NONE
    if relation.frame is Frame.VIEWER:
        view = View.LEFT_RIGHT if p.side else View.DEPTH if relation.name in _DEPTH else View.NONE
    target = o.another if twins else o.a
    return ClaimWords(
        statement=f"{s.a} {p.finite(s)} {target}",
        subject=s.a,
        relation=p.reduced,
        object=target,
        subject_number=first.number,
        object_number=second.number,
        paraphrases=(*relation.phrases.prepositions[1:], *relation.phrases.synonyms),
        subject_synonyms=first.synonyms,
        object_synonyms=second.synonyms,
        inverse="" if inverse is None or twins else f"{o.a} {inverse.finite(o)} {s.a}",
        view=view,
        verb=p.is_verbal,
        place=p.is_place,
        passive=p.passive(o) or "",
        twins=twins,
    )


def attribute_named(text: str, nouns: NounTable) -> Attribute | None:
    """The attribute that a label or an adjective names, whatever its case."""
    said = text.casefold()
    for label, attribute in nouns.attributes.items():
        if said in (label.casefold(), attribute.adjective.casefold()):
            return attribute
    return None
