"""A measured value, its bound, and whether it holds."""

from dataclasses import dataclass


@dataclass
class Measurement:
    name: str
    value: float
    limit: float
    is_least: bool = False
    unit: str = ""
    detail: str = ""
    # Stands in the line and in docs/resilience.md also when it holds.
    is_main: bool = True
    # Something that holds or does not: the value is 0 or 1.
    is_fact: bool = False

    @property
    def holds(self):
        return self.value >= self.limit if self.is_least else self.value <= self.limit

    @property
    def bound(self):
        if self.is_fact:
            return "yes"
        return f"{'≥' if self.is_least else '≤'} {number(self.limit)}{self._unit}"

    @property
    def measured(self):
        if self.is_fact:
            return "yes" if self.value else "no"
        return f"{number(self.value)}{self._unit}"

    @property
    def _unit(self):
        return f" {self.unit}" if self.unit else ""

    def __str__(self):
        detail = f" ({self.detail})" if self.detail and not self.holds else ""
        if self.is_fact:
            return f"{self.name}: {self.measured}{detail}"
        return f"{self.name} {self.measured} ({self.bound}){detail}"


def number(value):
    if value == float("inf"):
        return "never"
    if isinstance(value, int) or float(value).is_integer() and abs(value) >= 10:
        return f"{int(value):,}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.1f}"


def at_most(name, value, limit, unit="", detail="", is_main=False):
    return Measurement(name, value, limit, False, unit, detail, is_main)


def at_least(name, value, limit, unit="", detail="", is_main=False):
    return Measurement(name, value, limit, True, unit, detail, is_main)


def none_of(name, count, detail="", is_main=False):
    return Measurement(name, count, 0, False, "", detail, is_main)


def fact(name, holds, detail=""):
    return Measurement(name, int(bool(holds)), 1, True, "", detail, True, True)
