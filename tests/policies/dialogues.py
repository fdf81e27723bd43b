"""Random dialogues: whatever can happen to a tracker, in any order."""

from __future__ import annotations

import random
from typing import List

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    ConversationPaused,
    ConversationResumed,
    DefinePrevUserUtteredFeaturization,
    Event,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)

DOMAIN = """
version: "3.1"
intents: [greet, ask, yes, no, stop, form_please]
entities: [colour]
slots:
  colour: {type: text, influence_conversation: true, mappings: [{type: from_entity, entity: colour}]}
  sure: {type: bool, influence_conversation: true, mappings: [{type: custom}]}
  note: {type: text, influence_conversation: false, mappings: [{type: custom}]}
  step: {type: any, mappings: [{type: custom}]}
forms:
  order_form: {required_slots: [colour, sure]}
  other_form: {required_slots: [note]}
actions: [action_look, action_stop, utter_greet, utter_ask, utter_sure, utter_not_sure, utter_end, utter_help]
responses:
  utter_greet: [{text: a}]
  utter_ask: [{text: b}]
  utter_sure: [{text: c}]
  utter_not_sure: [{text: d}]
  utter_end: [{text: e}]
  utter_help: [{text: f}]
"""

RULES = """
version: "3.1"
rules:
- rule: greeting at the start
  conversation_start: true
  steps: [{intent: greet}, {action: utter_greet}, {action: utter_help}]
- rule: greeting later
  steps: [{intent: greet}, {action: utter_greet}]
- rule: a question with a colour
  condition: [{slot_was_set: [{colour: red}]}]
  steps: [{intent: ask}, {action: action_look}, {action: utter_ask}]
- rule: a question when sure
  condition: [{slot_was_set: [{sure: true}]}, {active_loop: null}]
  steps: [{intent: yes}, {action: utter_sure}]
- rule: a form
  steps: [{intent: form_please}, {action: order_form}, {active_loop: order_form}]
- rule: the form ends
  condition: [{active_loop: order_form}]
  steps: [{action: order_form}, {active_loop: null}, {action: utter_end}]
- rule: another question within the form
  condition: [{active_loop: order_form}]
  steps: [{intent: no}, {action: utter_not_sure}, {action: order_form}, {active_loop: order_form}]
- rule: stop within the form
  condition: [{active_loop: order_form}]
  steps: [{intent: stop}, {action: action_stop}, {action: action_deactivate_loop}, {active_loop: null}]
- rule: stop
  steps: [{intent: stop}, {action: action_stop}]
- rule: another form
  steps: [{intent: no}, {action: other_form}, {active_loop: other_form}]
- rule: the last word is not ours
  wait_for_user_input: false
  steps: [{intent: yes}, {action: utter_end}]
"""


def random_events(random_: random.Random, domain: Domain, most: int = 40) -> List[Event]:
    """Events of a dialogue, half of it as it goes and half of it as it never should."""
    events: List[Event] = []
    actions = [*domain.action_names_or_texts, *["action_listen"] * 8, *["order_form", "other_form"] * 4]
    for _ in range(random_.randint(1, most)):
        kind = random_.random()
        if kind < 0.3:
            events.append(ActionExecuted("action_listen", policy="RulePolicy", confidence=1.0))
            intent = random_.choice(domain.intents)
            colour = [{"entity": "colour", "value": "red"}] if random_.random() < 0.3 else []
            events.append(UserUttered(f"text {random_.randint(0, 3)}", {"name": intent, "confidence": 0.9}, colour))
            if random_.random() < 0.7:
                events.append(DefinePrevUserUtteredFeaturization(random_.random() < 0.1))
        elif kind < 0.6:
            events.append(ActionExecuted(random_.choice(actions), hide_rule_turn=random_.random() < 0.2))
        else:
            events.append(_odd(random_))
    return events


def _odd(random_: random.Random) -> Event:
    makers = [
        lambda: SlotSet("colour", random_.choice(["red", "blue", None, "should_not_be_set"])),
        lambda: SlotSet("sure", random_.choice([True, False, None])),
        lambda: SlotSet("step", random_.randint(0, 5)),
        lambda: SlotSet("requested_slot", random_.choice(["colour", "sure", None])),
        lambda: ActiveLoop(random_.choice(["order_form", "order_form", "other_form", None])),
        lambda: LoopInterrupted(random_.random() < 0.5),
        lambda: ActionExecutionRejected(random_.choice(["order_form", "utter_ask"])),
        lambda: BotUttered("hoi"),
        lambda: FollowupAction("utter_help"),
        *([lambda: ActionReverted()] if random_.random() < 0.4 else []),
        *([lambda: UserUtteranceReverted()] if random_.random() < 0.4 else []),
        *([lambda: AllSlotsReset()] if random_.random() < 0.3 else []),
        *([lambda: Restarted()] if random_.random() < 0.1 else []),
        *([lambda: SessionStarted()] if random_.random() < 0.1 else []),
        *([lambda: ConversationPaused()] if random_.random() < 0.1 else []),
        *([lambda: ConversationResumed()] if random_.random() < 0.1 else []),
    ]
    return random_.choice(makers)()
