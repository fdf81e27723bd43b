"""Rasa's tracker with the work of each message independent of how long the conversation already is.

Rasa's own goes through all events at every look: which ones still apply, what the states were before each action, a
copy for each action. Here the applied events and the latest states are kept and carried on with every new event.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Any, Deque, Dict, List, Optional, Set, Tuple

from rasa.shared.core.constants import ACTIVE_LOOP, PREVIOUS_ACTION, SLOTS, USER
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    Event,
    Restarted,
    SessionStarted,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

_MARKS = 64  # states kept; more than the longest rule has, and enough to step back in
_SPARE = 8  # states worked out beyond those asked for, to step back in

Turn = Tuple[Optional[str], Optional[str]]  # of a state: the action before it and the latest message's intent


@dataclass
class _Mark:
    """The replayed conversation just before an action: where, how to go on from there, and its state."""

    index: int
    slots: Tuple[Dict[str, Any], ...]
    latest_message: Any
    latest_bot_utterance: Any
    latest_action: Any
    active_loop: Any
    followup_action: Optional[str]
    paused: bool
    state: Optional[Dict[str, Any]]


class ConversationTracker(DialogueStateTracker):
    """Behaves as `DialogueStateTracker`; `recent_states` gives the end of `past_states`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """See `DialogueStateTracker`."""
        self._applied: List[Event] = []
        self._loops: Set[str] = set()
        self._seen = 0
        self._replay: Optional[_Replay] = None
        self.stored: Optional[int] = None  # how many of the events the store has; None when it does not know it
        self.last_id: Optional[int] = None  # the store's number of the last of them
        self.version = 0  # the store's, of when it was handed out
        self.slimmed = 0  # how many of the events are as small as they get, see tracking/slim.py
        super().__init__(*args, **kwargs)

    def _create_events(self, evts: List[Event]) -> Any:
        if self._max_event_history is None:
            return list(evts)  # as Rasa's, and its end is reached at once
        return super()._create_events(evts)

    # --- applied events --------------------------------------------------------------------------------------------

    def _keep_up(self) -> List[Event]:
        """The events that apply, with those added since the last look; never to be changed by the caller."""
        if self._max_event_history is not None:
            found: List[Event] = super().applied_events()
            return found
        if len(self.events) < self._seen:
            self._start_over()
        for event in self.events[self._seen :]:
            if isinstance(event, ActiveLoop) and event.name and event.name not in self._loops:
                # Which actions are loops decides what applies, also of what was before.
                self._loops.add(event.name)
                self._applied = super().applied_events()
                self._seen = len(self.events)
                self._loops.update(e.name for e in self.events if isinstance(e, ActiveLoop) and e.name)
                self._changed_from(0)
                break
            self._apply(event)
            self._seen += 1
        return self._applied

    def _start_over(self) -> None:
        self._applied, self._loops, self._seen, self._replay = [], set(), 0, None

    def _changed_from(self, index: int) -> None:
        if self._replay is not None:
            self._replay.forget_from(index)

    def _apply(self, event: Event) -> None:
        applied = self._applied
        if event.type_name not in _DECIDES:
            applied.append(event)
            return
        before = len(applied)
        if isinstance(event, (Restarted, SessionStarted)):
            self._applied = []
            self._changed_from(0)
        elif isinstance(event, ActionReverted):
            self._undo_till_previous(ActionExecuted, applied)
            self._changed_from(len(applied))
        elif isinstance(event, UserUtteranceReverted):
            self._undo_till_previous(UserUttered, applied)
            self._undo_till_previous(ActionExecuted, applied)
            self._changed_from(len(applied))
        elif (
            isinstance(event, ActionExecuted)
            and event.action_name in self._loops
            and not self._first_loop_execution_or_unhappy_path(event.action_name, applied)
        ):
            last = next(
                i
                for i in range(before - 1, -1, -1)
                if isinstance(applied[i], ActionExecuted) and applied[i].action_name == event.action_name
            )
            tail = applied[last:]
            self._undo_till_previous_loop_execution(event.action_name, tail)
            applied[last:] = tail
            self._changed_from(last + 1)
        else:
            applied.append(event)

    def applied_events(self) -> List[Event]:
        """Rasa's, from what is kept."""
        return list(self._keep_up())

    def get_last_event_for(
        self,
        event_type: Any,
        action_names_to_exclude: Optional[List[str]] = None,
        skip: int = 0,
        event_verbosity: EventVerbosity = EventVerbosity.APPLIED,
    ) -> Any:
        """Rasa's, which looks no further back than the event it finds."""
        if event_verbosity != EventVerbosity.APPLIED:
            return super().get_last_event_for(event_type, action_names_to_exclude, skip, event_verbosity)
        excluded = action_names_to_exclude or []
        for event in reversed(self._keep_up()):
            if isinstance(event, event_type) and not (
                isinstance(event, ActionExecuted) and event.action_name in excluded
            ):
                if not skip:
                    return event
                skip -= 1
        return None

    def has_applied_events(self) -> bool:
        """Whether anything applies since the last restart."""
        return bool(self._keep_up())

    # --- states ----------------------------------------------------------------------------------------------------

    def recent_states(self, domain: Domain, count: int) -> List[Dict[str, Any]]:
        """The last `count` of `past_states(domain)`, all when there are fewer; the caller may change them."""
        applied = self._keep_up()
        if self._max_event_history is not None or count > _MARKS:
            return list(self.past_states(domain))[-count:]
        if self._replay is None or self._replay.domain is not domain:
            self._replay = _Replay(super().init_copy(), domain)
        states = self._replay.up_to(applied, count)
        return [{kind: dict(part) for kind, part in state.items()} for state in states]

    def recent_turns(self, count: int) -> Tuple[Turn, ...]:
        """Actions and intents of `recent_states`, without working these out.

        Args:
            count: how many at most.

        Returns:
            The latest first; nothing when there is more to the states: a loop, or an action or message in words only.
        """
        applied = self._keep_up()
        if self._loops or self._max_event_history is not None:
            return ()
        actions: List[Optional[str]] = []
        intents: List[Optional[str]] = []
        for event in reversed(applied):
            if isinstance(event, UserUttered):
                if not event.intent_name or event.use_text_for_featurization:
                    return ()
                intents += [event.intent_name] * (len(actions) + 1 - len(intents))
            elif isinstance(event, ActionExecuted):
                if not event.action_name:
                    return ()
                actions.append(event.action_name)
            if len(actions) >= count <= len(intents):
                return tuple(zip(actions[:count], intents))
        actions.append(None)  # before the first action, and before the first message
        intents += [None] * (len(actions) - len(intents))
        return tuple(zip(actions[:count], intents))

    # --- copies ----------------------------------------------------------------------------------------------------

    def init_copy(self) -> ConversationTracker:
        """An empty tracker with the same slots."""
        return ConversationTracker(
            self.sender_id,
            self.slots.values(),
            self._max_event_history,
            is_rule_tracker=self.is_rule_tracker,
        )

    def copy(self) -> DialogueStateTracker:
        """A tracker with the same events and state, made without going through the events again."""
        if self._max_event_history is not None or type(self.slots) is not dict:
            return super().copy()
        new = ConversationTracker.__new__(ConversationTracker)
        new.__dict__.update(self.__dict__)
        new._replay = None
        new.model_id = new.assistant_id = None  # as Rasa's copy: events of a copy are not marked
        new.sender_source = None
        new.slots = {name: _copied(slot) for name, slot in self.slots.items()}
        new.events = self.events[:]
        new._applied = self._applied[:]
        new._loops = set(self._loops)
        if self.active_loop is not None:
            new.active_loop = replace(self.active_loop)
        return new


