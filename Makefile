# Presupposes make and Python 3.11 or newer; all else comes into .venv: what Tael runs on from
# requirements.txt, and what tests and checks need besides from requirements-dev.txt.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
PORT ?= 8000
ARGS ?=
PART ?= tests
SIMULATE ?=
CELLS ?=
MINUTES ?= 1
FULL ?=
SEED ?= 1
VENV := .venv/bin
INSTALLED := .venv/installed
TOOLS := .venv/installed-tools
# uv takes seconds, but does not read pip's configuration: pip has the last word.
install = uv pip install --quiet --compile-bytecode --python $(VENV)/python -r $(1) 2>/dev/null || \
	$(VENV)/python -m pip install --quiet --disable-pip-version-check -r $(1)

# What a deployment sets, for `manage.py check --deploy`. It connects to nothing.
DEPLOYMENT := DATABASE_URL=postgresql://tael@database.invalid/tael REDIS_URL=redis://redis.invalid \
	ALLOWED_HOSTS=tael.example TAEL_BASE_URL=https://tael.example EMAIL_HOST=mail.invalid \
	DEFAULT_FROM_EMAIL=tael@tael.example SECRET_KEY=only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF \
	TAEL_ENCRYPTION_KEYS=b25seS1mb3ItdGhpcy1jaGVjay0wMTIzNDU2Nzg5LWE=

.PHONY: help run test test-full chaos fuzz check bench clean

help:
	@echo "make run    Tael on http://127.0.0.1:$(PORT), with demo shops (PORT=8001 make run: another port)"
	@echo "            SIMULATE=1 plays a marketplace that uses the API, so that the pages move"
	@echo "make test   the tests (ARGS='-k name' for some; ARGS='-p randomly' in another order)"
	@echo "make test-full  what takes long, by folder: PART=tests/e2e every page in each look,"
	@echo "            PART=tests/config 10,000 requests and half-sent bodies, PART=tests/billing ..."
	@echo "            (make test DRAW_ALL=1 draws the pages that make test only asks for)"
	@echo "make chaos  whole servers under traffic while things die: MINUTES=30 SEED=7"
	@echo "make fuzz   random histories over HTTP, by replay and through the reference: MINUTES=10 SEED=7"
	@echo "make check  formatting, lint, types, imports, migrations, deployment settings"
	@echo "make bench  the benchmarks, as one table in 15 minutes (FULL=1: with 10^7 rows, in 90;"
	@echo "            ARGS=orders one of them alone); a run that is broken off goes on where it was"
	@echo "make clean  removes .venv and the tests' data; your data in .data stays"

# pytest keeps what it made of each test module, and servers that tests start begin sooner.
test test-full chaos fuzz: export PYTHONDONTWRITEBYTECODE :=
test: export DRAW_ALL := $(DRAW_ALL)

# exec: Ctrl-C and other signals reach Tael itself.
run: $(INSTALLED)
	@exec $(if $(CELLS),env TAEL_CELLS=1) $(VENV)/python manage.py up --port "$(PORT)" \
		$(if $(filter-out 0,$(SIMULATE)),--simulate) $(if $(CELLS),--cells "$(CELLS)")

# Neighbours stay together, so that what a module's tests share is made once. At the end it says
# which took longest.
test: $(TOOLS)
	@$(VENV)/python -m pytest --numprocesses logical --maxprocesses 8 --dist worksteal \
		--durations 15 --durations-min 5 $(ARGS)

# The last -m counts. One after the other: they measure.
test-full: $(TOOLS)
	@$(VENV)/python -m pytest -m full $(PART) $(ARGS)

# A seed has one plan; --plan prints it alone, --keep keeps the logs.
chaos: $(TOOLS)
	@$(VENV)/python -m tests.chaos --minutes "$(MINUTES)" --seed "$(SEED)" $(ARGS)

fuzz: $(TOOLS)
	@MINUTES="$(MINUTES)" SEED="$(SEED)" $(VENV)/python -m pytest -q -m full tests/test_fuzz.py $(ARGS)

check: $(TOOLS)
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/python -m mypy
	$(VENV)/lint-imports --no-cache
	$(VENV)/python manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy"
	@$(DEPLOYMENT) $(VENV)/python manage.py check --deploy --fail-level WARNING

# Each part has its own database, process and bounded time. It writes docs/performance.md.
bench: $(INSTALLED)
	@$(VENV)/python manage.py bench $(if $(filter-out 0,$(FULL)),--full) $(ARGS)

clean:
	rm -rf .venv .data/test .mypy_cache .pytest_cache .ruff_cache

$(INSTALLED): requirements.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Tael needs Python 3.11 or newer; name one, as in: make run PYTHON=/usr/bin/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing requirements.txt into .venv ..."
	@test -x $(VENV)/python && $(VENV)/python -c '' 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@$(call install,requirements.txt)
	@touch $@

# It has all of requirements.txt, too.
$(TOOLS): requirements-dev.txt $(INSTALLED)
	@echo "Installing requirements-dev.txt into .venv ..."
	@$(call install,requirements-dev.txt)
	@touch $@
