"""Other systems on the same examples and the same messages: TF-IDF with a linear SVM, stock Rasa, nlp.js.

The two slow ones run in processes of their own. What they predict is kept in var/peers/ under a fingerprint of
examples, messages and configuration, so that the same work is not done twice.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from content.catalogue import FAQ_INTENT
from evaluation.commands import Unavailable, run_to_end
from evaluation.datasets import Example
from evaluation.metrics import FALLBACK, Prediction

CACHE = Path("var/peers")
DIET_CONFIG = Path("config.diet.yml")
KEPT_MODEL = "stock-rasa.tar.gz"
NLPJS = Path(__file__).parent / "nlpjs"
# Seconds. On 20,000 examples an epoch of DIET took four minutes on a busy machine, and there are 100 of them.
TRAINING_TIMEOUT = 12 * 3600
INSTALL_TIMEOUT = 300
NLPJS_THRESHOLD = 0.5  # its own default: below it the intent is None

Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """What a system made of the messages.

    Attributes:
        name: how it is shown.
        predictions: one per message, in the same order.
        training_seconds: wall time of training.
        parse_milliseconds: wall time per message.
        model_bytes: size of what it stores; None when it stores nothing.
        note: what should be known beside the figures.
    """

    name: str
    predictions: List[Prediction]
    training_seconds: float
    parse_milliseconds: List[float]
    model_bytes: Optional[int] = None
    note: str = ""


def from_scores(ranking: Sequence[Tuple[str, float]], threshold: float = 0.0) -> Prediction:
    """A prediction from labels with their score, best first; below the threshold nothing is acted upon."""
    if not ranking:
        return Prediction(FALLBACK, 0.0, (), 0.0)
    label, confidence = ranking[0]
    ids = [(name[len(FAQ_INTENT) :], score) for name, score in ranking if name.startswith(FAQ_INTENT)]
    best = ids[0][1] if ids else 0.0
    name = label if confidence >= threshold else FALLBACK
    return Prediction(name, confidence, tuple(name for name, _ in ids[:10]), best)


# --- TF-IDF with a linear SVM -----------------------------------------------------------------------------------------


def tfidf_svm(examples: Sequence[Example], texts: Sequence[str], characters: bool = False) -> Result:
    """scikit-learn's TF-IDF of words, and of characters 2 to 4 if wanted, with LinearSVC as they come.

    It has no threshold: every message gets the best label. Confidence is the softmax of the SVM's distances.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion
    from sklearn.svm import LinearSVC

    parts = [("words", TfidfVectorizer())]
    if characters:
        parts.append(("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))))
    start = time.perf_counter()
    vectorizer = FeatureUnion(parts)
    model = LinearSVC(random_state=0)
    model.fit(vectorizer.fit_transform([text for text, _ in examples]), [label for _, label in examples])
    seconds = time.perf_counter() - start
    predictions, times = [], []
    for text in texts:
        start = time.perf_counter()
        distances = model.decision_function(vectorizer.transform([text]))[0]
        if not distances.ndim:  # two labels share one distance
            distances = np.array([-distances, distances])
        shares = np.exp(distances - distances.max())
        shares /= shares.sum()
        order = np.argsort(-shares)
        times.append((time.perf_counter() - start) * 1000)
        predictions.append(from_scores([(str(model.classes_[i]), float(shares[i])) for i in order]))
    name = "TF-IDF words and characters, SVM" if characters else "TF-IDF words, SVM"
    return Result(name, predictions, seconds, times, note="no threshold; learns the off-topic examples as a label")


# --- what runs in a process of its own ------------------------------------------------------------------------------


def remembered(name: str, work: str, make: Callable[[], Result], cache: Path = CACHE) -> Result:
    """The result of earlier for the same work, else a new one.

    Args:
        name: of the peer, for the file.
        work: everything that decides the result, as text.
        make: does the work.
        cache: folder of what was done.
    """
    file = cache / f"{name}-{hashlib.sha256(work.encode()).hexdigest()[:16]}.json"
    if file.exists():
        return from_json(json.loads(file.read_text(encoding="utf-8")))
    result = make()
    cache.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(result), ensure_ascii=False), encoding="utf-8")
    return result


def from_json(content: Mapping[str, Any]) -> Result:
    """The reverse of writing a result as JSON."""
    predictions = [
        Prediction(p["label"], p["confidence"], tuple(p["top"]), p["faq_confidence"]) for p in content["predictions"]
    ]
    return Result(**{**content, "predictions": predictions})


