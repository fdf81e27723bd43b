"""From a customer's message to intent, answer and entities. Pure: no Rasa, no files; `nlu/component.py` wraps it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from content.catalogue import FAQ_INTENT, FAQ_RESPONSE, onderwerp_and_aspect
from nlu import linear
from nlu.advice import REFERENCE, AdviceTurn, AdviceWords, Said, in_advice
from nlu.chain import ANSWER, CHAIN_INTENTS, ChainHeard, ChainWords, in_chain
from nlu.context import FOLLOW_UPS, Conversation, resolve
from nlu.dutch import Lemmatiser
from nlu.features import Analyser, Analysis, features
from nlu.gate import Subject, apply_gate
from nlu.lexicon import Found, Lexicon, unique_names
from nlu.normalise import key
from nlu.normalise import words as split_words
from nlu.spelling import Speller

FALLBACK = "nlu_fallback"
NO_CONVERSATION = Conversation()
NAMED = "genoemd"  # role of entities that a message merely mentions
_MINIMUM_SPELLING = 2  # a word must occur this often in the examples to be a target of correction
_KNOWN_SENTENCE = 0.98
_OFTEN = 0.15  # share of an id's questions that name an onderwerp, from which the answer counts as about it too


@dataclass(frozen=True)
class Thresholds:
    """Confidence below which an intent is not acted upon; chosen on the development sets (docs/understanding.md)."""

    faq: float = 0.33
    shop: float = 0.48  # questions about the shop share their words with everyday talk
    other: float = 0.30

    def of(self, label: str) -> float:
        """The threshold of a label."""
        if not label.startswith(FAQ_INTENT):
            return self.other
        return self.shop if label.startswith(FAQ_INTENT + "winkel_") else self.faq


@dataclass(frozen=True)
class Entity:
    """A concept found in the message or added by understanding; `start` and `end` are positions in the text."""

    entity: str
    value: str
    start: int = 0
    end: int = 0
    role: Optional[str] = None


@dataclass(frozen=True)
class Understood:
    """What a message means.

    Attributes:
        intent: `faq`, another intent of the domain, or `nlu_fallback`.
        confidence: that of the intent; for `faq` that of the answer itself.
        ranking: labels (intents and `faq/<id>`) with probability, best first.
        faq_ranking: ids with probability, best first.
        utter_action: the response of the FAQ answer or follow-up; None for intents that need none.
        faq_id: the answer's id, None without one.
        entities: see `Entity`.
        probabilities: all labels with their probability, before the gate.
    """

    intent: str
    confidence: float
    ranking: List[Tuple[str, float]]
    faq_ranking: List[Tuple[str, float]]
    utter_action: Optional[str]
    faq_id: Optional[str]
    entities: List[Entity]
    probabilities: Dict[str, float] = field(default_factory=dict)


class Understanding:
    """The trained pipeline. `spelling` and `ranker` are what training learnt, the lexicon is data."""

    def __init__(
        self,
        lexicon: Lexicon,
        spelling: Mapping[str, int],
        ranker: linear.LinearRanker,
        sentences: Mapping[str, str],
        also_about: Mapping[str, FrozenSet[str]],
        lemmatise: Lemmatiser,
        thresholds: Thresholds = Thresholds(),
    ) -> None:
        """Builds the parts.

        Args:
            lexicon: the domain's words.
            spelling: words of the training data and how often they occur.
            ranker: the trained ranker.
            sentences: normalised training sentences and their label.
            also_about: onderwerpen that an id's questions often name besides those of the id itself.
            lemmatise: gives the lemmas of normalised words.
            thresholds: see `Thresholds`.
        """
        self.lexicon = lexicon
        self.spelling = spelling
        self.ranker = ranker
        self.sentences = sentences
        self.also_about = also_about
        self.thresholds = thresholds
        self._chain_words = ChainWords(lexicon.data)
        self._advice_words = AdviceWords(lexicon.data)
        self._analyser = make_analyser(lexicon, spelling, lemmatise)
        self.faq_ids = [label[len(FAQ_INTENT) :] for label in ranker.labels if label.startswith(FAQ_INTENT)]

    def understand(self, text: str, conversation: Conversation = NO_CONVERSATION) -> Understood:
        """Understands one message in its conversation; never raises, whatever the text."""
        understood = self._by_itself(text, conversation)
        if not conversation.advies and not REFERENCE.search(text):
            return understood
        words = tuple(self._analyser.analyse(text).words)
        said = Said(text, words, understood.intent, understood.confidence)
        turn = in_advice(conversation.advies, said, self._advice_words)
        return understood if turn is None else _for_the_desk(understood, turn)

    def _by_itself(self, text: str, conversation: Conversation) -> Understood:
        """What a message means without the desk: it may be the answer to a question of the advice form."""
        analysis = self._analyser.analyse(text)
        if not analysis.words:
            return Understood(FALLBACK, 1.0, [], [], None, None, [])
        topics = self.lexicon.onderwerp.find(analysis.words)
        raw = self._probabilities(text, analysis)
        subject = Subject(
            named=frozenset(unique_names(topics)),
            conversation=conversation.onderwerp,
            names_other=bool(self.lexicon.other.find(analysis.words) or self.lexicon.organ.find(analysis.words)),
            names_shop=bool(self.lexicon.shop.find(analysis.words)),
        )
        probabilities = apply_gate(raw, subject, self.also_about)
        ranking = sorted(probabilities.items(), key=lambda item: -item[1])
        faq_ranking = [(label[len(FAQ_INTENT) :], p) for label, p in ranking if label.startswith(FAQ_INTENT)][:10]
        label, confidence = ranking[0]
        entities = self._mentioned(text, analysis, topics)
        heard = self._chain_words.hear(analysis.words, _names(entities, "schakel"), _names(entities, "blokkade"))
        sure = confidence >= self.thresholds.of(label)
        # The reply before it makes a short message certain: "volgende", "soms", "en magnesium?".
        turn = in_chain(label if sure else FALLBACK, conversation.keten, heard)
        if turn:
            label, heard, confidence, sure = turn.intent, turn.heard, 1.0, True
        if not sure:
            return Understood(FALLBACK, 1.0 - confidence, ranking[:10], faq_ranking, None, None, entities, raw)
        intent = "faq" if label.startswith(FAQ_INTENT) else _in_conversation(label, conversation)
        if intent in CHAIN_INTENTS:
            entities += _heard_in_chain(heard, intent)
        utter_action, faq_id = None, None
        if intent == "faq":
            faq_id = faq_ranking[0][0]
            utter_action = FAQ_RESPONSE + faq_id
        elif intent in FOLLOW_UPS:
            utter_action, faq_id = self._follow_up(intent, conversation, analysis, topics)
        if faq_id:
            entities += _recognised(faq_id)
        return Understood(intent, confidence, ranking[:10], faq_ranking, utter_action, faq_id, entities, raw)

    def _probabilities(self, text: str, analysis: Analysis) -> Dict[str, float]:
        values = self.ranker.probabilities(features(analysis, self.lexicon))
        probabilities = {label: float(p) for label, p in zip(self.ranker.labels, values)}
        known = self.sentences.get(key(text, self.lexicon.abbreviations))
        if known is not None:
            probabilities = {label: p * (1.0 - _KNOWN_SENTENCE) for label, p in probabilities.items()}
            probabilities[known] += _KNOWN_SENTENCE
        return probabilities

    def _follow_up(
        self, intent: str, conversation: Conversation, analysis: Analysis, topics: Sequence[Found]
    ) -> Tuple[str, Optional[str]]:
        aspects = unique_names(self.lexicon.aspect.find(analysis.words))
        ordered = [name for name in self.lexicon.aspect.names if name in aspects]

        def best_about(topic: str) -> Optional[str]:
            about = {i: 0.0 for i in self.faq_ids if onderwerp_and_aspect(i)[0] == topic}
            if not about:
                return None
            words = (*analysis.words, topic.lower())
            lemmas = (*analysis.lemmas, topic.lower())
            values = self.ranker.probabilities(features(Analysis(words, words, lemmas), self.lexicon))
            for label, p in zip(self.ranker.labels, values):
                if label[len(FAQ_INTENT) :] in about and label.startswith(FAQ_INTENT):
                    about[label[len(FAQ_INTENT) :]] = float(p)
            best = max(about, key=lambda i: about[i])
            return best if about[best] > 0.5 * sum(about.values()) else None

        found = resolve(intent, conversation, unique_names(topics), ordered, self.faq_ids, best_about)
        return found.utter_action, found.faq_id

    def _mentioned(self, text: str, analysis: Analysis, topics: Sequence[Found]) -> List[Entity]:
        groups = (
            ("onderwerp", topics),
            ("schakel", self.lexicon.schakel.find(analysis.words)),
            ("blokkade", self.lexicon.blokkade.find(analysis.words)),
            ("aspect", self.lexicon.aspect.find(analysis.words)),
        )
        entities: List[Entity] = []
        lowered = text.lower()
        for name, found in groups:
            seen: set[str] = set()
            for item in found:
                if item.name in seen:
                    continue
                seen.add(item.name)
                typed = analysis.typed[item.start]
                start = max(lowered.find(typed), 0)
                end = start + len(typed) if lowered.startswith(typed, start) else start
                # A link or blocker is the message's own subject; onderwerp and aspect are those of the answer.
                role = NAMED if name in ("onderwerp", "aspect") else None
                entities.append(Entity(name, item.name, start, end, role))
        return entities


def _names(entities: Sequence[Entity], name: str) -> List[str]:
    return [item.value for item in entities if item.entity == name]


def _heard_in_chain(heard: ChainHeard, intent: str) -> List[Entity]:
    """What the chain's actions must know of a message."""
    found = [Entity("ketenvraag", name) for name in sorted(heard.asked)]
    found += [Entity("stap", heard.step)] if heard.step else []
    return found + ([Entity("antwoord", heard.answer)] if heard.answer and intent == ANSWER else [])


