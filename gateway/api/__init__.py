"""The API by which the marketplace's systems speak to us live (docs/api.md).

What another system tells becomes an event, whichever route it takes, and goes through
`gateway.intake`. `service.api` has the routes; `headers.Answers` sees to it that every answer of
every layer is one that such a system can read.
"""
