"""The claims linter: planted violations of each kind are caught; clean texts and all texts of the product pass."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from content.claims import DISEASE, DOSE, NUTRIENT, OFFER, PRESCRIPTION, WORD, read_claims, sources, texts_of_source

linter = read_claims()


def rules(text: str) -> List[str]:
    return [finding.rule for finding in linter.lint(text)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Magnesium geneest een depressie.", DISEASE),
        ("5-HTP werkt tegen somberheid.", DISEASE),
        ("Ons supplement helpt bij slapeloosheid.", DISEASE),
        ("Magnesium verlaagt een hoge bloeddruk.", DISEASE),
        ("5-HTP bestrijdt angst.", DISEASE),
        ("Probiotica verbeteren je slaap.", NUTRIENT),
        ("Melatonine als supplement helpt je sneller in slaap te vallen.", NUTRIENT),
        ("Tryptofaan verhoogt je stemming.", NUTRIENT),
        ("CBD geeft je rust.", NUTRIENT),
        ("Magnesium draagt bij tot een betere nachtrust.", NUTRIENT),
        ("Vitamine D draagt bij aan een goed humeur.", NUTRIENT),
        ("Magnesium helpt je beter slapen.", NUTRIENT),
        ("Neem 2 capsules per dag voor het slapen.", DOSE),
        ("Begin met 1 mg melatonine.", DOSE),
        ("Magnesium 250-500 mg is effectief bij angst.", DOSE),
        ("Voel je je somber? Bestel dan onze magnesium.", OFFER),
        ("Bij angst kun je onze capsules in de winkelmand leggen.", OFFER),
        ("Oxytocine neusspray kun je hier bestellen.", PRESCRIPTION),
        ("Met oxytocine ga je beter presteren in de sport.", PRESCRIPTION),
        ("Prozac werkt goed en is hier te koop.", PRESCRIPTION),
        ("In de darm zit 400 keer meer melatonine.", WORD),
        ("Jij hebt een tekort aan serotonine.", WORD),
        ("Bestel nu bij Kruidvat!", WORD),
        ("Magnesium en Alzheimer.", WORD),
    ],
)
def test_a_planted_violation_is_caught(text: str, rule: str) -> None:
    assert rule in rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "Magnesium draagt bij tot de vermindering van vermoeidheid en moeheid.",
        "Magnesium draagt bij aan een normale psychologische functie.",
        "Vitamine B6 draagt bij tot de regulering van de hormonale activiteit.",
        "Magnesium is onderzocht bij angst, met wisselende uitkomst.",
        "Magnesium is geen middel tegen angst.",
        "Melatonine is een hormoon dat je helpt in te slapen als het donker wordt.",
        "Oxytocine is een receptplichtig geneesmiddel en staat niet in ons assortiment.",
        "In Nederland ziet de IGJ melatonine vanaf 0,3 mg per dag als geneesmiddel.",
        "Uit supplementen is niet meer dan 250 mg per dag verstandig, volgens EFSA.",
        "Blijf je somber? Ga dan naar je huisarts.",
        "Bewegen helpt tegen stress.",
        "Helpt magnesium tegen angst?",
        "Voor 15:30 besteld is dezelfde dag verzonden.",
    ],
)
def test_a_clean_text_passes(text: str) -> None:
    assert rules(text) == []


def test_a_finding_shows_the_sentence_and_the_words() -> None:
    finding = linter.lint("Dit is goed. Magnesium geneest een depressie.")[0]
    assert finding.excerpt == "Magnesium geneest een depressie."
    assert "geneest" in finding.words


@pytest.mark.parametrize("path", sources(), ids=str)
def test_no_text_of_the_product_makes_a_claim_it_may_not_make(path: Path) -> None:
    found = {name: linter.lint(text) for name, text in texts_of_source(path).items()}
    assert {name: findings for name, findings in found.items() if findings} == {}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data/faq/x.yml", 'responses:\n  utter_faq/x:\n  - text: "Magnesium geneest een depressie."\n'),
        ("data/gesprek/x.yml", 'teksten:\n  x:\n  - text: "Magnesium geneest een depressie."\n'),
        ("winkel.yml", 'levertijd: "Magnesium geneest een depressie."\n'),
        ("widget/texts.nl.js", 'export default {\n  open: "Magnesium geneest een depressie.",\n};\n'),
        ("desk/mails/x.yml", 'onderwerp: "Magnesium geneest een depressie."\n'),
        ("desk/templates/x.txt", "Hallo {{ naam }},\nMagnesium geneest een depressie.\n"),
        ("desk/templates/x.html", "<p>Magnesium <b>geneest</b> een depressie.</p>"),
    ],
)
def test_a_claim_is_found_wherever_customers_read(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    assert sources(tmp_path) == [path]
    findings = [finding.rule for text in texts_of_source(path).values() for finding in linter.lint(text)]
    assert DISEASE in findings
