#!/bin/sh
# Everything that `make test` checks, with the time of each part.
set -eu
bin=.venv/bin
export FLOWSITE_DATA_DIR="${FLOWSITE_TEST_DIR:-$(mktemp -d)}"
started=$(date +%s)

part() {
    name=$1
    shift
    began=$(date +%s)
    echo "── $name"
    "$@" || { echo "── $name failed"; exit 1; }
    echo "── $name: $(($(date +%s) - began)) s"
}

part "Lint, types, contracts, migrations" tests/lint.sh
part "Tests on PostgreSQL and Redis" $bin/python tests/with_services.py \
    $bin/pytest -n 2 -q -m "not browser" tests/core tests/people tests/credentials tests/drafts tests/runs tests/submissions tests/monitoring tests/wizard tests/operations tests/alerts
echo "── Before the last part: $(($(date +%s) - started)) s"
echo "── All tests on SQLite, the browser journey among them"
exec $bin/pytest -n 2 -q
