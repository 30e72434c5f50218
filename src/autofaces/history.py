"""The history of a training as DVCLive records it, for `dvc plots`."""

from collections.abc import Iterable, Iterator
from pathlib import Path


def record(rows: Iterable[dict[str, float]], folder: Path) -> Iterator[dict[str, float]]:
    """Pass the rows on, each logged at its step into `folder`; on a machine without DVCLive they just pass."""
    try:
        from dvclive import Live
    except ImportError:
        yield from rows
        return
    with Live(str(folder), dvcyaml=False, save_dvc_exp=False, report=None) as live:
        for row in rows:
            live.step = row["step"]
            for name in [n for n in row if n != "step"]:
                live.log_metric(name, row[name])
            live.make_summary()
            yield row
