"""Changes to Rasa's own code, one module per change; tests/rasa_patches/ fails when Rasa's original changes.

`install()` makes Rasa import only what it uses, `apply()` makes its way of a message short; `python -m rasa_patches
<rasa's arguments>` starts Rasa that way.
"""

from __future__ import annotations


def install() -> None:
    """To be called before Rasa is imported: heavy modules wait, and each change is made when its module comes in."""
    from rasa_patches import files, heavy, recipe
    from rasa_patches.deferred import defer

    defer(
        heavy.HEAVY,
        heavy.ANSWERS,
        heavy.HIDDEN,
        after={
            "rasa.engine.recipes.default_recipe": recipe.apply,
            "rasa.graph_components.providers.domain_provider": files.apply_to_domain_provider,
            "rasa.shared.utils.common": recipe.apply_to_look_ups,
            "rasa.shared.utils.io": files.apply_to_reading,
        },
    )


def apply() -> None:
    """To be called once Rasa is imported, before it loads a model: the changes to the way of a message."""
    from answering.action_results import check_schema_once
    from rasa_patches import actions, copies, events, new_trackers, processor, remote_action, runner

    check_schema_once()
    for change in (actions, copies, events, new_trackers, processor, remote_action, runner):
        change.apply()
