"""Neighbouring services over HTTP: portfolios, prices and risk models. Their contracts are in ``docs/upstream``."""

from tangency.adapters.upstream.neighbours import Neighbours

__all__ = ["Neighbours"]
