"""Plumbing, which decides no number. It is what every entry imports first, before any library of threads is loaded."""

import os

# OpenMP's threads sleep while they wait; else, beside a busy neighbour, two train at a sixth of the rate of one.
# GNU's and Intel's libraries read this once, as they are loaded.
WAITING = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0"}
for _name, _value in WAITING.items():
    os.environ.setdefault(_name, _value)
