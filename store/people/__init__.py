"""Staff, duty, and what people are told."""
