#!/usr/bin/env python3
"""Plays scripts on a PostgreSQL server and compares what comes with what they say; --write makes them say it.

    PGHOST=/tmp PGPORT=5432 tests/scripts/postgresql.py [--write] tests/scripts

The server must let PGUSER (default: postgres) in without a password, as a superuser. The schema public of PGDATABASE
(default: postgres) is dropped before each script. A script with a bug, with a level that PostgreSQL does not have, or
with a crash is not for a server, and is skipped. A statement counts as waiting once the server says so and its
deadlock check is over, as in PostgreSQL's own isolation tester.
"""

import os
import re
import select
import socket
import struct
import sys
import time

INDENT = "    "
WIDTH_MAX = 100
CHANGES = {"INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "COPY"}
WAIT_S_MAX = 30
LEVELS = {"read-committed": "read committed", "repeatable-read": "repeatable read", "serializable": "serializable"}


class Session:
    """A connection that speaks PostgreSQL's protocol (its manual, chapter 55), as far as scripts need it."""

    def __init__(self, level="read committed"):
        host, port = os.environ.get("PGHOST", "/tmp"), int(os.environ.get("PGPORT", "5432"))
        if host.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(f"{host}/.s.PGSQL.{port}")
        else:
            self.socket = socket.create_connection((host, port))
        settings = {
            "user": os.environ.get("PGUSER", "postgres"),
            "database": os.environ.get("PGDATABASE", "postgres"),
            "default_transaction_isolation": level,
            "deadlock_timeout": "10ms",
            "timezone": "UTC",
        }
        words = b"".join(f"{name}\0{value}\0".encode() for name, value in settings.items())
        self.socket.sendall(struct.pack("!ii", 8 + len(words) + 1, 196608) + words + b"\0")
        self.buffer = b""
        self.said = []
        self.busy = True
        self.pid = None
        self.verb, self.data, self.sql = "", "", ""
        self.rows = None
        while self.busy:
            self.hear(None)
        self.said = []

    def send(self, sql):
        self.verb, self.sql = (sql.split() or [""])[0].upper(), sql
        self.busy = True
        reads_data = re.match(r"copy\b.*\bfrom\s+stdin\b.*;$", sql, re.I | re.M)
        sql, _, self.data = sql.partition("\n") if reads_data else (sql, "", "")
        try:
            self.tell(b"Q", sql.encode() + b"\0")
        except BrokenPipeError:
            pass  # The server has ended the session; why is still to be read.

    def tell(self, kind, body):
        self.socket.sendall(kind + struct.pack("!i", 4 + len(body)) + body)

    def hear(self, seconds):
        """Takes what comes within this time. Whether the statement is still under way."""
        if self.busy and select.select([self.socket], [], [], seconds)[0]:
            data = self.socket.recv(65536)
            if not data and self.said:
                self.busy = False
            elif not data:
                raise SystemExit("the server has closed a connection")
            self.buffer += data
            while len(self.buffer) >= 5:
                size = 1 + struct.unpack("!i", self.buffer[1:5])[0]
                if len(self.buffer) < size:
                    break
                self.message(self.buffer[:1], self.buffer[5:size])
                self.buffer = self.buffer[size:]
        return self.busy

    def message(self, kind, body):
        if kind == b"T":
            self.rows = []
        elif kind == b"D":
            self.rows.append(row(body))
        elif kind == b"H":
            self.rows = []
        elif kind == b"d":
            self.rows.append([body.decode().removesuffix("\n")])
        elif kind == b"G":
            # The line that ends the data is not for the server.
            self.tell(b"d", re.split(r"^\\\.$", self.data, 1, re.M)[0].encode())
            self.tell(b"c", b"")
        elif kind == b"C":
            self.complete(body[:-1].decode())
        elif kind in (b"E", b"N"):
            fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
            severity, code, text = fields[b"V"], fields[b"C"], fields[b"M"]
            self.said.append(f"ERROR {code} {text}" if kind == b"E" else f"{severity} {text}")
            self.rows = self.rows if kind == b"N" else None
        elif kind == b"K":
            self.pid = struct.unpack("!i", body[:4])[0]
        elif kind == b"Z":
            self.busy = False
        elif kind == b"R" and body[:4] != b"\0\0\0\0":
            raise SystemExit("the server asks for a password")

    def complete(self, tag):
        count = re.search(r"\d+$", tag)
        if self.rows is not None:
            lines = [f"({', '.join(fields)})" for fields in self.rows]
            line = " ".join(lines) or "no rows"
            self.said += lines if len(line) > WIDTH_MAX else [line]
        elif self.verb in CHANGES:
            number = int(count.group()) if count else 0
            self.said.append(f"{number} row{'' if number == 1 else 's'}")
        self.rows = None

    def take(self):
        said, self.said = self.said, []
        return said

    def ask(self, sql):
        """The rows of a query on a connection of the checker's own."""
        answers = []
        self.complete = lambda _tag: answers.extend(self.rows or [])
        self.send(sql)
        while self.hear(None):
            pass
        if self.said:
            raise SystemExit(f"{sql}: {self.said}")
        return answers


def row(body):
    count, at, fields = struct.unpack("!h", body[:2])[0], 2, []
    for _ in range(count):
        size = struct.unpack("!i", body[at : at + 4])[0]
        at += 4
        fields.append("NULL" if size < 0 else body[at : at + size].decode())
        at += max(size, 0)
    return fields


class Player:
    """Plays one script."""

    def __init__(self, control, level):
        self.control, self.level = control, level
        self.sessions, self.waiting = {}, []
        # They hold their locks, and nobody else ends them.
        for (prepared,) in control.ask("SELECT quote_literal(gid) FROM pg_prepared_xacts ORDER BY gid"):
            control.ask(f"ROLLBACK PREPARED {prepared}")
        control.ask("DROP SCHEMA IF EXISTS public CASCADE")
        control.ask("CREATE SCHEMA public")

    def waits(self, session):
        """Whether the statement goes on waiting, once it is over or has been seen to wait three times."""
        seen, end = 0, time.monotonic() + WAIT_S_MAX
        while session.hear(0.005):
            others = ",".join(str(other.pid) for other in self.sessions.values() if other is not session)
            # A prepared transaction is no session: whom it blocks waits for a lock, and nobody is to blame.
            asked = self.control.ask(
                f"SELECT pg_isolation_test_session_is_blocked({session.pid}, '{{{others}}}') OR EXISTS (SELECT FROM "
                f"pg_stat_activity WHERE pid = {session.pid} AND wait_event_type = 'Lock' "
                f"AND pg_blocking_pids(pid) @> '{{0}}')"
            )
            seen = seen + 1 if asked == [["t"]] else 0
            if seen == 3:
                return session.hear(0.02)
            if time.monotonic() > end:
                raise SystemExit(f"after {WAIT_S_MAX} s a statement is not over, and waits for no lock: {session.sql}")
        return False

    def line(self, line):
        said = []
        name, sql = says(line)
        words = line.split()
        if name:
            if name not in self.sessions:
                self.sessions[name] = Session(self.level)
            session = self.sessions[name]
            if session.busy:
                raise SystemExit(f"{line}: {name} waits")
            session.send(sql)
            if not self.waits(session):
                said = session.take()
        elif words and words[0] == "wait":
            time.sleep(float(words[1][:-2]) / 1000 if words[1].endswith("ms") else float(words[1][:-1]))
        elif words and words[0] == "cancel":
            self.control.ask(f"SELECT pg_cancel_backend({self.sessions[words[1]].pid})")
            while self.sessions[words[1]].hear(None):
                pass
        elif words and words[0] == "disconnect":
            gone = self.sessions.pop(words[1])
            self.waiting = [name for name in self.waiting if name != words[1]]
            self.control.ask(f"SELECT pg_terminate_backend({gone.pid}, 5000)")
        for waiting in self.waiting[:]:
            session = self.sessions[waiting]
            if not self.waits(session):
                self.waiting.remove(waiting)
                outcomes = session.take()
                said += [f"{waiting} goes on: {outcome}" for outcome in outcomes] or [f"{waiting} goes on"]
        if name and self.sessions[name].busy:
            said.append("waits")
            self.waiting.append(name)
        return said

    def end(self):
        for session in self.sessions.values():
            self.control.ask(f"SELECT pg_terminate_backend({session.pid}, 5000)")


def says(line):
    line, *more = re.split(r"\n> ?", line)
    name, sign, sql = line.partition(">")
    sql = "\n".join([sql.strip(), *more])
    return (name, sql) if sign and re.fullmatch(r"\w+", name) else (None, None)


def play(control, text):
    """The script with what comes of it; None if it is not for a server."""
    level = re.search(r"^isolation: *(.*)$", text, re.M)
    level = LEVELS.get(level.group(1) if level else "read-committed")
    if level is None or re.search(r"^(bug:|crash$|restart$)", text, re.M):
        return None
    player, played = Player(control, level), []
    # A statement may go on in lines of its own.
    lines = "\n".join(line for line in text.split("\n") if not line.startswith(INDENT))
    for line in re.split(r"\n(?!>)", lines.removesuffix("\n")):
        played.append(line)
        if line and not line.startswith("#"):
            played += [INDENT + said for said in player.line(line)]
    player.end()
    return "\n".join(played) + "\n"


def scripts(path):
    """A script, or those in a folder and the folders in it, in order."""
    if not os.path.isdir(path):
        return [path]
    below = [os.path.join(path, name) for name in sorted(os.listdir(path))]
    return [file for entry in below if os.path.isdir(entry) or entry.endswith(".script") for file in scripts(entry)]


def main(arguments):
    write, differ = "--write" in arguments, 0
    control = Session()
    control.ask("SET client_min_messages = error")
    for file in (file for path in arguments if path != "--write" for file in scripts(path)):
        with open(file, encoding="utf-8") as opened:
            text = opened.read()
        played = play(control, text)
        if played is None:
            print(f"{file}: not for a server")
        elif played != text:
            differ += 1
            pairs = enumerate(zip(text.splitlines() + [""], played.splitlines() + [""]), 1)
            line, (said, came) = next((line, pair) for line, pair in pairs if pair[0] != pair[1])
            print(f"{file}:{line}: it says {said.strip()!r}, PostgreSQL {came.strip()!r}")
            if write:
                with open(file, "w", encoding="utf-8") as opened:
                    opened.write(played)
    return 1 if differ and not write else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
