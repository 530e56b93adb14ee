"""Counts checks of files, and prints each fault with the file that it is in."""


class Checks:
    def __init__(self, root):
        self.root = root
        self.count = 0
        self.faults = 0

    def __call__(self, truth, where, what):
        self.count += 1
        if not truth:
            self.faults += 1
            print(f"{where.relative_to(self.root)}: {what}")
