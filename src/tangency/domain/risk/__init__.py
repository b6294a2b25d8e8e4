"""How much a portfolio may lose: every measure is convex, and brings what proves a bound on it."""
