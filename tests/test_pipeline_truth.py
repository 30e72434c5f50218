"""dvc.yaml says exactly what each stage imports, reads and writes; and the rooms of src/autofaces keep their order."""

import ast
import copy
import re
import shutil
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "autofaces"
# a room may import those before it
ROOMS = [
    *("core", "synthetic", "data", "training", "networks", "evaluation", "verdicts", "papers", "figures"),
    *("report", "pipeline", "app"),
]
PLUMBING = "core"  # decides no number, so no stage names it
OF_A_MODEL = {"networks", "training"}  # models/<row>/config.json holds a digest of them
NETWORK = "src/autofaces/networks/${item.model.name}.py"
PAPER = "src/autofaces/papers/${key}.py"
# what a script's own names are called in dvc.yaml
NAMES = {
    "key": "key",
    "paper": "key",
    "row": "item",
    "archive": "item.archive",
    "dataset": "item.dataset",
    "experiment.dataset": "item.dataset",
    "experiment.paper": "item.paper",
}


def settings() -> dict:
    return yaml.safe_load((ROOT / "params.yaml").read_text())


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.read_text()]


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0]


def imports(file: Path) -> set[Path]:
    """Our modules that a file imports, wherever in it: non-empty files of the package."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "autofaces":
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("autofaces")]
        else:
            continue
        for name in names:
            path = ROOT / "src" / name.replace(".", "/")
            found |= {m for m in (path.with_suffix(".py"), path / "__init__.py") if m.is_file() and m.read_text()}
    return found


def needed(script: Path) -> set[Path]:
    """Our modules that a script imports, and those that they import; papers that are found by name among them."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        file = waiting.pop()
        new = imports(file) - found
        if PACKAGE / "papers" / "__init__.py" in new:
            new |= set((PACKAGE / "papers").glob("*.py"))
        found |= new
        waiting += new
    return found


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


