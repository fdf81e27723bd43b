"""`python -m evaluation.ablation [PART OF A NAME ...]`: what each part of our pipeline is worth, in Markdown.

Trains the pipeline again with one part taken out at a time and measures every version on the unseen sets, message by
message and without triage.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple
from unittest.mock import patch

from content.catalogue import FAQ_INTENT
from evaluation import metrics
from evaluation.datasets import Example, load_examples, load_unseen
from evaluation.figures import Work
from evaluation.metrics import Prediction
from evaluation.peers import Result
from nlu import gate, linear, spelling, understanding
from nlu.dutch import load_dutch, load_word_list, remembering
from nlu.gate import OUT_OF_SCOPE
from nlu.lexicon import Lexicon
from nlu.understanding import Understanding

Patches = Sequence[Tuple[Any, str, Any]]


@dataclass(frozen=True)
class Variant:
    """A version of the pipeline: what is replaced in its modules, and which examples it learns from."""

    name: str
    patches: Patches = ()
    keep: Callable[[Example], bool] = lambda example: True


def _without(*kinds: str) -> Patches:
    weights: Dict[str, float] = {k: 0.0 if k in kinds else w for k, w in linear.KIND_WEIGHTS.items()}
    return [(linear, "KIND_WEIGHTS", weights)]


def _as_written(_: object, typed: Sequence[str]) -> Tuple[List[str], List[str]]:
    return list(typed), list(typed)


def _never(*_: object) -> None:
    return None


def _no_gate(_: object, probabilities: Mapping[str, float], __: object) -> Dict[str, float]:
    return dict(probabilities)


_EQUAL_SLIPS: Patches = [
    (spelling, "_COSTS", {}),
    *((spelling, name, 1.0) for name in ("_SWAP", "_DOUBLE", "_SAME_SOUND")),
]
_SPACES_AS_TYPED: Patches = [
    (spelling.Speller, "_belong_together", _never),
    (spelling.Speller, "_apart", _never),
    (spelling.Speller, "_with_boundaries_moved", lambda _, typed: list(typed)),
]


def variants() -> List[Variant]:
    """All versions, the whole pipeline first."""
    return [
        Variant("the whole pipeline"),
        Variant("without character n-grams", _without("c")),
        Variant("without lemmas", _without("l")),
        Variant("without words and pairs", _without("w", "p")),
        Variant("without concepts (onderwerp, aspect, ...)", _without("o")),
        Variant("words only", _without("c", "l", "p", "o")),
        Variant("without spelling correction", [(spelling.Speller, "correct_all", _as_written)]),
        Variant("spelling: every slip costs the same", _EQUAL_SLIPS),
        Variant("spelling: words not joined nor taken apart", _SPACES_AS_TYPED),
        Variant("without the topic gate", [(gate.Gate, "apply", _no_gate)]),
        Variant("gate: unknown words don't count", [(understanding, "_FEW_UNKNOWN", 0)]),
        Variant("gate: what is mentioned counts as the subject", [(gate, "ASIDE", 1.0)]),
        Variant("a story's questions not heard by themselves", [(understanding, "_STORY", 10**9)]),
        Variant("without remembered sentences", [(understanding, "_KNOWN_SENTENCE", 0.0)]),
        Variant("without off-topic examples", keep=lambda example: example[1] != OUT_OF_SCOPE),
    ]


def predict(pipeline: Understanding, texts: Sequence[str]) -> List[Prediction]:
    """Predictions of the pipeline itself, outside Rasa."""
    found = []
    for text in texts:
        heard = pipeline.understand(text)
        label = FAQ_INTENT + heard.faq_id if heard.intent == "faq" and heard.faq_id else heard.intent
        best = heard.faq_ranking[0][1] if heard.faq_ranking else 0.0
        found.append(Prediction(label, heard.confidence, tuple(name for name, _ in heard.faq_ranking), best))
    return found


def with_examples(examples: Sequence[Example], texts: Sequence[str], name: str) -> Result:
    """Trains the pipeline on some examples and measures it outside Rasa, without triage."""
    start = time.perf_counter()
    pipeline = understanding.train(examples, Lexicon.load(), remembering(load_dutch().lemmas), load_word_list())
    seconds = time.perf_counter() - start
    times: List[float] = []
    predictions: List[Prediction] = []
    for text in texts:
        start = time.perf_counter()
        predictions += predict(pipeline, [text])
        times.append((time.perf_counter() - start) * 1000)
    return Result(name, predictions, seconds, times, note="outside Rasa, without triage")


def measure(variant: Variant, examples: Sequence[Example], work: Work) -> List[str]:
    """One row of the table."""
    with ExitStack() as stack:
        for place, name, value in variant.patches:
            stack.enter_context(patch.object(place, name, value))
        kept = [example for example in examples if variant.keep(example)]
        pipeline = understanding.train(kept, Lexicon.load(), remembering(load_dutch().lemmas), load_word_list())
        faq, typo1, typo2, intents, off_topic = work.pair(predict(pipeline, work.texts))
    shares = [metrics.accuracy(faq), metrics.among_first(faq), metrics.accuracy(typo1), metrics.accuracy(typo2)]
    shares += [metrics.accuracy(intents), metrics.not_answered(off_topic)]
    return [variant.name, *(f"{share.value:.1%}" for share in shares), f"{metrics.auroc(faq, off_topic):.3f}"]


def main() -> int:
    """Prints a row as soon as it is measured; only the versions whose name holds one of the arguments, if any."""
    wanted = sys.argv[1:]
    examples, work = load_examples(), Work.of(load_unseen())
    head = ["Version", "First", "Of three", "One slip", "Two slips", "Intents", "Off-topic", "AUROC"]
    print(f"{len(examples)} examples, {time.strftime('%Y-%m-%d')}\n\n| {' | '.join(head)} |")
    print("|" + "---|" * len(head), flush=True)
    for variant in [v for v in variants() if not wanted or any(part in v.name for part in wanted)]:
        print("| " + " | ".join(measure(variant, examples, work)) + " |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
