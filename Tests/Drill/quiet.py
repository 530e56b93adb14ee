"""Load without a fault: no alert."""

import time

from drill import Drill

# Between two scrapes, in seconds: that of deploy/prometheus/prometheus.yml.
SCRAPE_INTERVAL = 15


class Quiet(Drill):
    """Ten minutes of load; `--quiet-minutes` says how many."""

    name = "quiet"
    rate = 200

    def start_load(self):
        self.seconds = self.kit.quiet_minutes * 60
        self.load = self.make_load(self.server.port, self.seconds)

    def course(self):
        began = time.monotonic()
        self.watch(self.seconds, lambda firing: False)
        self.load.finish(stop=False)
        result = self.load.summary
        self.expect_no_others()
        if result["tokens"] != result["sent"]:
            self.faults.append(f"not every request got a token: {result['statuses']}, {result['failures']}")
        scrapes = self.prometheus.value('count_over_time(up{job="connvo-server"}[1d])') or 0
        if scrapes < (time.monotonic() - began) / SCRAPE_INTERVAL - 2:
            self.faults.append(f"Prometheus scraped {scrapes:.0f} times only")
        return (
            f"{len(self.fired)} alerts (0) in {self.seconds / 60:g} minutes: {result['tokens']} tokens, "
            f"p99 {result['latency_ms']['p99']:.1f} ms, {scrapes:.0f} scrapes"
        )


DRILLS = [Quiet]
