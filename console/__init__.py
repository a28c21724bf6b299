"""The console: what staff look at all day: pages, templates, and what browsers load. It talks to `api.desk` only."""
