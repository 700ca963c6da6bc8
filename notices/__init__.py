"""Notices to a merchant's people: the rows, their e-mails, and who wants which."""
