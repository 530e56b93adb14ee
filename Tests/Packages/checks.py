"""What was checked: counts, and a line for each fault."""

import time


class Checks:
    def __init__(self):
        self.passed, self.failed = 0, []

    def __call__(self, description, condition, detail=""):
        if condition:
            self.passed += 1
        else:
            self.failed.append(description)
            print(f"not ok - {description}\n    " + str(detail).strip()[-2000:].replace("\n", "\n    "), flush=True)
        return bool(condition)


check = Checks()


def eventually(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
    return condition()


def say(text):
    print(f"packages: {text}", flush=True)


def finish() -> int:
    """Prints the sums; the exit code."""
    print(f"{check.passed} passed, {len(check.failed)} failed")
    return 1 if check.failed else 0
