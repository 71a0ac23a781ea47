# The developer's doors. Every set-up step leaves a stamp in .venv only after it succeeded: run any door again, or after a Ctrl-C, and
# it goes on where it stopped.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := torch==2.13.0
PIP := .venv/bin/python -m pip --disable-pip-version-check -qq

.DELETE_ON_ERROR:
.PHONY: demo chat test test-page bench evaluate-default fmt lint setup

demo: .venv/.package ## asks about two pictures in examples/
	@echo "Asking which muscles are moving on examples/invented-face.jpg (the first answer ever prepares the language model, about 20 s)"
	@.venv/bin/facewise ask examples/invented-face.jpg --task au
	@echo "Asking whether the face on examples/printed-face.jpg is real"
	@.venv/bin/facewise ask examples/printed-face.jpg --task spoof

chat: .venv/.package ## opens the chat page
	@.venv/bin/facewise chat

test: .venv/.package .venv/.dev ## the fast tests: offline, no GPU
	@echo "Running the tests"
	@.venv/bin/python -m pytest -n 2 --dist loadfile

test-page: .venv/.package .venv/.dev ## the chat page in Chromium; screenshots go to build/page
	@.venv/bin/python -m pytest -m page tests/test_page_browser.py -s

bench: .venv/.package ## speed, as rates and as ratios within one run
	@.venv/bin/python tests/bench.py && .venv/bin/python tests/bench_serving.py && .venv/bin/python tests/bench_synthesis.py && .venv/bin/python tests/bench_build.py && .venv/bin/python tests/bench_teacher.py && .venv/bin/python tests/bench_scoring.py && .venv/bin/python tests/bench_eval.py && .venv/bin/python tests/bench_training.py

evaluate-default: .venv/.package ## every target of the embedded model; DATA= a folder of portraits/, neutral/ and the rig, PACK=, TEACHER=, MODEL=, ARGS=
	@.venv/bin/python -m facewise.eval.default $(if $(DATA),--data "$(DATA)") $(if $(PACK),--pack "$(PACK)") $(if $(TEACHER),--teacher "$(TEACHER)") $(if $(MODEL),--model "$(MODEL)") $(ARGS)

fmt: .venv/.dev ## formats the code and brings the README's tree up to date
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .
	@.venv/bin/python tests/readme_tree.py

# mypy wants a folder named like the package: .mypy/facewise is a link to the root.
lint: .venv/.package .venv/.dev ## checks style and types
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
	@mkdir -p .mypy && ln -sfn .. .mypy/facewise
	@MYPYPATH=.mypy .venv/bin/mypy -p facewise

setup: .venv/.package .venv/.dev ## everything that the other doors need

# .begun tells a .venv that a Ctrl-C left half made, which starts over, from one that somebody else filled, which stays.
.venv/.made:
	@echo "Making .venv with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "the locked versions are for Python 3.11: make PYTHON=/path/to/python3.11")'
	@if [ -e .venv ] && [ ! -e .venv/.begun ]; then echo "make did not make this .venv: move it away first" >&2; exit 1; fi
	@rm -rf .venv && mkdir .venv && touch .venv/.begun
	@$(PYTHON) -m venv .venv
	@touch $@

# An ordinary pip configuration knows no +cpu build, and plain "torch" there would be the CUDA build with its gigabytes.
.venv/.torch: .venv/.made
	@echo "Installing $(TORCH), the CPU build, 200 MB"
	@$(PIP) install --no-deps "$(TORCH)+cpu" 2>/dev/null || $(PIP) install --no-deps --index-url "$(TORCH_INDEX)" "$(TORCH)"
	@touch $@

.venv/.cpu: .venv/.torch requirements/cpu.lock
	@echo "Installing the packages of requirements/cpu.lock, a few minutes the first time"
	@$(PIP) install --no-deps -r requirements/cpu.lock
	@touch $@

.venv/.dev: .venv/.cpu requirements/dev.lock
	@echo "Installing the test tools of requirements/dev.lock"
	@$(PIP) install --no-deps -r requirements/dev.lock
	@touch $@

.venv/.package: .venv/.cpu pyproject.toml
	@echo "Installing facewise from this folder, editable"
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
