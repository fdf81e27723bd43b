"""What a customer is told about the data that the desk keeps: an overview, and what was erased."""

from __future__ import annotations

import datetime as dt
from typing import Any, Dict, List, Mapping, Sequence

from advice.content import FormContent
from desk import opening

_SHOWN_START, _SHOWN_END = 1, 2
_SHORT = 6


def overview(
    told: Mapping[str, Sequence[Mapping[str, Any]]], messages: int, content: FormContent, now: dt.datetime
) -> str:
    """The text that says what is kept.

    Args:
        told: of `desk.privacy.export`: {table: rows}.
        messages: how many messages the conversation has.
        content: of the form.
        now: the moment.
    """
    lines = [content.inzage["gesprek"].format(berichten=messages)]
    cases = told.get("cases", ())
    for case in cases:
        lines += _case(case, content, now)
    if not cases:
        lines.append(content.inzage["geen"])
    besides = counted({table: len(rows) for table, rows in told.items() if table != "cases"}, content)
    if besides:
        lines.append(content.inzage["verder"].format(soorten=besides))
    return "\n".join(lines)


def _case(case: Mapping[str, Any], content: FormContent, now: dt.datetime) -> List[str]:
    wording = content.inzage
    values: Dict[str, Any] = {
        "referentie": case.get("reference", ""),
        "dag": _day(case.get("created_at"), now),
        "onderwerp": case.get("subject", ""),
        "tekens": len(str(case.get("question") or "")),
    }
    lines = [wording["aanvraag"].format(**values)]
    for name, column in (("naam", "name"), ("contact", "contact"), ("bestelnummer", "order_number")):
        if case.get(column):
            lines.append(wording[name].format(**{name: in_part(str(case[column]))}))
    if case.get("retain_until"):
        lines.append(wording["bewaard_tot"].format(dag=_day(case["retain_until"], now)))
    return lines


def _day(moment: Any, now: dt.datetime) -> str:
    """The day without the time; '' for what is no moment."""
    try:
        at = dt.datetime.fromisoformat(str(moment))
    except ValueError:
        return ""
    return opening.in_words(at, now).rsplit(" ", 1)[0]


def in_part(text: str) -> str:
    """Enough to know it again, too little to use: "j…@voorbeeld.nl", "+3…78", "J…"."""
    if "@" in text:
        return f"{text[:_SHOWN_START]}…@{text.rpartition('@')[2]}"
    if len(text) > _SHORT and text[-1].isdigit():
        return f"{text[: _SHOWN_START + 1]}…{text[-_SHOWN_END:]}"
    return f"{text[:_SHOWN_START]}…"


def counted(counts: Mapping[str, int], content: FormContent) -> str:
    """ "2 aanvragen, 1 toestemming en 14 regels uit een gesprek"; '' for nothing."""
    parts = []
    known = [table for table in content.soorten if table in counts]
    for table in [*known, *(table for table in counts if table not in content.soorten)]:
        number = counts[table]
        if number:
            one, more = content.soorten.get(table, [table, table])
            parts.append(f"{number} {one if number == 1 else more}")
    if len(parts) < 2:
        return "".join(parts)
    return content.en.format(eerste=", ".join(parts[:-1]), laatste=parts[-1])
