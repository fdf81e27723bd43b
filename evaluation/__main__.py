"""`python -m evaluation [--peers ...] [--per-label N]`: writes results/understanding.html, prints a summary."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from typing import TYPE_CHECKING, Callable, Collection, List, Optional, Sequence

if TYPE_CHECKING:
    from evaluation.datasets import Sample
    from evaluation.metrics import Confusion, Share

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def say(text: str) -> None:
    """Prints at once."""
    print(text, flush=True)


def progress(what: str) -> Callable[[int, int], None]:
    """Shows how far a long piece of work is: a line that changes in a terminal, else one every tenth."""
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        tenth = done * 10 // total
        if sys.stdout.isatty():
            print(f"\r{what}: {done}/{total}", end="\n" if done == total else "", flush=True)
        elif tenth > shown and (tenth in (5, 10)):
            shown = tenth
            say(f"{what}: {done}/{total}")

    return show


def main() -> int:
    """Runs everything; a missing piece ends as one clear message and exit code 1."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation", description="Measures understanding on unseen messages."
    )
    parser.add_argument(
        "--peers", nargs="?", const="all", choices=("all", "nlpjs", "rasa"), help="also train and measure slow peers"
    )
    parser.add_argument(
        "--per-label", type=int, metavar="N", help="the systems compared learn only N examples of each label"
    )
    arguments = parser.parse_args()
    from server.checks import CannotStart

    try:
        return run(arguments.peers, arguments.per_label)
    except (CannotStart, OSError, KeyError) as error:
        print(error, file=sys.stderr)
        return 1


def without(samples: "Sequence[Sample]", known: Collection[str], wrong: "Sequence[Confusion]") -> "Share":
    """Share of right ones among the samples that are not among the examples."""
    from evaluation.metrics import Share

    mistaken = {confusion.text for confusion in wrong}
    fresh = [sample.text for sample in samples if sample.text not in known]
    return Share(sum(text not in mistaken for text in fresh), len(fresh))


def run(slow: Optional[str], per_label: Optional[int]) -> int:
    """Measures and writes the page.

    Args:
        slow: which slow peers to measure: `all`, `nlpjs`, `rasa` or None.
        per_label: how many examples of each label the systems learn that are compared; None for all.
    """
    from evaluation import ablation, datasets, ours, peers, report
    from evaluation.assistant import Assistant
    from evaluation.commands import Unavailable
    from evaluation.dialogues import hold
    from evaluation.figures import Figures, Work, figures
    from nlu.dutch import installed_name
    from nlu.lexicon import Lexicon
    from server.training import MODEL, train

    examples = datasets.load_examples()
    sets = datasets.load_unseen()
    known = set(datasets.leaked(sets, examples, Lexicon.load(), shortest=1))
    work = Work.of(sets)
    say("Training when the content changed ...")
    train()
    assistant = Assistant(MODEL)
    systems: List[Figures] = [figures(ours.measure(assistant, MODEL, work.texts, progress("Our pipeline")), work)]
    if per_label:
        examples = datasets.some_of_each(examples, per_label)
        say(f"Our pipeline on {len(examples)} examples ...")
        name = f"Schakel, {per_label} examples a label"
        systems.append(figures(ablation.with_examples(examples, work.texts, name), work))
    outcomes = hold(assistant, sets.dialogues, progress("Dialogues"))
    safety, safety_wrong = ours.safety(assistant, datasets.load_safety(), progress("Safety"))
    say("TF-IDF with a linear SVM ...")
    systems.append(figures(peers.tfidf_svm(examples, work.texts), work))
    systems.append(figures(peers.tfidf_svm(examples, work.texts, characters=True), work))
    skipped = []
    for name, peer in (("nlpjs", peers.nlp_js), ("rasa", peers.stock_rasa)):
        if slow not in (name, "all"):
            skipped.append(f"Left out: {name} (`make evaluate PEERS={name}` measures it too).")
            continue
        try:
            systems.append(figures(peer(examples, work.texts, say), work))
        except Unavailable as reason:
            skipped.append(f"Not measured: {reason}")
    made = time.strftime("%Y-%m-%d %H:%M") + f", {platform.machine()} with {os.cpu_count()} cores"
    result = report.Report(
        systems=systems,
        outcomes=outcomes,
        examples=len(examples),
        labels=len({label for _, label in examples}),
        dutch=installed_name(),
        made=made,
        skipped=skipped,
        fresh={
            "questions": without(sets.faq, known, systems[0].confusions),
            "other intents": without(sets.intents, known, systems[0].intent_confusions),
            "off-topic": without(sets.off_topic, known, systems[0].answered_off_topic),
        },
        safety=safety,
        safety_wrong=safety_wrong,
    )
    say("\n" + report.summary(result))
    say(f"\nWritten to {report.write(result)}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
