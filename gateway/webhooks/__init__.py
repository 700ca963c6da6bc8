"""Telling the marketplace's other systems what happened, by the Standard Webhooks specification."""
