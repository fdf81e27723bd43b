"""The assistant's fixed texts that no rule names: `data/gesprek/teksten.yml`, for answering/ and channels/."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

from ruamel.yaml import YAML

TEXTS = Path("data/gesprek/teksten.yml")

ALLEEN_PRIVE = "alleen_prive"
ALLEEN_TEKST = "alleen_tekst"
ALGEMENE_INFORMATIE = "algemene_informatie"
ASK_REPHRASE = "ask_rephrase"
BERICHT_LEEG = "bericht_leeg"
BERICHT_TE_LANG = "bericht_te_lang"
BESTAND_ONTVANGEN = "bestand_ontvangen"
CLARIFY_AGAIN = "clarify_again"
DISCLOSURE = "disclosure"
CHAT_AFGESLOTEN = "chat_afgesloten"
CHAT_WORDT_OVERGENOMEN = "chat_wordt_overgenomen"
FOLLOW_UP_ASPECT = "follow_up_aspect"
FOLLOW_UP_MORE = "follow_up_more"
FOLLOW_UP_TOPIC = "follow_up_topic"
GEEN_MEER = "geen_meer"
KIES_UIT_LIJST = "kies_uit_lijst"
KNOP_ONBEKEND = "knop_onbekend"
MEER_KEUZES = "meer_keuzes"
NOG_MEER_KEUZES = "nog_meer_keuzes"
OFFER_HUMAN = "offer_human"
ONTBREEKT = "ontbreekt"
STORING = "storing"
TE_VEEL_BERICHTEN = "te_veel_berichten"
TYP_NUMMER = "typ_nummer"
TWEEDE_VRAAG = "tweede_vraag"
VERZOEK_ONGELDIG = "verzoek_ongeldig"
VRAGEN_OVER = "vragen_over"
WEET_IK_NIET = "weet_ik_niet"

NAMES = frozenset(value for name, value in list(globals().items()) if name.isupper() and isinstance(value, str))


def load_texts(path: Path = TEXTS) -> Dict[str, List[Dict[str, Any]]]:
    """Reads {name: variations}, each variation shaped like one of Rasa's responses.

    Raises:
        ValueError: a text is missing, or one stands there that nothing uses; names it.
    """
    texts: Dict[str, List[Dict[str, Any]]] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))["teksten"]
    missing, unused = NAMES - set(texts), set(texts) - NAMES
    if missing or unused:
        raise ValueError(f"{path}: missing {sorted(missing) or 'nothing'}, unused {sorted(unused) or 'nothing'}.")
    return texts


def wordings() -> Dict[str, str]:
    """The first variation of every text, by name."""
    return {name: str(variations[0]["text"]) for name, variations in load_texts().items()}
