"""Reads the training data once (`importers:` in config.yml).

Rasa's own file importer reads all files again for every language it is asked for, and every merge copies each example
deeply and hashes it anew: with 23,000 examples that takes longer than the training itself.
"""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any, Dict, List, Optional, Tuple

from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data import loading
from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import deep_container_fingerprint


class Example(Message):
    """A training example that keeps its hash while nothing in it changes, and is copied without its parts.

    Its values are texts and Rasa's own annotations, which nothing changes in place.
    """

    _cached_fingerprint: Optional[str]

    def set(self, prop: str, info: Any, add_to_output: bool = False) -> None:
        """Sets a value; the same value again leaves the hash as it is."""
        if add_to_output or self.data.get(prop) != info:
            super().set(prop, info, add_to_output)

    def fingerprint(self) -> str:
        """A hash of the values in one go; Rasa's own hashes every value by itself."""
        if self._cached_fingerprint is None:
            if self.features:
                return str(super().fingerprint())
            values = json.dumps(self.data, sort_keys=True, default=deep_container_fingerprint)
            self._cached_fingerprint = hashlib.md5(values.encode(), usedforsecurity=False).hexdigest()
        return str(self._cached_fingerprint)

    def __hash__(self) -> int:
        return hash(self.fingerprint())

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Message) and other.fingerprint() == self.fingerprint())

    def __deepcopy__(self, memo: Dict[int, Any]) -> Example:
        copied = Example.__new__(Example)
        copied.__dict__.update(self.__dict__)
        copied.data, copied.output_properties = dict(self.data), set(self.output_properties)
        copied.features = copy.deepcopy(self.features, memo) if self.features else []
        return copied


class _Reader(RasaYAMLReader):
    """Rasa's reader without the check of the schema, which costs as much as reading; the tests make that check."""

    def validate(self, string: str) -> None:
        """Leaves the check to tests/server/test_importer.py."""


_ahead: Dict[Tuple[str, ...], TrainingData] = {}  # what was read ahead, by files


class ContentImporter(RasaFileImporter):
    """Rasa's file importer with the training data read once, for all languages are one here."""

    _nlu_data: Optional[TrainingData] = None

    def get_nlu_data(self, language: Optional[str] = "nl") -> TrainingData:
        """All examples and responses of the data files; the same object at every call."""
        if self._nlu_data is None:
            self._nlu_data = _ahead.get(tuple(self._nlu_files)) or self._read()
        return self._nlu_data

    def _read(self) -> TrainingData:
        parts = [_Reader().read(path) for path in self._nlu_files if loading.guess_format(path) == loading.RASA_YAML]
        for part in parts:
            part.training_examples = [
                Example(message.data, set(message.output_properties), message.time, message.features)
                for message in part.training_examples
            ]
        return TrainingData().merge(*parts)


def read_ahead(config: str, domain: str, paths: List[str]) -> TrainingData:
    """Reads the data of a training; importers of the same files in this process take them from here."""
    importer = ContentImporter(config, domain, paths)
    data = _ahead[tuple(importer._nlu_files)] = importer.get_nlu_data()
    return data
