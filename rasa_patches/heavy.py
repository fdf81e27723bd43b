"""Which modules wait until they are used: what Rasa imports for pipelines, stores and channels that are not ours."""

from __future__ import annotations

from rasa_patches.files import resource_filename

HEAVY = (
    # TensorFlow, and all of Rasa that is built on it
    "tensorflow",
    "tensorflow_hub",
    "tensorflow_text",
    "tensorflow_addons",
    "rasa.nlu.classifiers.diet_classifier",
    "rasa.nlu.selectors.response_selector",
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer",
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer",
    "rasa.core.policies.ted_policy",
    "rasa.core.policies.unexpected_intent_policy",
    "rasa.utils.train_utils",
    # measuring and drawing
    "rasa.core.test",
    "rasa.nlu.test",
    "rasa.utils.plotting",
    "matplotlib",
    "sklearn",
    # stores and brokers of other kinds
    "boto3",
    "botocore",
    "pymongo",
    "aio_pika",
    "aiormq",
    "rasa.core.brokers.pika",
    "rasa.core.brokers.kafka",
    "rasa.core.brokers.sql",
    "redis",
    "sentry_sdk",
    # channels of other kinds
    "rasa.core.channels.botframework",
    "rasa.core.channels.callback",
    "rasa.core.channels.facebook",
    "rasa.core.channels.hangouts",
    "rasa.core.channels.mattermost",
    "rasa.core.channels.rocketchat",
    "rasa.core.channels.slack",
    "rasa.core.channels.socketio",
    "rasa.core.channels.telegram",
    "rasa.core.channels.twilio",
    "rasa.core.channels.twilio_voice",
    "rasa.core.channels.webexteams",
    # what the terminal shows in colour or asks with a menu
    "rich",
    "questionary",
    "prompt_toolkit",
    # jobs: apscheduler looks itself up among all installed packages
    "apscheduler",
    "randomname",
    # ours: only for the chain's pages and pictures
    "networkx",
    "jinja2",
    "dask",
    "scipy",
    "jwt",
    "sanic_jwt",
    "pkg_resources",
)

# Rasa asks every channel that it knows for its name, to find the one of credentials.yml, and asks pkg_resources, which
# looks at all installed packages first, where its own files are.
ANSWERS = {
    "pkg_resources.resource_filename": resource_filename,
    "rasa.core.channels.botframework.BotFrameworkInput.name": "botframework",
    "rasa.core.channels.callback.CallbackInput.name": "callback",
    "rasa.core.channels.facebook.FacebookInput.name": "facebook",
    "rasa.core.channels.hangouts.HangoutsInput.name": "hangouts",
    "rasa.core.channels.mattermost.MattermostInput.name": "mattermost",
    "rasa.core.channels.rocketchat.RocketChatInput.name": "rocketchat",
    "rasa.core.channels.slack.SlackInput.name": "slack",
    "rasa.core.channels.socketio.SocketIOInput.name": "socketio",
    "rasa.core.channels.telegram.TelegramInput.name": "telegram",
    "rasa.core.channels.twilio.TwilioInput.name": "twilio",
    "rasa.core.channels.twilio_voice.TwilioVoiceInput.name": "twilio_voice",
    "rasa.core.channels.webexteams.WebexTeamsInput.name": "webexteams",
}

# spaCy's numeric library imports every other one that is installed, to see whether it can share arrays with it;
# portalocker knows a lock that Rasa does not use.
HIDDEN = {"thinc.compat": ("tensorflow",), "portalocker.redis": ("redis",)}
