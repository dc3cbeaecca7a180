# Two commands matter: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev

.PHONY: screenshots demo test install lint docs audit messages bench faults fuzz clean

demo: $(STAMP)
	@exec $(BIN)/python manage.py demo

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Flowsite needs Python 3.11 or newer; set PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || tests/packages.sh python3-venv
	@test -x $(BIN)/python || { echo "Making .venv …"; $(PYTHON) -m venv .venv; }
	@echo "Installing the pinned packages …"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(DEV_STAMP): $(STAMP)
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

test: $(DEV_STAMP)
	@tests/packages.sh chromium postgresql redis-server
	@tests/run.sh

lint: $(DEV_STAMP)
	@tests/lint.sh

# Collects the words of code and templates into the catalogues, and compiles these.
messages: $(DEV_STAMP)
	@tests/packages.sh gettext
	@$(BIN)/python manage.py messages

# The documents as pages, in build/docs; a warning is an error.
docs: $(DEV_STAMP)
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

# A picture of every page into docs/images, from a fresh demo.
screenshots: $(DEV_STAMP)
	@tests/packages.sh chromium
	@$(BIN)/python -m tests.browser.screenshots

# Known holes in the pinned packages. Asks a database on the network, so it is no part of `make test`.
# Another one: make audit AUDIT='--vulnerability-service osv --osv-url https://osv.example.com/v1/query'
audit:
	@test -x build/audit/bin/pip-audit || { $(PYTHON) -m venv build/audit && build/audit/bin/pip install --quiet --disable-pip-version-check pip-audit; }
	@build/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --progress-spinner off $(AUDIT)

bench: $(STAMP)
	@status=0; for one in creation wizard pages; do $(BIN)/python bench/$$one.py || status=1; done; exit $$status

# At least 2,000 hostile requests of each kind of person; FUZZ_SEED=… for others than these.
fuzz: $(DEV_STAMP)
	@FUZZ_REQUESTS=$${FUZZ_REQUESTS:-2000} $(BIN)/pytest tests/fuzz -q -n 2 -rP --show-capture=stdout

# Every mishap at every call, on SQLite with the built-in broker and on PostgreSQL with Redis.
faults: $(STAMP)
	@$(BIN)/python bench/faults.py
	@tests/packages.sh postgresql redis-server
	@$(BIN)/python tests/with_services.py $(BIN)/python bench/faults.py

clean:
	rm -rf .venv var
