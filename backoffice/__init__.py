"""The operators' admin: home page, decisions, lists, search, page of a merchant. It does not know
the books: each package registers what it shows.
"""
