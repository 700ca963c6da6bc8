"""The operators' view of how the marketplace's systems speak to us."""

from gateway.admin import keys, received, replays

__all__ = ["keys", "received", "replays"]
