"""The command clean: what killed and stopped runs have left behind."""

from typing import Annotated

import typer

from autofaces.app.options import say


def clean(
    days: Annotated[float, typer.Option(min=0, help="Keep a stopped training that was at work since.")] = 7,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would go.")] = False,
) -> None:
    """Free the disk of what killed and stopped runs left behind.

    That is half-written files whose process is gone, and checkpoints of
    trainings that were stopped and not taken up again for some days (with
    --days 0 all; such a training then begins anew). What is at work stays.
    The results, and DVC's cache, are not touched: see `dvc gc --help`.
    """
    from autofaces.pipeline import leftovers

    found = [*leftovers.partial(), *leftovers.abandoned(days)]
    for path, what, size in found:
        say(f"{path}: {what}, {size / 1e6:.1f} MB")
    if not dry_run:
        leftovers.remove(found)
    say(f"{len(found)} {'would go' if dry_run else 'removed'}, {sum(one.bytes for one in found) / 1e6:.1f} MB")
