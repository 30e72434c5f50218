"""What the pipeline promises when things go wrong, tried: `make faults` prints a table and writes it to docs/faults.md.

A family of faults is a module here with `trials(seed, work)`, which yields a Trial each time that a fault was tried;
`work` is a folder of its own. What is random comes from the seed.
"""

from typing import NamedTuple


class Trial(NamedTuple):
    """One fault, tried once."""

    promise: str  # what is to hold
    fault: str  # what was done
    held: bool
    detail: str  # of a failure: what was found
