"""The questions that the chat suggests while a visitor types: the catalogue's own, as JSON made once."""

from __future__ import annotations

import hashlib
import json
from typing import Any, List, Mapping, Sequence, Tuple

from content.catalogue import catalogue_from_responses, fill


def answerable_questions(responses: Mapping[str, Sequence[Mapping[str, Any]]], values: Mapping[str, str]) -> List[str]:
    """The canonical questions that have an answer with the shop's settings as they are, in the catalogue's order.

    Args:
        responses: Rasa's `domain.responses`.
        values: the text of every placeholder.
    """
    entries = catalogue_from_responses(responses).values()
    return [entry.vraag for entry in entries if any(fill(text, values) is not None for text in entry.texts)]


def as_document(questions: Sequence[str]) -> Tuple[bytes, str]:
    """The JSON that clients cache, and its ETag."""
    body = json.dumps({"questions": list(questions)}, ensure_ascii=False, separators=(",", ":")).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:20]}"'