def _copied(slot: Any) -> Any:
    new = object.__new__(type(slot))
    new.__dict__.update(slot.__dict__)
    return new


@dataclass(frozen=True)
class _SomeSlots:
    """As much of a tracker as the domain needs to tell the state of its slots."""

    slots: Dict[str, Any]


class _Replay:
    """Goes through the applied events once and remembers the states before the latest actions."""

    def __init__(self, tracker: DialogueStateTracker, domain: Domain) -> None:
        self.domain = domain
        self._tracker = tracker
        self._influencing = _SomeSlots({n: s for n, s in tracker.slots.items() if s.influence_conversation})
        self._slots = list(self._influencing.slots.values())  # the others are part of no state
        self._user: Optional[Tuple[Any, Any, Dict[str, Any]]] = None
        self._done = 0  # how many applied events the tracker has been through
        self._marks: Deque[_Mark] = deque(maxlen=_MARKS)
        self._slot_values: Optional[Tuple[Dict[str, Any], ...]] = None
        self._actions = 0  # how many of them were actions, forgotten marks included
        self._first = self._mark(0, None)

    def _mark(self, index: int, state: Optional[Dict[str, Any]]) -> _Mark:
        tracker = self._tracker
        if self._slot_values is None:
            self._slot_values = tuple(dict(slot.__dict__) for slot in self._slots)
        return _Mark(
            index,
            self._slot_values,
            tracker.latest_message,
            tracker.latest_bot_utterance,
            tracker.latest_action,
            None if tracker.active_loop is None else replace(tracker.active_loop),
            tracker.followup_action,
            tracker.is_paused(),
            state,
        )

    def forget_from(self, index: int) -> None:
        """The applied events changed from this position on: goes back to before it."""
        if index >= self._done:
            return
        dropped = 0
        while self._marks and self._marks[-1].index > index:
            self._marks.pop()
            dropped += 1
        if self._marks and index:
            mark = self._marks.pop()
            self._actions -= dropped + 1
        else:
            self._marks.clear()
            self._actions = 0
            mark = self._first
        tracker = self._tracker
        for slot, values in zip(self._slots, mark.slots):
            slot.__dict__.update(values)
        self._slot_values = mark.slots
        tracker.latest_message = mark.latest_message
        tracker.latest_bot_utterance = mark.latest_bot_utterance
        tracker.latest_action = mark.latest_action
        tracker.active_loop = None if mark.active_loop is None else replace(mark.active_loop)
        tracker.followup_action = mark.followup_action
        tracker._paused = mark.paused
        self._done = mark.index

    def up_to(self, applied: List[Event], count: int) -> List[Dict[str, Any]]:
        """Goes on to the end of `applied`; gives the last `count` states, the present one included."""
        tracker = self._tracker
        first = self._first_to_mark(applied, count + _SPARE)
        if first > self._done:
            self._marks.clear()  # marks have no gaps
        for index in range(self._done, len(applied)):
            event = applied[index]
            if isinstance(event, ActionExecuted):
                if index >= first:
                    self._marks.append(self._mark(index, self._active_state()))
                self._actions += 1
            else:
                self._slot_values = None if event.type_name in _SETS_SLOTS else self._slot_values
            event.apply_to(tracker)
        self._done = len(applied)
        wanted = min(count - 1, self._actions)
        if wanted > len(self._marks):  # stepped back further than is remembered
            self.forget_from(0)
            return self.up_to(applied, count)
        earlier = [mark.state or {} for mark in list(self._marks)[len(self._marks) - wanted :]] if wanted else []
        return [*earlier, self._active_state()]

    def _first_to_mark(self, applied: List[Event], count: int) -> int:
        """Where the last `count` actions begin: of a long conversation that was just read, nobody asks the others."""
        for index in range(len(applied) - 1, self._done - 1, -1):
            if isinstance(applied[index], ActionExecuted):
                count -= 1
                if count == 0:
                    return index
        return self._done

    def _active_state(self) -> Dict[str, Any]:
        """The domain's `get_active_state`; what a message adds to it is worked out once, and slots that influence
        nothing are not asked."""
        tracker, domain = self._tracker, self.domain
        state = {
            USER: self._user_state(),
            SLOTS: domain._get_slots_sub_state(self._influencing),
            PREVIOUS_ACTION: domain._get_prev_action_sub_state(tracker),
            ACTIVE_LOOP: domain._get_active_loop_sub_state(tracker),
        }
        return {kind: part for kind, part in state.items() if part}

    def _user_state(self) -> Dict[str, Any]:
        message = self._tracker.latest_message
        by_text = None if message is None else message.use_text_for_featurization
        if self._user is None or self._user[0] is not message or self._user[1] != by_text:
            self._user = (message, by_text, self.domain._get_user_sub_state(self._tracker))
        return self._user[2]


_SETS_SLOTS = frozenset({"slot", "reset_slots"})
_DECIDES = frozenset(  # events that may take others back, or not apply themselves
    kind.type_name for kind in (Restarted, SessionStarted, ActionReverted, UserUtteranceReverted, ActionExecuted)
)
