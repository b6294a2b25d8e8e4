"""Rebalancing over the wire: what is asked, and what comes of it."""