def stock_rasa(examples: Sequence[Example], texts: Sequence[str], say: Say, cache: Path = CACHE) -> Result:
    """Stock Rasa (config.diet.yml: DIET for intents, a ResponseSelector for the ids), trained in a process of its own.

    Raises:
        Unavailable: training or parsing failed.
    """
    config = DIET_CONFIG.read_text(encoding="utf-8")

    def make() -> Result:
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            say("Stock Rasa: training DIET and the ResponseSelector (hours on all examples; less with --per-label) ...")
            model, seconds = train_stock_rasa(examples, here)
            say(f"Stock Rasa: trained in {seconds:.0f} s; parsing {len(texts)} messages ...")
            cache.mkdir(parents=True, exist_ok=True)
            shutil.copy(model, cache / KEPT_MODEL)  # for `python -m evaluation.bench --reuse`
            measured = parse_in_process(model, texts, here)
            predictions = [
                Prediction(p["label"], p["confidence"], tuple(p["top"]), p["faq_confidence"])
                for p in measured["predictions"]
            ]
            return Result(
                "Stock Rasa (DIET, ResponseSelector)",
                predictions,
                seconds,
                measured["milliseconds"],
                model.stat().st_size,
                "its own fallback at 0.3 looks at the intent, not at the answer",
            )

    return remembered("rasa", json.dumps([config, list(examples), list(texts)]), make, cache)


def train_stock_rasa(examples: Sequence[Example], folder: Path) -> Tuple[Path, float]:
    """Trains on the examples; gives the model file inside `folder` and the seconds of wall time.

    The answers that the ResponseSelector chooses from stand in by their names, which DIET does not look at.
    """
    data = folder / "nlu.json"
    _write_training_data(examples, data)
    start = time.perf_counter()
    command = [sys.executable, "-m", "rasa", "train", "nlu", "--config", str(DIET_CONFIG.resolve())]
    arguments = ["--nlu", str(data), "--out", str(folder), "--fixed-model-name", "diet"]
    run_to_end([*command, *arguments], "Training stock Rasa", TRAINING_TIMEOUT, politely=True)
    return folder / "diet.tar.gz", time.perf_counter() - start


def _write_training_data(examples: Sequence[Example], file: Path) -> None:
    labels = sorted({label for _, label in examples if label.startswith(FAQ_INTENT)})
    content = {
        "rasa_nlu_data": {
            "common_examples": [{"text": text, "intent": label} for text, label in examples],
            "responses": {f"utter_{label}": [{"text": label}] for label in labels},
        }
    }
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def parse_in_process(
    model: Path, texts: Sequence[str], folder: Path, one_core: bool = False, as_served: bool = False
) -> Dict[str, Any]:
    """Parses messages with a model of Rasa in a process of its own; see `evaluation.rasa_parse` for what it gives.

    Raises:
        Unavailable: the process failed.
    """
    work, result = folder / "texts.json", folder / "parsed.json"
    work.write_text(json.dumps(list(texts), ensure_ascii=False), encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "evaluation.rasa_parse", str(model), str(work), str(result)]
    extra = [*(["--one-core"] if one_core else []), *(["--as-served"] if as_served else [])]
    run_to_end([*command, *extra], "Parsing with Rasa", TRAINING_TIMEOUT, politely=not one_core)
    found: Dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


def nlp_js(examples: Sequence[Example], texts: Sequence[str], say: Say, cache: Path = CACHE) -> Result:
    """nlp.js with its Dutch package, installed from the npm registry into evaluation/nlpjs/node_modules when absent.

    Raises:
        Unavailable: node or npm is absent, or installing or running failed.
    """
    package = (NLPJS / "package-lock.json").read_text(encoding="utf-8")
    script = (NLPJS / "measure.js").read_text(encoding="utf-8")

    def make() -> Result:
        node = _install_nlpjs(say)
        with tempfile.TemporaryDirectory() as folder:
            work, found = Path(folder) / "work.json", Path(folder) / "result.json"
            work.write_text(json.dumps({"examples": list(examples), "texts": list(texts)}), encoding="utf-8")
            say("nlp.js: training and ranking ...")
            command = [node, "--max-old-space-size=4096", str(NLPJS / "measure.js"), str(work), str(found)]
            run_to_end(command, "nlp.js", TRAINING_TIMEOUT, politely=True)
            content = json.loads(found.read_text(encoding="utf-8"))
        return Result(
            "nlp.js (Dutch)",
            [
                from_scores([(label, score) for label, score in ranking], NLPJS_THRESHOLD)
                for ranking in content["results"]
            ],
            content["training_seconds"],
            content["parse_milliseconds"],
            content["model_bytes"],
            f"its own threshold of {NLPJS_THRESHOLD}",
        )

    return remembered("nlpjs", json.dumps([package, script, list(examples), list(texts)]), make, cache)


def _install_nlpjs(say: Say) -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Unavailable("node and npm are not installed; nlp.js needs both (Node.js 18 or newer).")
    if not (NLPJS / "node_modules" / "@nlpjs" / "lang-nl").exists():
        say("nlp.js: installing its packages from the npm registry ...")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        run_to_end(command, "Installing nlp.js", INSTALL_TIMEOUT, cwd=NLPJS, politely=True)
    return node
