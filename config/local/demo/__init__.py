"""Four demonstration shops with a season of made-up trade, and what their people did meanwhile.

    shops    the four, and the prices they are charged
    season   their trade, as a file of events
    actions  what merchants and operators do by hand, through the operations that pages call
    prices, meili, huaxin, siam_silk, lakeside    chapters: who did what when
    people   who can sign in
    loading  applies all of it, in the order of time

A dress shop whose limit grew from 5,000 to 20,000, an electronics shop at 100,000 that was frozen
once, a shop in Bangkok on an annual plan, and a shop in Chicago that keeps reaching its threshold.
The same numbers come out for the same day: random numbers are drawn from a fixed seed.
"""
