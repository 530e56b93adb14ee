"""Faults of what callers need: keys and certificates."""

from drill import Drill


class KeySetStale(Drill):
    """The file of the key set is replaced by one that holds none."""

    name = "key-set-stale"
    alerts = ("ConnvoKeySetStale",)

    def replace(self, text):
        """Under another name, and moved into place, as the manual says."""
        new = self.jwks.with_suffix(".new")
        new.write_text(text)
        new.rename(self.jwks)

    def begin(self):
        self.replace("this is no key set")

    def end(self):
        self.replace(self.kit.jwks.read_text())


DRILLS = [KeySetStale]