def _for_the_desk(understood: Understood, turn: AdviceTurn) -> Understood:
    """Nothing else that the message holds counts: an answer changes no topic of the conversation."""
    named = (("advies_woord", turn.word), ("advies_deel", turn.part))
    entities = [Entity(name, value) for name, value in named if value]
    return replace(understood, intent=turn.intent, confidence=1.0, utter_action=None, faq_id=None, entities=entities)


def _in_conversation(label: str, conversation: Conversation) -> str:
    """A yes or no to an offer of the assistant means what was offered."""
    if label == "affirm" and conversation.bij_ja:
        return conversation.bij_ja
    if label == "deny" and conversation.bij_nee:
        return conversation.bij_nee
    return label


def _recognised(faq_id: str) -> List[Entity]:
    """Onderwerp and aspect of an answer. Those of the shop don't replace what a health conversation is about."""
    onderwerp, aspect = onderwerp_and_aspect(faq_id)
    role = "winkel" if onderwerp == "winkel" else None
    return [Entity("onderwerp", onderwerp, role=role), Entity("aspect", aspect, role=role)]


def make_analyser(lexicon: Lexicon, spelling: Mapping[str, int], lemmatise: Lemmatiser) -> Analyser:
    """The analyser with a speller that knows the training data and the domain's words."""
    return Analyser(lexicon, Speller(spelling, lexicon.important), lemmatise)


