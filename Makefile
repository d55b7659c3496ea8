# Everything that people and CI do with Stillroom. `make` alone prints this as help.
# Needs Python 3.11 or newer, git and make; installs nothing outside this folder.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-python setup-charts up down reset status demo dev web \
        test test-unit test-web test-browser test-real test-rabbitmq test-versions test-containers lint format \
        bench load chaos screens docs site clean images sbom release release-begin licences audit
.NOTPARALLEL:

VENV := .venv/bin
# A Node that setup installed, where the machine has none.
export PATH := $(CURDIR)/.tools/node/bin:$(PATH)

help: ## print this help
	@echo "Stillroom: the hosted control room for Alembic migrations on PostgreSQL."
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r name what; do printf '%-22s%s\n' "$$name" "$$what"; done

setup: ## install what is missing: tools, Python packages, web packages, the built web
	@python=$$(sh tools/python) && "$$python" tools/setup.py all

setup-python:
	@python=$$(sh tools/python) && "$$python" tools/setup.py python

setup-charts: setup-python
	@python=$$(sh tools/python) && "$$python" tools/setup.py charts

up: setup ## start the whole service on this machine; Ctrl-C stops it
	@exec $(VENV)/stillroom up

demo: setup ## start it in the background and watch one real upgrade in the terminal
	@exec $(VENV)/stillroom demo

down: setup-python ## stop it from another terminal
	@exec $(VENV)/stillroom down

status: setup-python ## say what runs
	@exec $(VENV)/stillroom status

reset: setup-python ## stop it and forget its data (asks; YES=1 does not)
	@exec $(VENV)/stillroom reset $(if $(YES),--yes)

dev: setup ## like up, with hot reload: web on 3000, api on 8000
	@exec $(VENV)/stillroom dev

web: setup ## build the web if its sources changed

test: setup setup-charts ## everything: lint, unit, integration, web and browser tests
	@exec $(VENV)/python tests/run.py all

test-unit: setup-charts ## the Python tests alone; ARGS="-k name services/core"
	@exec $(VENV)/python -m pytest -m "not real and not containers" $(ARGS)

test-web: setup ## the web's own tests
	@exec $(VENV)/python tests/run.py web

test-browser: setup ## the tests in a real browser
	@exec $(VENV)/python tests/run.py browser

test-real: setup-python ## real open-source projects through the service; writes docs/real-projects.md
	@STILLROOM_REAL=all exec $(VENV)/python -m pytest -m real $(ARGS)

test-rabbitmq: setup-python ## jobs over a real RabbitMQ, where rabbitmq-server is installed
	@exec $(VENV)/python -m pytest tests/rabbitmq $(ARGS)

test-versions: setup ## what asks a database, on each PostgreSQL from 13 on (fetches those that are missing)
	@$(VENV)/python tools/versions.py
	@exec $(VENV)/python tests/run.py versions

test-containers: setup-python ## build and start deploy/compose with a Docker engine, and run a job through it
	@exec $(VENV)/python -m pytest -m containers tests/containers $(ARGS)

images: ## build the images stillroom-api, -worker and -web; ENGINE=podman IMAGE_ARGS="--build-arg ..."
	@for name in api worker web; do \
		$(or $(ENGINE),docker) build $(IMAGE_ARGS) -f deploy/images/$$name.Dockerfile -t stillroom-$$name . || exit 1; \
	done

sbom: setup ## what the images have of Python and npm, as CycloneDX; writes sbom/
	@exec $(VENV)/python tools/release.py sbom

release-begin: setup-python ## write a version wherever one stands, and its title into the changelog; VERSION=0.2.0
	@exec $(VENV)/python tools/release.py begin "$(VERSION)"

release: setup ## what a release consists of, from the last commit, in dist/; nothing is pushed; REHEARSE=1
	@exec $(VENV)/python tools/release.py build $(if $(REHEARSE),--rehearse)

licences: setup setup-charts ## under which licences the packages in the locks are; writes docs/licences.md
	@exec $(VENV)/python tools/licences.py

audit: setup ## ask OSV and the npm registry for known faults of the packages in the locks; needs both
	@exec $(VENV)/python tools/audit.py

lint: setup ## ruff, types, import arrows, TypeScript, generated files
	@exec $(VENV)/python tests/run.py lint

format: setup-python ## let ruff put the Python sources in order
	@$(VENV)/ruff check --fix --quiet . ; $(VENV)/ruff format --quiet .

bench: setup ## measure; writes docs/benchmarks.md
	@PYTHONPATH=tests exec $(VENV)/python -m bench $(ARGS)

load: setup ## many jobs, 5,000 watchers, 5,000,000 events; writes docs/load.md
	@PYTHONPATH=tests exec $(VENV)/python -m load $(ARGS)

chaos: setup-python ## break a running Stillroom on purpose; COUNT=300 SEED=1 FAULTS="pause cancel"; writes docs/reliability.md
	@PYTHONPATH=tests exec $(VENV)/python -m chaos $(or $(COUNT),300) $(or $(SEED),1) $(FAULTS)

screens: setup ## photograph the pages; PAGES="settings rows" takes those alone; writes docs/screens/
	@exec $(VENV)/python tests/run.py screens

site: setup ## a site of docs/, in site/; a link that leads nowhere ends it
	@exec $(VENV)/python docs/site

docs: setup ## write the generated documents again
	@exec $(VENV)/python docs/generate.py

clean: ## remove what setup installed and built; keeps .stillroom, the service's data
	@rm -rf .tools .venv web/node_modules web/dist
