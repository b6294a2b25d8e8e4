"""Use cases: commands and queries with their handlers, the unit of work."""
