"""Built-in methods and estimators. Nothing imports them: they come in by entry point, as a stranger's do."""
