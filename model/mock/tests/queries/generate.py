#!/usr/bin/env python3
"""Writes what PostgreSQL 15 answers below every query of the files beside this one.

    PGHOST=... PGPORT=... PGUSER=... ./generate.py [file ...]

A query is a line; after ` -- ` stand its parameters. The indented lines below it are the columns' names and the rows,
or `ERROR sqlstate message`. Lines that begin with `#` and empty lines stay. The server must have been made with
`--locale=C --encoding=UTF8`; the tables of tables.txt are made in a schema of its own, which is removed.
"""

import pathlib
import subprocess
import sys

MARK = "\x01"
HERE = pathlib.Path(__file__).parent
PREAMBLE = """\\set VERBOSITY verbose
\\pset format unaligned
\\pset footer off
\\pset null NULL
set client_min_messages = error;
drop schema if exists queries cascade;
create schema queries;
set search_path = queries;
set timezone = 'UTC';
"""


def prepared(query):
    if " -- " not in query:
        return query + ";\n"
    query, parameters = query.split(" -- ")
    values = ", ".join("NULL" if it == "NULL" else f"'{it}'" for it in parameters.split(", "))
    return f"prepare q as {query};\nexecute q ({values});\ndeallocate q;\n"


def answers(queries):
    script = PREAMBLE + (HERE / "tables.txt").read_text()
    for query in queries:
        script += f"\\echo {MARK}\n{prepared(query)}"
    script += f"\\echo {MARK}\ndrop schema queries cascade;\n"
    run = ["psql", "--no-psqlrc", "--quiet", "--dbname", "postgres"]
    # Both streams are one, so that an error stands where its answer would.
    done = subprocess.run(run, input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [answer(part.removeprefix("\n").removesuffix("\n")) for part in done.stdout.split(MARK)[1:-1]]


def answer(text):
    if text.startswith("ERROR:  "):
        # `ERROR:  22012: division by zero`, then what is for people.
        head = text.removeprefix("ERROR:  ").split("\nDETAIL:")[0].split("\nHINT:")[0]
        head = head.split("\nLOCATION:")[0].split("\nLINE ")[0].split("\nCONTEXT:")[0]
        sqlstate, message = head.split(": ", 1)
        return [f"ERROR {sqlstate} {message}"]
    return text.split("\n") if text else []


def main():
    files = map(pathlib.Path, sys.argv[1:]) if sys.argv[1:] else sorted(HERE.glob("*.txt"))
    for path in files:
        if path.name == "tables.txt":
            continue
        lines = [line for line in path.read_text().splitlines() if not line.startswith("    ")]
        answered = iter(answers([line for line in lines if line and not line.startswith("#")]))
        written = []
        for line in lines:
            written.append(line)
            if line and not line.startswith("#"):
                written += ["    " + answer for answer in next(answered)]
        path.write_text("\n".join(written) + "\n")


main()
