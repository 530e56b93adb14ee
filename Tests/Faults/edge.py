"""F22 to F27, F31: clients that are slow, huge, gone or hostile."""

import base64
import hashlib
import hmac
import json
import threading
import time

import clients
import processes
from database import tokens_within
from scenario import fault

# A head and a body have five seconds each (docs/resilience.md); the server looks every half second.
SLOW = 5.75


def together(count, work):
    """Runs `work(number)` in threads, and returns their results in order."""
    results = [None] * count

    def one(number):
        results[number] = work(number)

    threads = [threading.Thread(target=one, args=[number], daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def quick_tokens(load, began, ended, seconds=0.25):
    """Share of the requests of this time that got a token quickly, in percent."""
    due = [request for request in load.requests if began <= request.due < ended]
    return 100 * sum(r.is_token and r.seconds_from_due <= seconds for r in due) / max(1, len(due))


@fault("F22", "2,000 connections whose heads do not end (slowhttptest)")
def slow_heads(run):
    run.serve()
    load = run.load(rate=300, connections=32)
    time.sleep(1)
    run.began()
    began = time.monotonic()
    log = open(run.folder / "slowhttptest.log", "w")
    attack = processes.start(
        "nice", "-n", "15", "slowhttptest", "-H", "-c", 2000, "-r", 1000, "-i", 1, "-x", 24, "-l", 10, "-p", 5, "-v", 0,
        "-u", f"http://127.0.0.1:{run.server.port}/api/action", stdout=log, stderr=log)
    time.sleep(1)
    with clients.connect(run.server.port) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ")
        run.at_most("half a head: closed after", clients.seconds_until_closed(connection, 12, b"a", 0.1), SLOW, "s")
    attack.wait(60)
    ended = time.monotonic()
    run.over()
    time.sleep(3)
    load.finish()
    run.at_least("tokens within 250 ms meanwhile", quick_tokens(load, began, ended), 99, "%")


@fault("F23", "200 bodies that come byte by byte, on both listeners", quick=True)
def dripping_bodies(run):
    run.serve()
    load = run.load(rate=300, connections=32)
    time.sleep(1)
    run.began()
    began = time.monotonic()

    def drip(number):
        port = run.server.admin_port if number % 20 == 0 else run.server.port
        with clients.connect(port) as connection:
            head = clients.request(0, None, body=b"{")[:-1]
            connection.sendall(head.replace(b"Content-Length: 1", b"Content-Length: 2000"))
            return clients.seconds_until_closed(connection, 12, b" ", 0.25)

    lasted = together(200, drip)
    ended = time.monotonic()
    run.over()
    time.sleep(3)
    load.finish()
    run.at_most("last one closed after", max(lasted), SLOW, "s")
    run.at_least("tokens within 250 ms meanwhile", quick_tokens(load, began, ended), 99, "%")


@fault("F24", "five connections that pipeline unsigned POSTs and never read")
def unread_answers(run):
    run.serve()
    load = run.load(rate=300, connections=32)
    time.sleep(1)
    run.began()
    began = time.monotonic()
    rest, most, stopped = run.server.memory_mb(), [0.0], threading.Event()

    def watch():
        while not stopped.wait(0.02):
            most[0] = max(most[0], run.server.memory_mb())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()

    def pipeline(number):
        """Connects again when the server closes; how long the server left it without reading, at most."""
        data, longest = clients.request(0, None, *([] if number % 2 else ["X: y"]), body=b"{}") * 20, 0
        ended = time.monotonic() + 12
        while time.monotonic() < ended:
            with clients.connect(run.server.port) as connection:
                connection.settimeout(0.2)
                since = time.monotonic()
                while time.monotonic() - since < 15:
                    try:
                        connection.send(data)
                        since = time.monotonic()
                    except TimeoutError:
                        pass
                    except OSError:
                        break
                longest = max(longest, time.monotonic() - since)
        return longest

    lasted = together(5, pipeline)
    ended = time.monotonic()
    stopped.set()
    watcher.join()
    run.over()
    time.sleep(3)
    load.finish()
    run.at_most("closed after no more could be written", max(lasted), 12, "s")
    run.at_most("more memory than at rest", most[0] - rest, 16, "MB")
    run.at_least("tokens within 250 ms meanwhile", quick_tokens(load, began, ended), 99, "%")


@fault("F24b", "the admin listener: nothing sent, half a head, a head byte by byte", quick=True)
def slow_administrators(run):
    run.serve()
    load = run.load(rate=300, connections=32)
    time.sleep(1)
    run.began()
    head = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: "
    cases = {"nothing sent": (b"", b""), "half a head": (head, b""), "byte by byte": (head, b"a")}

    def wait(number):
        begin, drip = list(cases.values())[number % 3]
        with clients.connect(run.server.admin_port) as connection:
            connection.sendall(begin)
            return clients.seconds_until_closed(connection, 12, drip, 0.25)

    lasted = together(60, wait)
    run.over()
    time.sleep(3)
    load.finish()
    for number, name in enumerate(cases):
        run.at_most(f"{name}: closed after", max(lasted[number::3]), 6, "s")


@fault("F25", "huge and endless: bodies, heads, nesting, members, Expect", quick=True)
def huge(run):
    run.serve()
    load = run.load(rate=300, connections=32)
    time.sleep(1)
    run.began()
    server, bearer = run.server, clients.bearers(run.folder)[0]
    rest = server.memory_mb()
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    start = clients.request(0, bearer, body=b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    cases = {
        "10 GB in chunks": (start + chunk * 16, {413}),
        "a body of 10 GB announced": (
            clients.request(0, bearer, body=b"{}").replace(b"th: 2", b"th: 10737418240"), {413}),
        "a head of 1 MB": (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000, {431}),
        "1,000 fields": (b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 1000 + b"\r\n", {431}),
        "100,000 levels": (clients.request(0, bearer, body=b'{"args":' + b"[" * 100_000), {413}),
        "8,000 levels": (clients.request(0, bearer, body=b'{"args":' + b"[" * 8_000), {400}),
        "1,000,000 members": (clients.request(0, bearer, body=b"{" + b'"a":1,' * 1_000_000 + b'"b":1}'), {413}),
        "Expect, and 10 GB": (
            clients.request(0, bearer, "Expect: 100-continue", body=b"").replace(b"th: 0", b"th: 10737418240"), {413}),
    }
    wrong, left_open, slowest = [], [], 0
    for name, (data, statuses) in cases.items():
        best = float("inf")
        # The fastest of three: this machine may be busy.
        for _ in range(3):
            began = time.monotonic()
            status, _, _, closes = clients.exchange(server.port, data)
            best = min(best, (time.monotonic() - began) * 1000)
        slowest = max(slowest, best)
        if status not in statuses:
            wrong.append(f"{name}: {status}")
        # A body that was read whole leaves the connection usable.
        if not closes and statuses != {400}:
            left_open.append(name)
    run.none_of(f"of {len(cases)} not 413, 431 or 400", len(wrong), ", ".join(wrong))
    run.none_of("connections left open", len(left_open), ", ".join(left_open))
    run.at_most("slowest answer", slowest, 100, "ms")
    run.over()
    time.sleep(3)
    load.finish()
    # What was sent is 14 MB, and up to 10 GB was announced; the load beside it has pages of its own.
    run.at_most("more memory", server.memory_mb() - rest, 2, "MB")


@fault("F26", "64 descriptors, 1,100 silent connections, and the database restarts meanwhile")
def no_descriptors(run):
    run.make_cluster()
    server = run.make_server(prefix=["prlimit", "--nofile=64:64"])
    server.start()
    run.probe()
    load = run.load(rate=50, connections=4)
    time.sleep(1)
    silent = []
    began, cpu = time.monotonic(), server.cpu_seconds()
    for _ in range(1100):
        try:
            connection = clients.connect(server.port, 0.5)
            silent.append(connection)
        except OSError:
            break
    run.began()
    run.cluster.restart("fast")
    time.sleep(8)
    ended = time.monotonic()
    share = 100 * (server.cpu_seconds() - cpu) / (ended - began)
    alive = server.is_alive()
    for connection in silent:
        connection.close()
    run.over()
    time.sleep(4)
    load.finish()
    run.must("/livez answers meanwhile", alive)
    run.at_most("processor", share, 20, "%")
    run.note("silent connections", len(silent))
    run.note("lines about it", sum("descriptor" in str(line) or "connections" in str(line) for line in server.lines()))
    # Each of the honest client's four connections may be the longest idle one, and closed, as its request is on its way.
    run.may_be_silent = 4


@fault("F27", "clients vanish: a reset at a random point of every fifth request", quick=True)
def vanishing_clients(run):
    run.serve()
    bearer = clients.bearers(run.folder)
    load = run.load(rate=200, connections=24)
    time.sleep(1)
    run.began()
    ended, cut = time.monotonic() + 8, [0] * 8

    def vanish(number):
        while time.monotonic() < ended:
            line = run.random.randrange(len(bearer))
            data = clients.request(line, bearer[line])
            at = run.random.choice([run.random.randrange(1, len(data)), len(data)])
            try:
                connection = clients.connect(run.server.port)
                connection.sendall(data[:at])
                time.sleep(run.random.random() * 0.01)
                clients.reset(connection)
            except OSError:
                continue
            cut[number] += 1
            time.sleep(0.1)

    together(8, vanish)
    run.over()
    time.sleep(3)
    load.finish()
    run.unseen += sum(cut)
    run.at_least("clients gone", sum(cut), 100)
    run.at_least("tokens of the others", tokens_within(load, 0, float("inf")), 99.9, "%")


def encode(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@fault("F31", "hostile tokens; the key set rotated, broken, gone, of 50 MB", quick=True)
def hostile_tokens(run):
    run.serve()
    server, good = run.server, clients.bearers(run.folder)[0]
    head, payload, signature = good.split(".")
    fields, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, payload))
    jwks = (run.folder / "jwks.json").read_text()

    def signed_with_public_key(header):
        text = f"{encode({**fields, **header})}.{payload}"
        return f"{text}.{encode(hmac.digest(jwks.encode(), text.encode(), hashlib.sha256))}"

    tokens = {
        "alg none": f"{encode({**fields, 'alg': 'none'})}.{payload}.",
        "alg none, signature kept": f"{encode({**fields, 'alg': 'none'})}.{payload}.{signature}",
        "HS256 with the public key": signed_with_public_key({"alg": "HS256"}),
        "crit": f"{encode({**fields, 'crit': ['x'], 'x': 1})}.{payload}.{signature}",
        "kid is a path": f"{encode({**fields, 'kid': '../../../../dev/null'})}.{payload}.{signature}",
        "kid is SQL": f"{encode({**fields, 'kid': chr(39) + ' OR 1=1--'})}.{payload}.{signature}",
        "jku": f"{encode({**fields, 'jku': 'http://127.0.0.1:1/'})}.{payload}.{signature}",
        "other claims": f"{head}.{encode({**claims, 'sub': 'user_of_another'})}.{signature}",
        "expiry moved": f"{head}.{encode({**claims, 'exp': claims['exp'] + 9999})}.{signature}",
        "issued in the future": f"{head}.{encode({**claims, 'iat': claims['iat'] + 99999})}.{signature}",
        "no signature": f"{head}.{payload}", "two parts more": good + ".a.b", "empty": ".", "12 KB": "a" * 12_000,
        "the last character changed": good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1],
    }
    batches = server.metric("connvo_batch_duration_seconds_count")
    wrong = []
    for name, token in tokens.items():
        for _ in range(5):
            status, answer, _, _ = clients.exchange(server.port, clients.request(0, token))
            if status != 401 or "www-authenticate" not in answer.lower():
                wrong.append(f"{name}: {status}")
    run.none_of("not 401 with WWW-Authenticate", len(wrong), ", ".join(sorted(set(wrong))))
    run.none_of("transactions for them", int(server.metric("connvo_batch_duration_seconds_count") - batches))
    status, _, _, _ = clients.exchange(server.port, clients.request(0, "a" * 1_000_000))
    run.must("a token of 1 MB: 431", status == 431, str(status))

    # The key set breaks in several ways; the last good keys stay.
    load = run.load(rate=200, connections=16)
    time.sleep(0.5)
    run.began()
    reads = server.metric("connvo_key_set_reads_total")
    path = run.folder / "jwks.json"
    path.unlink()  # a link: the other scenarios keep theirs
    unknown = f"{encode({**fields, 'kid': 'a_key_that_is_not_there'})}.{payload}.{signature}"
    began = time.monotonic()
    for text in (None, "", "{", '{"keys":[]}', "[" * 1_000_000, '{"keys":[' + " " * 50_000_000 + "]}", jwks):
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(text)
        for _ in range(20):
            clients.exchange(server.port, clients.request(0, unknown))
        time.sleep(0.5)
    ended = time.monotonic()
    run.over()
    time.sleep(3)
    load.finish()
    run.at_least("tokens meanwhile", tokens_within(load, began, ended), 99.9, "%")
    # A file is read every two seconds, whatever tokens name.
    reads = server.metric("connvo_key_set_reads_total") - reads
    run.at_most("reads of the key set", reads, 1 + (time.monotonic() - began) / 2)
