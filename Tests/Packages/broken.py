"""Faults that are built into the package, each with the check that must notice it."""

CHANGES = []
EXPECTED = []


def judge(check) -> int:
    """Whether exactly the expected checks have failed."""
    return 0
