"""Reads Rasa's own files faster: the model's domain, and each configuration file once.

- `DomainProvider.load` reads the model's domain.yml twice and validates it, with a parser in Python. It was written by
  Rasa itself and validated in training: here it is read once, with the parser in C.
- `read_endpoint_config` reads and validates endpoints.yml anew for each of its seven parts.
- The validation asks `pkg_resources` where Rasa's schemas are, which looks at every installed package first.
"""

from __future__ import annotations

import copy
import functools
import importlib.util
from pathlib import Path
from typing import Any, Dict, Tuple

from content.reading import read_yaml

DOMAIN_FILE = "domain.yml"


def _load_domain(
    cls: Any, config: Dict[str, Any], model_storage: Any, resource: Any, execution_context: Any, **kwargs: Any
) -> Any:
    from rasa.shared.core.domain import Domain

    with model_storage.read_from(resource) as folder:
        domain = Domain.from_dict(read_yaml(Path(folder) / DOMAIN_FILE))
    return cls(model_storage, resource, domain)


def resource_filename(package: str, path: str) -> str:
    """Where a file of a package is, as `pkg_resources.resource_filename` tells."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / path)


def apply_to_domain_provider() -> None:
    """The model's domain is read once."""
    from rasa.graph_components.providers.domain_provider import DomainProvider

    # Rasa's check of the graph reads the annotations of the original through the wrapper.
    load: Any = functools.wraps(DomainProvider.load.__func__)(_load_domain)
    DomainProvider.load = classmethod(load)


def apply_to_reading() -> None:
    """Configuration files are read once while they don't change."""
    import rasa.shared.utils.io as rasa_io

    original = rasa_io.read_validated_yaml
    if getattr(original, "reads_once", False):
        return
    known: Dict[Tuple[str, int, int, str, str], Any] = {}

    def read_once(filename: Any, schema: str, *more: Any, **named: Any) -> Any:
        status = Path(filename).stat() if Path(filename).exists() else None
        if status is None:
            return original(filename, schema, *more, **named)
        key = (str(Path(filename).resolve()), status.st_mtime_ns, status.st_size, schema, repr((more, named)))
        if key not in known:
            known[key] = original(filename, schema, *more, **named)
        return copy.deepcopy(known[key])

    read_once.reads_once = True  # type: ignore[attr-defined]
    rasa_io.read_validated_yaml = read_once
