"""What `autofaces check` looks at beyond the schema of params.yaml: papers, dvc.yaml, and each row's network, tried."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from autofaces import papers
from autofaces.core import files, params, stage

Problem = tuple[str, str]  # the key of a row that is wrong, "" for a file of networks/, and what is wrong


def problems(settings: params.Params) -> list[str]:
    """All that is wrong, a line each that names its file."""
    return [*_papers(settings), *_collected(settings), *_rows(settings)]


def outdated(settings: params.Params) -> list[str]:
    """The archives in data/raw that are not what their local source holds now, a line each."""
    from autofaces.data import sources

    found = [
        sources.outdated(key, archive, settings.data_root, Path("data/raw") / key)
        for key, archive in settings.archives.items()
    ]
    return [line for line in found if line]


def _papers(settings: params.Params) -> list[str]:
    known = papers.keys()
    return [
        f"{params.PATH}: papers.{key}: there is no src/autofaces/papers/{key}.py; known: {', '.join(known)}"
        for key in settings.papers
        if key not in known
    ]


def _collected(settings: params.Params) -> list[str]:
    """Whether the stage collect depends on every row's evaluation, and on no other."""
    folder = "data/evaluations/"
    try:
        named = [dep for dep in stage.dependencies("collect") if dep.startswith(folder)]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        return [f"dvc.yaml: no stage collect can be read there in {Path.cwd()} ({type(error).__name__}: {error})"]
    rows = [f"{folder}{key}.zip" for key in settings.rows]
    absent = "add it, or the row stays out of summary, claims and figures"
    unknown = f"but {params.PATH} has no such row; remove it there"
    return [
        *(f"dvc.yaml: collect does not name {row}; {absent}" for row in rows if row not in named),
        *(f"dvc.yaml: collect names {name}, {unknown}" for name in named if name not in rows),
    ]


def _rows(settings: params.Params) -> list[str]:
    """Whether each row's network does what it has to, and its objective can train it. What rows share is tried once."""
    import torch

    from autofaces.training import models

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two images are quicker so, the more where other programs run
    profile = settings.profiles[settings.profile]
    networks: dict[str, list[str]] = {}
    for key, row in settings.rows.items():
        channels, width = settings.datasets[row.dataset].channels, profile.scale[row.dataset].width
        recipe = row.model.name, settings.size(row.dataset), channels, width, row.model.arguments
        networks.setdefault(json.dumps(recipe), []).append(key)
    wrong: dict[Problem, list[str]] = {}
    for recipe, keys in networks.items():
        for key, problem in _tried(json.loads(recipe), {key: settings.rows[key].objective for key in keys}):
            wrong.setdefault(problem, []).append(key)
    torch.set_num_threads(threads)
    tried = settings.rows.keys() - {key for keys in wrong.values() for key in keys}
    for key, row in settings.rows.items():  # a training counts its network at the data set's own size too
        its = settings.datasets[row.dataset]
        if key in tried and settings.size(row.dataset) != its.size:
            try:
                models.outline(row.model.name, its.size, its.channels, 1.0, row.model.arguments)
            except files.BadInput as error:
                wrong.setdefault(("model", f"at datasets.{row.dataset}.size = {its.size}: {error}"), []).append(key)
    return [_line(settings, *problem, keys) for problem, keys in wrong.items()]


def _tried(recipe: Sequence[Any], rows: Mapping[str, params.Component | None]) -> Iterator[tuple[str, Problem]]:
    """What is wrong with each of the rows, whose objectives are given, that share a network."""
    from autofaces.app import contract

    try:
        model, problems = contract.tried(*recipe)
        wrong = [("", problem) for problem in problems]
    except files.BadInput as error:
        wrong = [("model", str(error))]
    if wrong:
        yield from ((key, problem) for key in rows for problem in wrong)
        return
    found: dict[str, str | None] = {}
    for key, objective in rows.items():
        named = objective.model_dump_json() if objective else ""
        if named not in found:
            found[named] = contract.objection(model, objective, *recipe[1:3])
        if found[named]:
            yield key, ("objective", found[named])


def _line(settings: params.Params, where: str, problem: str, keys: Sequence[str]) -> str:
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    if not where:
        return f"{problem} (row {keys[0]}{more})"
    place = f"{params.PATH}: {settings.place(keys[0])}.{where}"
    return f"{place}: {problem}" + (f" (row {keys[0]}{more})" if more else "")
