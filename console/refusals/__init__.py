"""Refusals in people's language: `sources` finds the sentences in the code, `telling` says one in another language."""
