"""The database behind SQLAlchemy: SQLite where nothing is said, PostgreSQL where an operator says so."""

from tangency.adapters.sql.store import Store

__all__ = ["Store"]
