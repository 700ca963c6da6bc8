"""Telling a merchant's people what happened: rows, e-mails, and who wants which."""
