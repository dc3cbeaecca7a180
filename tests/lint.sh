#!/bin/sh
# Format, lint, types, import contracts, missing migrations.
set -eu
bin=.venv/bin
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .
$bin/lint-imports
$bin/mypy
$bin/python manage.py makemigrations --check --dry-run --verbosity 0
