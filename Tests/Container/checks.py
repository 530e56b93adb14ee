"""Counts checks of the image and of its services, and prints each that fails."""


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def __call__(self, truth, what):
        if truth:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}", flush=True)
