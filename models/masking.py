"""What is personal, so that it can be recognised and not used."""


def masked(text: str) -> str:
    """A text with all but its end hidden: enough to recognise, not enough to use."""
    shown = 4 if len(text) >= 8 else 1 if len(text) > 1 else 0
    return "•" * min(8, max(1, len(text) - shown)) + (text[-shown:] if shown else "")
