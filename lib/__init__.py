"""What every package stands on: money, days, texts, lists and locks, with no models and no
knowledge of a book.
"""
