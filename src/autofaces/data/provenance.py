"""Where the files in data/raw/<archive>/ are from and what they were: source.json, which the stage download writes."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autofaces.core import files
from autofaces.core.files import BadInput

NAME = "source.json"


def read(raw: Path) -> dict[str, Any]:
    """What source.json says: `source` (synthetic, local or official), and of each of `files` its sha256 and bytes.

    BadInput where it is absent or damaged.
    """
    path = raw / NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record["source"], str):
            raise TypeError("its source is no text")
        for name, file in record["files"].items():
            if Path(name).name != name or not isinstance(file["sha256"], str):
                raise TypeError(f"{name!r} is no file with a checksum")
    except FileNotFoundError:
        raise BadInput(f"{path}: not found; run `dvc repro download@{raw.name}`") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"{path}: damaged ({error}); run `dvc repro download@{raw.name}`") from None
    return record


def verify(raw: Path, names: Iterable[str] | None = None) -> None:
    """BadInput where one of the files (None: any that source.json names) is not what was put there."""
    known = read(raw)["files"]
    for name in known if names is None else names:
        path = raw / name
        if name not in known:
            raise BadInput(f"{path}: {NAME} does not know it; run `dvc repro download@{raw.name}`")
        if not path.is_file():
            raise BadInput(f"{path}: not found; run `dvc repro download@{raw.name}`")
        if files.sha256(path) != known[name]["sha256"]:
            raise BadInput(f"{path}: damaged, or changed by hand; `dvc repro download@{raw.name}` puts it back")
