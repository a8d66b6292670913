"""The trainer's command line, and after it which of the modules that only compilers need are loaded."""

from __future__ import annotations

import json
import sys

from trainer.__main__ import main

if __name__ == "__main__":
    try:
        main()
    finally:
        heavy = ("torch._dynamo", "torch._inductor", "torch.onnx", "sympy")
        print(json.dumps([name for name in heavy if name in sys.modules]))
