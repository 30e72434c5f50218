"""The command line: `autofaces --help`.

The commands are functions in autofaces.app.images, lpips and results. What takes long to import (PyTorch: two
seconds) is imported by those that need it, when they run.
"""

import functools
from collections.abc import Callable

import typer

from autofaces.app import clean, images, lpips, results
from autofaces.app.options import say
from autofaces.core.files import BadInput, lacking

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Autoencoder papers on face images, re-tested; and what their models do with your own images.",
)


def _command(function: Callable[..., None]) -> None:
    """Make the function a command; bad input, and what the machine lacks, end it in one message."""

    @app.command()
    @functools.wraps(function)
    def run(*args: object, **kwargs: object) -> None:
        try:
            function(*args, **kwargs)
        except BadInput as error:
            message = str(error)
        except BrokenPipeError:
            raise  # the reader of our output has gone: typer ends quietly
        except Exception as error:
            if (message := lacking(error)) is None:
                raise  # a fault of the program keeps its traceback; typer's own ways out are such too
        else:
            return
        say(f"error: {message}", error=True)
        raise typer.Exit(1)


for _function in (
    images.reconstruct,
    images.denoise,
    images.morph,
    images.similar,
    images.sample,
    images.outliers,
    images.export,
    lpips.lpips,
    results.check,
    results.experiments,
    results.summary,
    results.claims,
    results.verify,
    results.compare,
    clean.clean,
):
    _command(_function)


if __name__ == "__main__":
    app()