def read_settings(file: Path, rows: str = "experiments") -> set[str]:
    """The settings that a script reads whose rows are those of `rows`."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            match ast.unparse(node.func):
                case "params.section":
                    found.add(template(node.args[0]))
                case "params.profile":
                    found.add(f"profiles.${{profile}}.{template(node.args[0])}")
                case "params.row":
                    found.add(f"{rows}.${{key}}")
                case "params.runs" if rows == "ablations":  # the others all run
                    found.add("profiles.${profile}.ablations")
    return found


def used_paths(script: Path, declared: set[str]) -> set[str]:
    text = script.read_text()
    nodes = [n for statement in ast.parse(text).body[1:] for n in ast.walk(statement)]
    pieces = {id(piece) for n in nodes if isinstance(n, ast.JoinedStr) for piece in n.values}
    strings = {template(n) for n in nodes if isinstance(n, ast.expr) and id(n) not in pieces}
    found = {s for s in strings if s and re.match(r"(data|models|metrics|figures|report)(/\S*[^/\s])?$", s)}
    if "stage.dependencies(" in text:  # all that dvc.yaml names
        found |= {path for path in declared if path.startswith("data/")}
    return found


def wrong_code(name: str, do: dict, script: Path) -> list[str]:
    code = needed(script)
    entries = {d for d in do["deps"] if d.startswith("src/")}
    exempt = {PLUMBING}
    if any(d.startswith("models/") for d in do["deps"]):
        exempt |= OF_A_MODEL
    named = {str(m.relative_to(ROOT)) for m in code if room(m) not in exempt}
    for folder, entry in {"src/autofaces/networks": NETWORK, "src/autofaces/papers": PAPER}.items():
        by_name = {m for m in named if m.startswith(f"{folder}/") and not m.endswith("__init__.py")}
        builds = entry == NETWORK and "src/autofaces/training/models.py" in named
        if by_name or builds:  # found by its name: of a row or a paper its own file, else the folder
            named = named - by_name | ({f"{folder}/*"} if folder in entries else {entry})
    covers = {entry: {m for m in named if m == entry or m.startswith(f"{entry}/")} for entry in entries}
    covered = set().union(*covers.values())
    wrong = [] if f"stages/{script.name}" in do["deps"] else [f"{name}: runs stages/{script.name}, not in deps"]
    wrong += [f"{name}: imports {path}, not in deps" for path in sorted(named - covered)]
    return wrong + [f"{name}: deps has {entry}, not imported" for entry in sorted(covers) if not covers[entry]]


def differences(pipeline: dict) -> list[str]:
    """What dvc.yaml says and the stages do not do, and the other way round."""
    wrong = []
    for name, stage in pipeline["stages"].items():
        do = stage.get("do", stage)
        script = ROOT / do["cmd"].split()[1]
        wrong += wrong_code(name, do, script)

        rows = "ablations" if stage.get("foreach") == "${ablations}" else "experiments"
        reads, listed = read_settings(script, rows), set(do.get("params", []))
        wrong += [f"{name}: reads {key}, not in params" for key in sorted(reads - listed)]
        wrong += [f"{name}: params has {key}, not read" for key in sorted(listed - reads)]

        outs = [next(iter(o)) if isinstance(o, dict) else o for o in do["outs"] + do.get("metrics", [])]
        known = {d for d in do["deps"] if not d.startswith(("src/", "stages/"))} | set(outs)
        paths = used_paths(script, known)
        if rows == "ablations":
            paths.discard("metrics/${key}.json")  # is of the papers' rows alone
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
    ("stage", "section", "entry", "message"),
    [
        ("train", "deps", "stages/train.py", "train: runs stages/train.py, not in deps"),
        ("train", "deps", NETWORK, f"train: imports {NETWORK}, not in deps"),
        (
            "train",
            "deps",
            "data/arrays/${item.dataset}",
            "train: uses data/arrays/${item.dataset}, neither in deps nor outs",
        ),
        ("preprocess", "params", "profile", "preprocess: reads profile, not in params"),
        ("train", "params", "experiments.${key}", "train: reads experiments.${key}, not in params"),
        ("train-ablation", "params", "ablations.${key}", "train-ablation: reads ablations.${key}, not in params"),
        (
            "train-ablation",
            "params",
            "profiles.${profile}.ablations",
            "train-ablation: reads profiles.${profile}.ablations, not in params",
        ),
        (
            "train",
            "params",
            "profiles.${profile}.scale.${item.dataset}",
            "train: reads profiles.${profile}.scale.${item.dataset}, not in params",
        ),
        ("render", "deps", PAPER, f"render: imports {PAPER}, not in deps"),
    ],
)
def test_an_entry_taken_out_is_noticed(pipeline, stage, section, entry, message):
    broken = copy.deepcopy(pipeline)
    broken["stages"][stage]["do"][section].remove(entry)
    assert message in differences(broken)


def test_a_room_taken_out_is_noticed(pipeline):
    folder = "src/autofaces/training"
    broken = copy.deepcopy(pipeline)
    broken["stages"]["train"]["do"]["deps"].remove(folder)
    assert {line.rpartition("/")[0] for line in differences(broken)} == {f"train: imports {folder}"}


@pytest.mark.parametrize(
    ("section", "entry", "message"),
    [
        ("deps", "src/autofaces/figures", "evaluate: deps has src/autofaces/figures, not imported"),
        ("deps", "data/raw/${item.dataset}", "evaluate: declares data/raw/${item.dataset}, not used"),
        ("params", "seed", "evaluate: params has seed, not read"),
    ],
)
def test_an_entry_too_many_is_noticed(pipeline, section, entry, message):
    broken = copy.deepcopy(pipeline)
    broken["stages"]["evaluate"]["do"].setdefault(section, []).append(entry)
    assert differences(broken) == [message]


def test_collect_names_every_row_and_every_measure_of_outliers(pipeline):
    known = settings()
    rows = [f"data/evaluations/{row}.zip" for row in [*known["experiments"], *known["ablations"]]]
    outliers = [f"data/outliers/{row}.zip" for row in pipeline["stages"]["outliers"]["foreach"]]
    named = [d for d in pipeline["stages"]["collect"]["deps"] if d.startswith("data/")]
    assert named == rows + outliers


def test_every_paper_of_params_yaml_is_drawn_and_has_its_file(pipeline):
    assert pipeline["stages"]["render"]["foreach"] == "${papers}"
    assert all((PACKAGE / "papers" / f"{key}.py").exists() for key in settings()["papers"])


def test_no_paper_and_no_row_is_named_but_in_its_own_file(pipeline):
    """dvc.yaml names rows where DVC knows no list: for outliers, collect and the page's playground."""
    known = settings()
    names = {*known["papers"], *known["experiments"], *known["ablations"]} - {"baseline"}
    for module in modules():
        if room(module) == "papers":
            continue
        code = ast.parse(module.read_text())
        found = {n.value for n in ast.walk(code) if isinstance(n, ast.Constant) and n.value in names}
        assert not found, module


def test_every_stage_says_what_it_does(pipeline):
    assert all(stage.get("do", stage)["desc"] for stage in pipeline["stages"].values())


def test_only_scripts_and_commands_read_settings():
    readers = {room(m) for m in modules() if read_settings(m)} | {
        room(m) for m in modules() if "params.load(" in m.read_text()
    }
    assert readers <= {"core", "pipeline", "app"}


def test_imports_run_one_way():
    for module in modules():
        for other in imports(module):
            if module.parent != PACKAGE and other.parent != PACKAGE:
                up = ROOMS.index(room(other)) > ROOMS.index(room(module))
                assert not up, f"{module.relative_to(PACKAGE)} imports {other.relative_to(PACKAGE)}"


def test_no_module_is_long():
    lines = {m: len(m.read_text().splitlines()) for m in modules() if room(m) != "papers"}
    assert {str(m.relative_to(PACKAGE)): n for m, n in lines.items() if n > 400} == {}


def test_a_stage_script_reads_as_a_sentence():
    for script in (ROOT / "stages").glob("*.py"):
        assert len(script.read_text().splitlines()) <= 35, script


def test_a_setting_changed_by_dvc_changes_no_other_line(tmp_path):
    from dvc.utils.hydra import apply_overrides

    copied = shutil.copy(ROOT / "params.yaml", tmp_path)
    apply_overrides(copied, ["experiments.kolotouros-sketch-ae.train.steps=77"])
    before, after = ((folder / "params.yaml").read_text().splitlines() for folder in (ROOT, tmp_path))
    assert len(before) == len(after)
    assert [new for old, new in zip(before, after, strict=True) if old != new] == ["      steps: 77"]
