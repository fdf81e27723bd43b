"""Rasa's RulePolicy at a cost that does not grow with the conversation. Its predictions are those of the original.

- Rules look back over as many turns as the longest of them has; older states are not worked out.
- The rules that could hold are found by the action before them and the intent instead of by trying all.
- The prediction from the message's text is left out where no rule can hold on text.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.constants import ACTION_LISTEN_NAME, PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

from tracking.tracker import ConversationTracker

logger = logging.getLogger("rasa.core.policies.rule_policy")
State = Dict[str, Any]
_ANY = ""  # rules that don't name the action before them, or the intent


class _Rules:
    """One of the policy's look-ups, read once: its rules by the action that must come before and the intent."""

    def __init__(self, lookup: Dict[str, str], read: Any) -> None:
        self.source = lookup
        self.size = len(lookup)
        self.depth = 1
        self.can_hold_on_text = False
        self.by_state: Dict[Tuple[str, str], List[str]] = {}
        for key in lookup:
            states: List[State] = read(key)
            self.depth = max(self.depth, len(states))
            action = (states[-1].get(PREVIOUS_ACTION) or {}).get(ACTION_NAME)
            named = isinstance(action, str) and action not in ("", SHOULD_NOT_BE_SET)
            intent = states[-1].get(USER, {}).get(INTENT)
            needs_intent = isinstance(intent, str) and intent not in ("", SHOULD_NOT_BE_SET)
            place = (str(action) if named else _ANY, str(intent) if needs_intent else _ANY)
            self.by_state.setdefault(place, []).append(key)
            if not needs_intent and (not named or action == ACTION_LISTEN_NAME):
                self.can_hold_on_text = True

    def candidates(self, state: State) -> Set[str]:
        """Rules that may hold in this state; all others don't."""
        actions = {(state.get(PREVIOUS_ACTION) or {}).get(ACTION_NAME, _ANY), _ANY}
        intents = {state.get(USER, {}).get(INTENT, _ANY), _ANY}
        return {key for action in actions for intent in intents for key in self.by_state.get((action, intent), ())}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class RecentRulePolicy(RulePolicy):
    """RulePolicy for conversations of any length (`policies:` in config.yml)."""

    _known: Sequence[_Rules] = ()

    def _rules(self, lookup: Dict[str, str]) -> _Rules:
        """The look-up as it was read; read anew when training has changed it."""
        found = next((rules for rules in self._known if rules.source is lookup and rules.size == len(lookup)), None)
        if found is None:
            found = _Rules(lookup, self._rule_key_to_state)
            self._known = [*(rules for rules in self._known if rules.source is not lookup), found][-4:]
        return found

    def _all_rules(self) -> Tuple[_Rules, _Rules]:
        return (
            self._rules(self.lookup.get(RULES, _NO_RULES)),
            self._rules(self.lookup.get(RULES_FOR_LOOP_UNHAPPY_PATH, _NO_RULES)),
        )

    def _prediction_states(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        use_text_for_last_user_input: bool = False,
        rule_only_data: Optional[Dict[str, Any]] = None,
    ) -> List[State]:
        if not isinstance(tracker, ConversationTracker) or self.featurizer is None:
            states: List[State] = super()._prediction_states(
                tracker, domain, use_text_for_last_user_input, rule_only_data
            )
            return states
        depth = max(rules.depth for rules in self._all_rules())
        states = tracker.recent_states(domain, depth + 1)
        self.featurizer._choose_last_user_input([states], use_text_for_last_user_input)
        return states

    def _get_possible_keys(self, lookup: Dict[str, str], states: List[State]) -> Set[str]:
        if not states:
            return set(lookup)
        keys = self._rules(lookup).candidates(states[-1])
        for index, state in enumerate(reversed(states)):
            keys = {key for key in keys if self._is_rule_applicable(key, index, state)}
            if not keys:
                break
        return keys

    def _find_action_from_rules(
        self, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool
    ) -> Tuple[Optional[str], Optional[str], bool]:
        if use_text_for_last_user_input and not any(rules.can_hold_on_text for rules in self._all_rules()):
            return None, None, False
        found: Tuple[Optional[str], Optional[str], bool] = super()._find_action_from_rules(
            tracker, domain, use_text_for_last_user_input
        )
        return found

    @staticmethod
    def format_tracker_states(states: List[State]) -> Any:
        """Made for the debug log only."""
        return RulePolicy.format_tracker_states(states) if logger.isEnabledFor(logging.DEBUG) else ""


_NO_RULES: Dict[str, str] = {}
