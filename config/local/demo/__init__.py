"""Four demonstration shops with a season of made-up trade, and what their people did meanwhile.

    shops    the four, and the people who can sign in
    season   their trade, told as events like any other
    actions  what merchants and our own people do by hand, through the operations that pages call
    prices, meili, huaxin, siam_silk, lakeside    the chapters: who did what when
    loading  all of it, in the order of time

A dress shop whose limit grew from 5,000 to 20,000, an electronics shop at 100,000 with a freeze
behind it, a shop in Bangkok on an annual plan, and a shop in Chicago that keeps reaching its
threshold. The same numbers come out for the same day: the shops' luck is drawn from a fixed seed.
"""
