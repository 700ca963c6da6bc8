"""Code that every package may use: money, days, texts, lists, locks. It has no models and knows
neither of the books.
"""
