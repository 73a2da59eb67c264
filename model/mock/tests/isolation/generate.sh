#!/bin/sh
# Writes what PostgreSQL's isolation tester prints of the specs here. Its server is the one that libpq finds by the
# usual variables (PGHOST, PGPORT, PGUSER, PGDATABASE); the tester is that of the package postgresql-server-dev-15.
set -eu
cd "$(dirname "$0")"
tester=${TESTER:-/usr/lib/postgresql/15/lib/pgxs/src/test/isolation/isolationtester}
for spec in ${*:-specs/*.spec}; do
    "$tester" "dbname=${PGDATABASE:-postgres}" < "$spec" > "expected/$(basename "$spec" .spec).out"
done
