"""Returns explained by the returns of factors."""
