"""The operators' view of how the marketplace's systems speak to us."""

from gateway.admin import keys, received, replays
from gateway.imports import admin as imports
from gateway.onboarding import admin as onboarding
from gateway.webhooks import admin as webhooks

__all__ = ["imports", "keys", "onboarding", "received", "replays", "webhooks"]
