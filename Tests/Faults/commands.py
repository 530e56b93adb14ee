"""F38: commands that run at once, and commands that are killed half-way."""

import os
import signal
import time

import clients
import processes
from cluster import USERS
from edge import together
from load import caller
from processes import ROOT, run as execute
from scenario import fault


@fault("F38", "one caller 100 times at once; four migrators at once; migrate and seed killed half-way", quick=True)
def at_once(run):
    run.statuses.add("429")
    # Two of each caller: otherwise a fast machine uses up the quota while it warms up.
    run.warm_up_requests = 2 * USERS
    run.serve(TOKENS_PER_MINUTE=10)
    bearer = clients.bearers(run.folder)[7]
    of_caller = f"SELECT count(*) FROM connvo.issued_tokens WHERE user_id = '{caller(7)[0]}'"
    before = int(run.cluster.query(of_caller))
    statuses = together(100, lambda _: clients.exchange(run.server.port, clients.request(7, bearer))[0])
    after = int(run.cluster.query(of_caller))
    run.at_most("tokens of one caller, of 100 requests at once and a quota of 10", after, 10)
    run.unseen = statuses.count(200)
    issued = statuses.count(200)
    run.must("as many records as tokens", after - before == issued, f"{after - before}, {issued}")
    run.must("200 and 429 only", set(statuses) <= {200, 429}, str(set(statuses)))

    cluster = run.cluster
    log = open(run.folder / "commands.log", "ab")
    migrate = {"cwd": run.folder, "stdout": log, "stderr": log}

    def environment(database):
        return {"PATH": os.environ["PATH"], "DATABASE_URL": cluster.url("postgres").replace("/connvo?", f"/{database}?")}

    cluster.query("CREATE DATABASE four", "postgres")
    started = [
        processes.start(run.binary, "migrate", "up", env=environment("four"), **migrate) for _ in range(4)]
    codes = [process.wait(120) for process in started]
    run.must("four migrators at once all succeed", codes == [0] * 4, str(codes))

    killed = 0
    for number in range(6):
        name = f"half{number}"
        cluster.query(f"CREATE DATABASE {name}", "postgres")
        for command in (["migrate", "up"], ["seed", ROOT / "sql/seed/demo.json"]):
            process = processes.start(run.binary, *command, env=environment(name), **migrate)
            time.sleep(run.random.random() * (0.4 if command[0] == "migrate" else 0.05))
            killed += process.poll() is None
            processes.end(process, signal.SIGKILL)
            execute(run.binary, *map(str, command), env=environment(name), cwd=run.folder)
    run.at_least("commands killed half-way", killed, 3)
    digest = "SELECT count(*) FROM connvo.meetings"
    counts = {cluster.query(digest, f"half{number}") for number in range(6)}
    run.must("each is complete after it runs again", len(counts) == 1 and counts != {"0"}, str(counts))