def train(examples: Sequence[Tuple[str, str]], lexicon: Lexicon, lemmatise: Lemmatiser) -> Understanding:
    """Learns from examples.

    Args:
        examples: (sentence, label) pairs; a label is an intent or `faq/<id>`.
        lexicon: the domain's words.
        lemmatise: gives the lemmas of normalised words.
    """
    counts: Counter[str] = Counter()
    for text, _ in examples:
        counts.update(split_words(text, lexicon.abbreviations))
    spelling = {word: count for word, count in sorted(counts.items()) if count >= _MINIMUM_SPELLING}
    analyser = make_analyser(lexicon, spelling, lemmatise)
    documents = [features(analyser.analyse(text), lexicon) for text, _ in examples]
    ranker = linear.train(documents, [label for _, label in examples])
    sentences = {key(text, lexicon.abbreviations): label for text, label in examples}
    return Understanding(lexicon, spelling, ranker, sentences, _also_about(examples, lexicon), lemmatise)


def _also_about(examples: Sequence[Tuple[str, str]], lexicon: Lexicon) -> Dict[str, FrozenSet[str]]:
    """Per id the onderwerpen that `_OFTEN` of its questions name."""
    named: Dict[str, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for text, label in examples:
        if label.startswith(FAQ_INTENT):
            totals[label[len(FAQ_INTENT) :]] += 1
            found = lexicon.onderwerp.find(split_words(text, lexicon.abbreviations))
            named.setdefault(label[len(FAQ_INTENT) :], Counter()).update(unique_names(found))
    return {
        faq_id: frozenset(name for name, count in sorted(counts.items()) if count >= _OFTEN * totals[faq_id])
        for faq_id, counts in sorted(named.items())
    }


def to_state(understanding: Understanding) -> Dict[str, Any]:
    """What must be kept of a trained pipeline besides the ranker's arrays, as plain data for JSON."""
    ranker = understanding.ranker
    return {
        "labels": ranker.labels,
        "features": list(ranker.vocabulary.index),
        "sharpness": ranker.sharpness,
        "spelling": dict(understanding.spelling),
        "sentences": dict(understanding.sentences),
        "also_about": {faq_id: sorted(names) for faq_id, names in understanding.also_about.items()},
        "lexicon": dict(understanding.lexicon.data),
    }
