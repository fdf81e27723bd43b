"""Rasa's registry of components, filled by name instead of by importing all of them.

`DefaultV1Recipe._from_registry` imports `default_components` for the sake of its decorators. Here that module is left
empty, and the registry imports the one module that a name of config.yml stands for.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, Dict, Optional

DEFAULT_COMPONENTS = "rasa.engine.recipes.default_components"
# Where each component that config.yml may name without a module is defined.
MODULES: Dict[str, str] = {
    "DIETClassifier": "rasa.nlu.classifiers.diet_classifier",
    "FallbackClassifier": "rasa.nlu.classifiers.fallback_classifier",
    "KeywordIntentClassifier": "rasa.nlu.classifiers.keyword_intent_classifier",
    "LogisticRegressionClassifier": "rasa.nlu.classifiers.logistic_regression_classifier",
    "MitieIntentClassifier": "rasa.nlu.classifiers.mitie_intent_classifier",
    "SklearnIntentClassifier": "rasa.nlu.classifiers.sklearn_intent_classifier",
    "CRFEntityExtractor": "rasa.nlu.extractors.crf_entity_extractor",
    "DucklingEntityExtractor": "rasa.nlu.extractors.duckling_entity_extractor",
    "EntitySynonymMapper": "rasa.nlu.extractors.entity_synonyms",
    "MitieEntityExtractor": "rasa.nlu.extractors.mitie_entity_extractor",
    "SpacyEntityExtractor": "rasa.nlu.extractors.spacy_entity_extractor",
    "RegexEntityExtractor": "rasa.nlu.extractors.regex_entity_extractor",
    "LexicalSyntacticFeaturizer": "rasa.nlu.featurizers.sparse_featurizer.lexical_syntactic_featurizer",
    "ConveRTFeaturizer": "rasa.nlu.featurizers.dense_featurizer.convert_featurizer",
    "MitieFeaturizer": "rasa.nlu.featurizers.dense_featurizer.mitie_featurizer",
    "SpacyFeaturizer": "rasa.nlu.featurizers.dense_featurizer.spacy_featurizer",
    "CountVectorsFeaturizer": "rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer",
    "LanguageModelFeaturizer": "rasa.nlu.featurizers.dense_featurizer.lm_featurizer",
    "RegexFeaturizer": "rasa.nlu.featurizers.sparse_featurizer.regex_featurizer",
    "ResponseSelector": "rasa.nlu.selectors.response_selector",
    "JiebaTokenizer": "rasa.nlu.tokenizers.jieba_tokenizer",
    "MitieTokenizer": "rasa.nlu.tokenizers.mitie_tokenizer",
    "SpacyTokenizer": "rasa.nlu.tokenizers.spacy_tokenizer",
    "WhitespaceTokenizer": "rasa.nlu.tokenizers.whitespace_tokenizer",
    "MitieNLP": "rasa.nlu.utils.mitie_utils",
    "SpacyNLP": "rasa.nlu.utils.spacy_utils",
    "TEDPolicy": "rasa.core.policies.ted_policy",
    "MemoizationPolicy": "rasa.core.policies.memoization",
    "AugmentedMemoizationPolicy": "rasa.core.policies.memoization",
    "RulePolicy": "rasa.core.policies.rule_policy",
    "UnexpecTEDIntentPolicy": "rasa.core.policies.unexpected_intent_policy",
}


class Registry(Dict[str, Any]):
    """Components by name; one that is not registered yet is imported, which registers it."""

    def __contains__(self, name: object) -> bool:
        if not super().__contains__(name) and name in MODULES:
            self._import(str(name))
        return super().__contains__(name)

    @staticmethod
    def _import(name: str) -> None:
        from rasa_patches.deferred import load

        load(MODULES[name])


def apply_to_look_ups() -> None:
    """A trained model names its components by module and class: a module that waits is imported before the look-up."""
    from rasa.shared.utils import common

    from rasa_patches.deferred import deferred, load

    original = common.class_from_module_path

    def class_from_module_path(module_path: str, lookup_path: Optional[str] = None) -> Any:
        module = module_path.rpartition(".")[0]
        if module in deferred():
            load(module)
        return original(module_path, lookup_path)

    common.class_from_module_path = class_from_module_path


def apply() -> None:
    """Puts the registry in place; components registered so far stay."""
    if DEFAULT_COMPONENTS in sys.modules:  # all are imported already
        return
    from rasa.engine.recipes.default_recipe import DefaultV1Recipe

    DefaultV1Recipe._registered_components = Registry(DefaultV1Recipe._registered_components)
    nothing = ModuleType(DEFAULT_COMPONENTS)
    nothing.__dict__["DEFAULT_COMPONENTS"] = []
    sys.modules[DEFAULT_COMPONENTS] = nothing
    parent = importlib.import_module("rasa.engine.recipes")
    parent.__dict__["default_components"] = nothing
