"""Rebalancing: a plan of trades toward a target, kept until somebody decides on it."""
