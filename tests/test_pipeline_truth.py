"""dvc.yaml says exactly what each stage imports, reads and writes."""

import ast
import copy
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MODEL = "src/autofaces/models/${item.model.name}.py"
# what a stage's own names are called in dvc.yaml
NAMES = {
    "key": "key",
    "dataset": "key",
    "dataset.archive": "item.archive",
    "experiment.dataset": "item.dataset",
    "experiment.paper": "item.paper",
    "paper": "item",
    "row": "item",
}


def imported(file: Path) -> set[str]:
    """Our modules that a file imports, and those that they import: non-empty files under src/."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        for node in ast.walk(ast.parse(waiting.pop().read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "autofaces":
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names if alias.name.startswith("autofaces")]
            else:
                continue
            for name in names:
                path = ROOT / "src" / name.replace(".", "/")
                for module in (path.with_suffix(".py"), path / "__init__.py"):
                    if module.is_file() and module.read_text() and module not in found:
                        found.add(module)
                        waiting.append(module)
    return {str(module.relative_to(ROOT)) for module in found}


def model_files() -> list[Path]:
    skip = {"__init__.py", "layers.py"}
    return [f for f in sorted((ROOT / "src/autofaces/models").glob("*.py")) if f.name not in skip]


def template(node: ast.expr) -> str | None:
    """A string of the source as dvc.yaml would write it: f"data/{key}" -> data/${key}."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "${" + NAMES.get(ast.unparse(part.value), "?") + "}"
            for part in node.values
        )
    return None


def read_settings(script: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("params.section", "params.profile"):
            name = template(node.args[0])
            found.add(f"profiles.${{profile}}.{name}" if node.func.attr == "profile" else name)
    return found


def used_paths(script: Path) -> set[str]:
    nodes = [n for statement in ast.parse(script.read_text()).body[1:] for n in ast.walk(statement)]
    pieces = {id(piece) for n in nodes if isinstance(n, ast.JoinedStr) for piece in n.values}
    strings = {template(n) for n in nodes if isinstance(n, ast.expr) and id(n) not in pieces}
    return {s for s in strings if s and re.match(r"(data|models|metrics|figures|report)/", s)}


def beside(code: set[str]) -> set[str]:
    """What lies beside the modules of a package and is not Python: templates, styles, scripts."""
    found = {path for module in code for path in (ROOT / module).parent.iterdir() if path.is_file()}
    return {str(path.relative_to(ROOT)) for path in found if path.suffix in (".css", ".jinja", ".js")}


def models(stage: dict, script: Path) -> set[str]:
    """The model files that a stage needs: each its own experiment's, or where it lists or names experiments, theirs."""
    rows = stage.get("foreach", [path.split("/")[1] for path in used_paths(script) if path.startswith("models/")])
    if not isinstance(rows, list):
        return {MODEL}
    experiments = yaml.safe_load((ROOT / "params.yaml").read_text())["experiments"]
    return {f"src/autofaces/models/{experiments[row]['model']['name']}.py" for row in rows}


def files_of(entry: str) -> set[str]:
    """The files that an entry of our code in dvc.yaml stands for: of a folder, all that are not empty."""
    if not (ROOT / entry).is_dir():
        return {entry}
    inside = (f for f in (ROOT / entry).rglob("*") if f.is_file() and "__pycache__" not in f.parts)
    return {str(f.relative_to(ROOT)) for f in inside if f.read_bytes()}


def differences(pipeline: dict) -> list[str]:
    """What dvc.yaml says and the stages do not do, and the other way round."""
    wrong = []
    for name, stage in pipeline["stages"].items():
        do = stage.get("do", stage)
        script = ROOT / do["cmd"].split()[1]
        code = imported(script) | {str(script.relative_to(ROOT))}
        if "src/autofaces/models/__init__.py" in code:
            code = code.union(models(stage, script), *(imported(file) for file in model_files()))
        code |= beside(code)
        declared = set(do["deps"])
        entries = {d for d in declared if d.startswith(("src/", "stages/"))}
        declared -= entries
        declared_code = set().union(*map(files_of, entries))
        wrong += [f"{name}: imports {path}, not in deps" for path in sorted(code - declared_code)]
        wrong += [f"{name}: deps has {path}, not imported" for path in sorted(declared_code - code)]

        settings, listed = read_settings(script), set(do.get("params", []))
        if settings and "params.yaml" in declared:  # all of them
            declared.remove("params.yaml")
            settings &= listed
        wrong += [f"{name}: reads {key}, not in params" for key in sorted(settings - listed)]
        wrong += [f"{name}: params has {key}, not read" for key in sorted(listed - settings)]

        outs = [next(iter(o)) if isinstance(o, dict) else o for o in do["outs"] + do.get("metrics", [])]
        paths, known = used_paths(script), declared | set(outs)
        wrong += [
            f"{name}: uses {path}, neither in deps nor outs"
            for path in sorted(paths)
            if not any(path == k or path.startswith(f"{k}/") for k in known)
        ]
        wrong += [
            f"{name}: declares {k}, not used"
            for k in sorted(known)
            if not any(path == k or path.startswith(f"{k}/") for path in paths)
        ]
    return wrong


@pytest.fixture
def pipeline() -> dict:
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())


def test_dvc_yaml_declares_exactly_what_the_stages_import_read_and_write(pipeline):
    assert differences(pipeline) == []


@pytest.mark.parametrize(
    ("section", "entry", "message"),
    [
        ("deps", "src/autofaces/training.py", "train: imports src/autofaces/training.py, not in deps"),
        ("deps", MODEL, f"train: imports {MODEL}, not in deps"),
        (
            "deps",
            "data/arrays/${item.dataset}",
            "train: uses data/arrays/${item.dataset}, neither in deps nor outs",
        ),
        ("params", "train", "train: reads train, not in params"),
        (
            "params",
            "profiles.${profile}.scale.${item.dataset}",
            "train: reads profiles.${profile}.scale.${item.dataset}, not in params",
        ),
    ],
)
def test_an_entry_taken_out_is_noticed(pipeline, section, entry, message):
    broken = copy.deepcopy(pipeline)
    broken["stages"]["train"]["do"][section].remove(entry)
    assert differences(broken) == [message]


@pytest.mark.parametrize(
    ("section", "entry", "message"),
    [
        ("deps", "src/autofaces/figures.py", "evaluate: deps has src/autofaces/figures.py, not imported"),
        ("deps", "data/raw/${item.dataset}", "evaluate: declares data/raw/${item.dataset}, not used"),
        ("params", "seed", "evaluate: params has seed, not read"),
    ],
)
def test_an_entry_too_many_is_noticed(pipeline, section, entry, message):
    broken = copy.deepcopy(pipeline)
    broken["stages"]["evaluate"]["do"][section].append(entry)
    assert differences(broken) == [message]


def test_every_paper_with_experiments_has_its_figures_drawn(pipeline):
    experiments = yaml.safe_load((ROOT / "params.yaml").read_text())["experiments"]
    papers = {e["paper"] for e in experiments.values()} - {"baseline"}
    assert set(pipeline["stages"]["render"]["foreach"]) == papers


def test_params_yaml_is_written_as_dvc_rewrites_it():
    from dvc.utils.serialize import modify_yaml

    path = ROOT / "params.yaml"
    before = path.read_text()
    try:
        with modify_yaml(str(path)):
            pass
        assert path.read_text() == before
    finally:
        path.write_text(before)
