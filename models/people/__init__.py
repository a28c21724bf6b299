"""Who works for the shop, when, and how people are told."""
