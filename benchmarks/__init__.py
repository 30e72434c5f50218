"""How fast the project is, beside what others do on the same machine: `make benchmark`, or `python -m benchmarks`."""
