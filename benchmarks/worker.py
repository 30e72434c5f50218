"""A process of benchmarks.timing: orders come in on the standard input, a line of JSON each, and answers go out.

An order: {"run": "training:ours", "settings": {...}, "seconds": 2.0}. What the function makes of the settings is kept
for the next order of the same.
"""

import importlib
import json
import os
import resource
import sys
import traceback

from benchmarks.timing import Run, Skip


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what others print is no answer
    runs: dict[str, Run] = {}
    for line in sys.stdin:
        try:
            answer = obey(json.loads(line), runs)
        except Skip as reason:
            answer = {"skip": str(reason)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def obey(order: dict, runs: dict[str, Run]) -> dict:
    key = json.dumps([order["run"], order["settings"]], sort_keys=True)
    if key not in runs:
        module, _, function = order["run"].partition(":")
        runs[key] = getattr(importlib.import_module(f"benchmarks.{module}"), function)(order["settings"])
    done = runs[key](order["seconds"])
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return done._asdict() | {"more": done.more | {"peak_mib": peak // (1024 if sys.platform == "linux" else 1 << 20)}}


if __name__ == "__main__":
    main()
