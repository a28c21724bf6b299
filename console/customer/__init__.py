"""The customer's pages: find an order and ask for something (`asking`), follow one case by its link (`following`).

They are pages of the console's app with words, policy and forms of the same kind, for people without an account: every
one of them is in `access.OPEN`, and what opens it is a proof or a link, which the page itself asks for.
"""
