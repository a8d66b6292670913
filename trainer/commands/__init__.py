"""Commands of several words: `underpaint queue add`. Those of one word are in `trainer.cli`."""
