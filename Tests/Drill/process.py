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

    def settings(self):
        # The suite learns the port from the log, which goes elsewhere here.
        return {"HTTP_PORT": self.kit.free_port()}

    def make_server(self, name):
        server = super().make_server(name)
        self.reading_end, server.standard_error = os.pipe()
        self.is_reading = threading.Event()
        self.is_reading.set()
        reader = threading.Thread(target=self.read, name="log reader")
        reader.start()

        def end():
            # The pipe ends with the server, whose own end was the last one.
            os.close(server.standard_error)
            self.is_reading.set()
            server.stop()
            reader.join()
            os.close(self.reading_end)

        self.stack.callback(end)
        return server

    def read(self):
        while self.is_reading.wait() and os.read(self.reading_end, 65536):
            pass

    def begin(self):
        self.is_reading.clear()

    def end(self):
        self.is_reading.set()


class ServerKilled(Drill):
    """The only server is killed, and started again."""

    name = "server-killed"
    alerts = ("ConnvoServerDown",)
    follow = ("ConnvoAvailabilityBurnFast",)

    def settings(self):
        # The load goes on to the same port.
        return {"HTTP_PORT": self.kit.free_port()}

    def begin(self):
        self.server.stop()

    def end(self):
        self.server.start()


DRILLS = [LogRingFull, ServerKilled]
