"""Rasa's RulePolicy at a cost that does not grow with the conversation. Its predictions are those of the original.

- Rules look back over as many turns as the longest of them has; older states are not worked out.
- The rules that could hold are found by the action before them and the intent instead of by trying all.
- The prediction from the message's text is left out where no rule can hold on text.
- Where only actions and intents decide, and no loop has run, what was found is remembered by those.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTIVE_LOOP, PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

from tracking.tracker import ConversationTracker, Turn

logger = logging.getLogger("rasa.core.policies.rule_policy")
State = Dict[str, Any]
Found = Tuple[Optional[str], Optional[str], bool]  # an action, the rule that it is from, whether a loop goes on
_ANY = ""  # rules that don't name the action before them, or the intent


class _Rules:
    """One of the policy's look-ups, read once: its rules by the action that must come before and the intent."""

    def __init__(self, lookup: Dict[str, str], read: Any) -> None:
        self.source = lookup
        self.size = len(lookup)
        self.depth = 1
        self.can_hold_on_text = False
        self.by_state: Dict[Tuple[str, str], List[str]] = {}
        self.found: Dict[Tuple[Turn, ...], Found] = {}  # no more than the rules lead to
        self._deciding: Dict[Turn, int] = {}
        self._lengths: Dict[str, int] = {}
        for key in lookup:
            states: List[State] = read(key)
            self._lengths[key] = len(states) if all(map(_is_plain, states)) else 0
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

    def deciding(self, turn: Turn) -> int:
        """How many of the latest states decide what comes after this one; 0 when more than actions and intents do."""
        found = self._deciding.get(turn)
        if found is None:
            action, intent = turn
            keys = self.candidates({PREVIOUS_ACTION: {ACTION_NAME: action or _ANY}, USER: {INTENT: intent or _ANY}})
            lengths = [self._lengths[key] for key in keys]
            found = self._deciding[turn] = max(lengths, default=0) if all(lengths) else 0
        return found


def _is_plain(state: State) -> bool:
    """Whether a rule asks for nothing but an action, an intent and a loop here."""
    return (
        state.keys() <= {PREVIOUS_ACTION, USER, ACTIVE_LOOP}
        and (state.get(PREVIOUS_ACTION) or {}).keys() <= {ACTION_NAME}
        and state.get(USER, {}).keys() <= {INTENT}
    )


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
    ) -> Found:
        rules, unhappy = self._all_rules()
        if use_text_for_last_user_input and not (rules.can_hold_on_text or unhappy.can_hold_on_text):
            return None, None, False
        turns = () if use_text_for_last_user_input else _deciding_turns(tracker, rules)
        if turns and turns in rules.found:
            return rules.found[turns]
        found: Found = super()._find_action_from_rules(tracker, domain, use_text_for_last_user_input)
        if turns and found[0] is not None:
            rules.found[turns] = found
        return found

    @staticmethod
    def format_tracker_states(states: List[State]) -> Any:
        """Made for the debug log only."""
        return RulePolicy.format_tracker_states(states) if logger.isEnabledFor(logging.DEBUG) else ""


_NO_RULES: Dict[str, str] = {}


def _deciding_turns(tracker: DialogueStateTracker, rules: _Rules) -> Tuple[Turn, ...]:
    """The latest turns that decide which rule holds; none when it takes more than these."""
    if not isinstance(tracker, ConversationTracker):
        return ()
    turns = tracker.recent_turns(1)
    count = rules.deciding(turns[0]) if turns else 0
    return turns if count == 1 else tracker.recent_turns(count) if count else ()
