"""How many examples a law is tried on."""

from hypothesis import settings

THOROUGH = 50
"""Examples of a test that says nothing of its own, in the run that must pass before a change lands."""


def share_of(examples: int) -> int:
    """All of them in that run; half of them, one at least, where somebody waits for the end."""
    return examples if settings().max_examples >= THOROUGH else -(-examples // 2)
