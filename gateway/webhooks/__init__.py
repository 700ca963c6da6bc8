"""Telling the marketplace's other systems what happened, as the Standard Webhooks specification says."""
