"""Parts of the method ``multi_objective``."""
