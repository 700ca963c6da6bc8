"""The operators' admin: home page, decisions, lists, search, page of a merchant; knows no book."""
