#!/usr/bin/env python3
"""Writes what PostgreSQL 15 answers behind every expression of the files beside this one.

    PGHOST=... PGPORT=... PGUSER=... ./generate.py [file ...]

A line is `expression => type: value`, or `expression => ERROR sqlstate message`. Lines that begin with `#` and empty
lines stay. The server must have been made with `--locale=C --encoding=UTF8`. The expressions are evaluated one by one
in the time zone UTC.
"""

import pathlib
import subprocess
import sys

MARK = "---- the answer to the next expression ----"
PREAMBLE = """\\set VERBOSITY verbose
\\pset format unaligned
\\pset tuples_only on
\\pset fieldsep ': '
\\pset null NULL
set timezone = 'UTC';
set extra_float_digits = 1;
"""


def answers(expressions):
    script = PREAMBLE
    for expression in expressions:
        script += f"\\echo {MARK}\nselect pg_typeof(x), x from (select ({expression}) as x) as s;\n"
    run = ["psql", "--no-psqlrc", "--quiet", "--dbname", "postgres"]
    # Both streams are one, so that an error stands where its answer would.
    done = subprocess.run(run, input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [answer(part.strip("\n")) for part in done.stdout.split(MARK)[1:]]


def answer(text):
    if text.startswith("ERROR:  "):
        # `ERROR:  22012: division by zero`, then what is for people.
        head = text.removeprefix("ERROR:  ").split("\nDETAIL:")[0].split("\nHINT:")[0]
        head = head.split("\nLOCATION:")[0].split("\nLINE ")[0].split("\nCONTEXT:")[0]
        sqlstate, message = head.split(": ", 1)
        text = f"ERROR {sqlstate} {message}"
    return text.replace("\n", "\\n")


def main():
    here = pathlib.Path(__file__).parent
    for path in map(pathlib.Path, sys.argv[1:]) if sys.argv[1:] else sorted(here.glob("*.txt")):
        lines = path.read_text().splitlines()
        kept = [line.split(" => ")[0] for line in lines]
        asked = [line for line in kept if line and not line.startswith("#")]
        answered = iter(answers(asked))
        written = [f"{line} => {next(answered)}" if line and not line.startswith("#") else line for line in kept]
        path.write_text("\n".join(written) + "\n")


main()
