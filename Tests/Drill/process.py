"""Faults of the process and of what is around it."""

import os
import threading

from drill import Drill


class LogRingFull(Drill):
    """What reads the log stands still. Refused calls fill the ring: each of them has a line."""

    name = "log-ring-full"
    alerts = ("ConnvoLogLinesDropped",)
    rate = 200

    def requests(self):
        return self.kit.refused_requests

    def set_up(self):
        super().set_up()
        self.reading_end, self.writing_end = os.pipe()
        self.is_reading, self.is_over = threading.Event(), False
        self.is_reading.set()
        self.reader = threading.Thread(target=self.read, name="log reader")
        self.reader.start()

    def make_server(self, name):
        server = super().make_server(name)
        server.standard_error = self.writing_end
        return server

    def read(self):
        """Until the server has ended and this process has closed its own end."""
        while self.is_reading.wait() and not self.is_over and os.read(self.reading_end, 65536):
            pass

    def begin(self):
        self.is_reading.clear()

    def end(self):
        self.is_reading.set()

    def tear_down(self):
        if hasattr(self, "reader"):
            self.is_over = True
            self.is_reading.set()
            os.close(self.writing_end)
            self.reader.join(30)
            os.close(self.reading_end)


class ServerKilled(Drill):
    """The only server is killed, and started again."""

    name = "server-killed"
    alerts = ("ConnvoServerDown",)
    follow = ("ConnvoAvailabilityBurnFast",)

    def begin(self):
        self.server.end()

    def end(self):
        self.server.start()


DRILLS = [LogRingFull, ServerKilled]
