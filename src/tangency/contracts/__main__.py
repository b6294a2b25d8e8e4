"""``python -m tangency.contracts NAME``: try every law on an installed method; exit code 1 where one is broken."""

from __future__ import annotations

import sys

from tangency.contracts.report import check


def main(arguments: list[str]) -> int:
    """Print the report of each method named, and say whether all of them pass."""
    reports = [check(name) for name in arguments]
    sys.stdout.writelines(f"{report.text}\n" for report in reports)
    return 0 if reports and all(report.passed for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
