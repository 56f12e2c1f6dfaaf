.PHONY: check format lint types test slow

check: lint types test  ## what a change must pass

format:
	ruff format .
	ruff check --fix .

lint:
	ruff format --check .
	ruff check .

types:
	mypy

test:
	pytest

slow:
	pytest -m slow
