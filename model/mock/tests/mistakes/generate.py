#!/usr/bin/env python3
"""Writes what PostgreSQL 15 says of every statement of statements.txt: the SQLSTATE, the position, the message.

    ./generate.py SOCKET-DIRECTORY PORT

A statement is a line; `\\n` in it is the end of a line. Below it stands PostgreSQL's answer, with `-` where there is no
position, and below that, after `!`, the mock's where it is another one; these lines stay as they are, and so do those
that begin with `#`. Each statement is executed in a transaction of its own on the tables of ../queries/tables.txt, in
a fresh schema `public`: the server's is lost.
"""

import pathlib
import socket
import struct
import sys

HERE = pathlib.Path(__file__).parent


class Session:
    """The least of PostgreSQL's protocol: psql does not print a position."""

    def __init__(self, directory, port):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(f"{directory}/.s.PGSQL.{port}")
        self.out, self.messages = connection, connection.makefile("rb")
        parameters = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0\0"
        self.out.sendall(struct.pack("!i", len(parameters) + 4) + parameters)
        self.failure()

    def failure(self):
        fields = None
        while True:
            kind = self.messages.read(1)
            body = self.messages.read(struct.unpack("!i", self.messages.read(4))[0] - 4)
            if kind == b"E":
                fields = {field[:1].decode(): field[1:].decode() for field in body.split(b"\0") if field}
            if kind == b"Z":
                return fields

    def execute(self, statement):
        body = statement.encode() + b"\0"
        self.out.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
        return self.failure()


def answer(session, statement):
    session.execute("begin")
    failure = session.execute(statement.replace("\\n", "\n"))
    session.execute("rollback")
    if failure is None:
        return "no error"
    message = failure["M"].replace("\n", "\\n")
    return f"{failure['C']} {failure.get('P', '-')} {message}"


session = Session(*sys.argv[1:3])
for statement in ["drop schema public cascade", "create schema public"]:
    assert session.execute(statement) is None
for statement in (HERE / "../queries/tables.txt").read_text().splitlines():
    assert session.execute(statement) is None, statement
path = HERE / "statements.txt"
written = []
for line in path.read_text().splitlines():
    if line.startswith(("#", "    !")) or not line:
        written.append(line)
    elif not line.startswith("    "):
        written += [line, f"    {answer(session, line)}"]
path.write_text("\n".join(written) + "\n")
