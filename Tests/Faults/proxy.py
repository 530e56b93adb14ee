"""A proxy between the server and PostgreSQL that breaks the connection in the ways a network does.

It reads the protocol of PostgreSQL (version 3, manual chapter 55), so that it knows where messages end and when COMMIT
has left. Its modes can be changed at any time, for connections that exist and for new ones.
"""

import asyncio
import random
import socket
import struct
import threading

# The codes of the packets that come before the start-up packet.
SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102


class Proxy:
    """Listens on 127.0.0.1 and connects to a Unix socket or to a host and a port."""

    def __init__(self, target, seed=1):
        self.target, self.random = target, random.Random(seed)
        # What is done to bytes, in both directions.
        self.swallows = False
        self.delay = (0, 0)  # seconds: mean, and how far it may be from it
        self.bytes_a_second = None
        self.slice = None
        # Of a connection's bytes from PostgreSQL, after how many it is reset; a function, called for each connection.
        self.reset_after = None
        # The part of COMMITs behind which the connection is cut.
        self.cut_commits = 0.0
        self.refuses = False
        self.links = set()
        self.accepted = self.cut = self.resets = 0
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._listening.wait(10)

    @property
    def url(self):
        return f"postgresql://connvo_server@127.0.0.1:{self.port}/connvo?sslmode=disable"

    def _serve(self):
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self._listening.set()
        self.loop.run_forever()

    def close(self):
        async def stop():
            self.server.close()
            # Connections that were accepted in this turn become tasks in the next.
            await asyncio.sleep(0.01)
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=5)
            self.loop.stop()

        self.loop.call_soon_threadsafe(lambda: self.loop.create_task(stop()))
        self._thread.join(10)

    def reset_all(self):
        """RST to both sides of every connection."""
        self.loop.call_soon_threadsafe(lambda: [link.reset() for link in list(self.links)])

    async def _accept(self, reader, writer):
        self.accepted += 1
        if self.refuses:
            abort(writer)
            return
        try:
            if isinstance(self.target, tuple):
                upstream = await asyncio.open_connection(*self.target)
            else:
                upstream = await asyncio.open_unix_connection(str(self.target))
        except OSError:
            abort(writer)
            return
        link = Link(self, (reader, writer), upstream)
        self.links.add(link)
        try:
            await link.run()
        except asyncio.CancelledError:
            pass
        finally:
            self.links.discard(link)


def abort(writer):
    """Closes with RST in place of FIN."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.family == socket.AF_INET:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy, client, upstream):
        self.proxy, self.client, self.upstream = proxy, client, upstream
        self.client[1].get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = proxy.reset_after() if proxy.reset_after else None
        self.is_mute = False
        self.commits = Commits()

    async def run(self):
        tasks = [asyncio.ensure_future(self._from_client()), asyncio.ensure_future(self._from_server())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # Bytes that are still under way reach the other side.
            await asyncio.wait(tasks, timeout=0.05)
        finally:
            for task in tasks:
                task.cancel()
            for _, writer in (self.client, self.upstream):
                writer.close()

    def reset(self):
        self.proxy.resets += 1
        for _, writer in (self.client, self.upstream):
            abort(writer)

    async def _from_client(self):
        reader, _ = self.client
        _, writer = self.upstream
        while data := await self._read(reader):
            if self.is_mute:
                continue
            has_commit = self.commits.read(data)
            if has_commit and self.proxy.random.random() < self.proxy.cut_commits:
                self.is_mute = True
                await self._write(writer, data)
                self.proxy.cut += 1
                abort(self.client[1])
                # PostgreSQL reads what it was sent, commits, and finds that the client is gone.
                await asyncio.sleep(0.5)
                return
            await self._write(writer, data)
        # A black hole swallows the end of a connection, too.
        while self.proxy.swallows:
            await asyncio.sleep(0.1)

    async def _from_server(self):
        reader, _ = self.upstream
        _, writer = self.client
        while data := await self._read(reader):
            if self.is_mute:
                continue
            if self.left is not None:
                if len(data) > self.left:
                    await self._write(writer, data[:self.left])
                    await asyncio.sleep(0.005)
                    self.reset()
                    return
                self.left -= len(data)
            await self._write(writer, data)

    async def _read(self, reader):
        try:
            return await reader.read(65536)
        except OSError:
            return b""

    async def _write(self, writer, data):
        proxy = self.proxy
        if proxy.swallows:
            return
        try:
            mean, deviation = proxy.delay
            if mean:
                await asyncio.sleep(proxy.random.uniform(mean - deviation, mean + deviation))
            size = proxy.slice or (1024 if proxy.bytes_a_second else len(data))
            for at in range(0, len(data), size):
                part = data[at:at + size]
                writer.write(part)
                await writer.drain()
                if proxy.bytes_a_second:
                    await asyncio.sleep(len(part) / proxy.bytes_a_second)
                elif proxy.slice:
                    await asyncio.sleep(0)
                if proxy.swallows:
                    return
        except OSError:
            pass


class Commits:
    """Finds COMMIT in what a client sends: as a simple query, or as a statement that is bound and executed."""

    def __init__(self):
        self.bytes, self.has_started, self.names = b"", False, set()

    def read(self, data):
        """Whether a COMMIT was executed in what has come, and all up to its Sync has come, too."""
        self.bytes += data
        found = False
        while True:
            if not self.has_started:
                if len(self.bytes) < 8:
                    return found
                length, code = struct.unpack_from("!II", self.bytes)
                if len(self.bytes) < length:
                    return found
                self.bytes = self.bytes[length:]
                self.has_started = code not in (SSL_REQUEST, GSS_REQUEST)
                continue
            if len(self.bytes) < 5:
                return found
            kind, (length,) = self.bytes[:1], struct.unpack_from("!I", self.bytes, 1)
            if len(self.bytes) < length + 1:
                return found
            body, self.bytes = self.bytes[5:length + 1], self.bytes[length + 1:]
            found |= self._is_commit(kind, body)

    def _is_commit(self, kind, body):
        if kind == b"Q":
            return body.lstrip().upper().startswith(b"COMMIT")
        if kind == b"P":
            name, text = body.split(b"\0")[:2]
            (self.names.add if text.lstrip().upper().startswith(b"COMMIT") else self.names.discard)(name)
        return kind == b"B" and body.split(b"\0")[1] in self.names
