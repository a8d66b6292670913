# make run · make test: the two commands. Each prepares what it needs first; again costs a blink.

# The first Python that Underpaint's packages exist for; PYTHON=… chooses another.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& echo $$python && break; done)
endif
READY = @if [ -z "$(PYTHON)" ]; then \
	echo "Underpaint needs Python 3.11 to 3.14; install one (Debian, Ubuntu: python3, macOS: brew install python) and run make again." >&2; \
	exit 1; fi; "$(PYTHON)" .ci/bootstrap.py
UNDERPAINT = .venv/bin/underpaint
IN_VENV = .venv/bin/python -m

# What networks compute on a processor: number formats, packed and quantised layers, parts of a pass against the
# whole, training steps and their state. Everything else does the same on any, and so does what is killed at random
# moments. In bfloat16, which such a processor emulates slowly, one bundled model stands for all, tiny ones for strokes
# where it has no instructions for it at all, and the steps of test_fit.py for a resumed run with a perceptual loss.
# The bar is 100 seconds on two cores.
ON_THE_PROCESSOR = tests/engine/layers $(addprefix tests/engine/passes/test_,$(addsuffix .py,failing_devices \
	following generator incremental whole)) tests/engine/test_worker_parts.py tests/trainer/test_resume.py \
	$(addprefix tests/trainer/training/test_,$(addsuffix .py,fit objective state upsampling)) \
	-k "not killed_at_random and not (test_resume and perceptual and bfloat16) \
	and not ((in_16_bits_too or bfloat16_is_near_enough) and not streets)"

.PHONY: run test test-avx2 coverage fuzz demo bench interop lint format app smoke clean

run:  ## open the program; make run ARGS=picture.png opens a file
	$(READY)
	@$(UNDERPAINT) $(ARGS)

test:  ## run the tests, as many at once as there are cores; make test ARGS=tests/engine picks some
	$(READY) dev
	@$(IN_VENV) pytest -n auto --dist worksteal $(ARGS)

test-avx2:  ## the tests whose outcome depends on the processor, as on one that knows AVX2 and nothing newer
	$(READY) dev
	@ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 $(IN_VENV) pytest -n auto --dist worksteal $(ON_THE_PROCESSOR) $(ARGS)

coverage:  ## all tests once more, and which lines they reach: a table, and pages in build/coverage
	$(READY) dev
	@$(IN_VENV) pytest -n auto --dist worksteal --cov --cov-report=term --cov-report=html $(ARGS)

fuzz:  ## a thousand damaged files of each kind; make fuzz ARGS="pth ora --count 100 --seed 7"
	$(READY) dev
	@$(IN_VENV) tests.fuzz $(ARGS)

demo:  ## screenshots and an animation in build/demo; make demo ARGS="--guide docs/pictures" the guide's
	$(READY)
	@QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} $(UNDERPAINT) demo --out build/demo $(ARGS)

bench:  ## measure the promised numbers on this machine
	$(READY) dev
	@QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} $(IN_VENV) tests.bench $(ARGS)

interop:  ## exchange .ora files with Krita, which must be installed
	$(READY) dev
	@$(IN_VENV) pytest -m interop tests/interop

lint:  ## format, lint and types, without changing anything
	$(READY) dev
	@$(IN_VENV) ruff format --check .
	@$(IN_VENV) ruff check .
	@$(IN_VENV) mypy

format:  ## put everything in format, and fix what ruff can fix
	$(READY) dev
	@$(IN_VENV) ruff check --fix .
	@$(IN_VENV) ruff format .

app:  ## dist/underpaint, which runs without Python (PyInstaller), and packages of it
	$(READY) app
	@$(IN_VENV) PyInstaller --noconfirm --clean --log-level WARN build.spec
	@.venv/bin/python .ci/pack.py

smoke:  ## use the program that make app has made as its users would
	$(READY) dev
	@$(IN_VENV) pytest -m installed tests/installed $(ARGS)

clean:  ## remove everything that make made
	rm -rf .venv build dist .pytest_cache .ruff_cache .mypy_cache
