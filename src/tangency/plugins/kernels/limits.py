"""The limits that a request can set on any portfolio."""

EVERY_LIMIT = frozenset(
    {
        "budget",
        "long_only",
        "min_weight",
        "max_weight",
        "sector_limits",
        "turnover_limit",
        "leverage_limit",
        "target_return",
        "target_volatility",
    }
)
"""Their kinds, for methods that honour all of them."""
