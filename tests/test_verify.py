"""Is the workspace what a commit says? On a pipeline of two rows whose outputs are written as if they had run."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from autofaces import papers
from autofaces.core.files import BadInput
from autofaces.pipeline import verify
from autofaces.pipeline.verify import CHANGED, NOT_RUN, OTHER, REDRAWN, SAME, WITHIN

ROW = {"mse": 0.02, "sharpness": 1.5, "profile": "demo"}
CLAIM = {"verdict": "holds", "interval": [0.6, 0.7], "effect": 0.66, "rule": "< 1", "experiments": ["a", "b"]}
PARAMS = "datasets: {faces: {size: 64}}\nexperiments: {a: {rate: 0.1}, b: {rate: 0.1}}\n"
STAGES = {  # the dependencies, the setting and the outputs of each
    "preprocess@faces": (["src/data.py"], "datasets.faces", ["data/faces"]),
    "train@a": (["data/faces", "src/train.py"], "experiments.a", ["models/a"]),
    "evaluate@a": (["models/a", "src/measure.py"], None, ["data/evaluations/a", "metrics/a.json"]),
    "train@b": (["data/faces", "src/train.py"], "experiments.b", ["models/b"]),
    "evaluate@b": (["models/b", "src/measure.py"], None, ["data/evaluations/b", "metrics/b.json"]),
    "render@paper": (["data/evaluations", "src/draw.py"], None, ["figures/paper"]),
    "claims": (["data/evaluations", "src/judge.py"], None, ["metrics/claims.json"]),
}


def git(root: Path, *arguments: str) -> str:
    name = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", "-C", root, *name, *arguments], check=True, capture_output=True, text=True).stdout


def write(root: Path, path: str, content: object) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content if isinstance(content, str) else json.dumps(content))


def md5(path: Path) -> str:
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return hashlib.md5(b"".join(file.read_bytes() for file in files)).hexdigest()


def reproduce(root: Path, outputs: dict[str, object], stages: dict = STAGES) -> None:
    """Write outputs, and dvc.lock as after `dvc repro`."""
    for path, content in outputs.items():
        write(root, path, content)
    settings = yaml.safe_load((root / "params.yaml").read_text())

    def hashed(paths: list[str]) -> list[dict]:
        return [{"path": path, "md5": md5(root / path)} for path in paths]

    lock = {}
    for name, (deps, key, outs) in stages.items():
        lock[name] = {"cmd": f"run {name}", "deps": hashed(deps), "outs": hashed(outs)}
        if key:
            section, item = key.split(".")
            lock[name]["params"] = {"params.yaml": {key: settings[section][item]}}
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": lock}, sort_keys=False))


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "results")


def results(
    others: dict | None = None, a: dict | None = None, b: dict | None = None, claim: dict | None = None
) -> dict:
    """The outputs of all stages: some others, and otherwise some numbers of row a, of b, and of the claim C1."""
    made = {path: f"made by {name}" for name, (_, _, outs) in STAGES.items() for path in outs}
    claims = [CLAIM | {"id": "C1"} | (claim or {}), CLAIM | {"id": "C2", "rule": None, "verdict": None}]
    made |= {"metrics/a.json": ROW | (a or {}), "metrics/b.json": ROW | (b or {}), "metrics/claims.json": claims}
    return made | (others or {})


@pytest.fixture
def root(tmp_path) -> Path:
    """A project whose last commit has its results, just reproduced."""
    root = tmp_path / "project"
    write(root, "params.yaml", PARAMS)
    write(root, ".gitignore", "/data/\n/models/\n")
    for path in {dep for deps, _, _ in STAGES.values() for dep in deps if dep.startswith("src/")}:
        write(root, path, f"# {path}\n")
    git(root, "init", "--quiet")
    reproduce(root, results())
    commit(root)
    return root


def states(report: verify.Report) -> dict[str, str]:
    return {found.stage: found.state for found in report.findings}


def words(report: verify.Report, stage: str) -> str:
    return next(found.words for found in report.findings if found.stage == stage)


def test_a_workspace_that_is_what_the_commit_says_has_the_same_bytes_throughout(root):
    report = verify.check(root=root)
    short = git(root, "rev-parse", "--short", "HEAD").strip()
    assert verify.lines(report)[-1] == f"verify: 7 stages: 7 same bytes, 0 changed, against HEAD ({short})"
    assert not report.changed


def test_a_number_a_little_off_is_within_the_tolerance_and_named_and_so_is_the_training_behind_it(root):
    reproduce(root, results({"models/a": "other rounding"}, a={"mse": 0.0201, "sharpness": 1.59}))
    report = verify.check(root=root)
    assert words(report, "evaluate@a") == "sharpness 1.5 -> 1.59 (5.7 %)"
    assert words(report, "train@a") == "other bytes: see evaluate@a"
    expected = dict.fromkeys(STAGES, SAME) | {"evaluate@a": WITHIN, "train@a": WITHIN}
    assert states(report) == expected
    assert "2 within 10 % (worst: a sharpness 5.7 %), 0 changed" in verify.summary(report)
    assert not report.changed


def test_a_number_beyond_the_tolerance_has_changed(root):
    reproduce(root, results({"models/a": "other"}, a={"mse": 0.025}))
    report = verify.check(root=root)
    assert states(report)["evaluate@a"] == states(report)["train@a"] == CHANGED
    assert "  evaluate@a                                  mse 0.02 -> 0.025 (20.0 %)" in verify.lines(report)
    assert report.changed


@pytest.mark.parametrize("now", [{"profile": "paper"}, {"swd": 3.0}, {"mse": None}], ids=["word", "new", "gone"])
def test_what_is_not_the_same_number_has_changed(root, now):
    reproduce(root, results(a=now))
    assert verify.check(root=root).changed


def test_the_same_numbers_from_other_weights_are_within_the_tolerance(root):
    reproduce(root, results({"models/a": "other", "data/evaluations/a": "other pictures"}))
    report = verify.check(root=root)
    assert words(report, "evaluate@a") == "the same numbers"
    assert "2 within 10 %, 0 changed" in verify.summary(report)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"verdict": "fails", "effect": 1.3, "interval": [1.2, 1.4]}, "C1 holds -> fails"),
        ({"verdict": "open", "interval": [0.6, 1.01]}, "C1 holds -> open"),
        ({"verdict": "not run", "effect": None, "interval": None}, "C1 holds -> not run"),
    ],
)
def test_a_verdict_that_turns_has_changed_whatever_the_tolerance(root, now, told):
    reproduce(root, results(claim=now))
    report = verify.check(root=root)
    assert words(report, "claims") == told
    assert report.changed


def test_effects_that_turn_no_verdict_have_not_changed(root):
    reproduce(root, results(claim={"effect": 0.2, "interval": [0.1, 0.3]}))
    report = verify.check(root=root)
    assert words(report, "claims") == "no verdict changed; 1 of 2 effects moved"
    assert states(report)["claims"] == WITHIN


def test_a_setting_that_differs_excuses_what_is_made_with_it_and_nothing_else(root):
    write(root, "params.yaml", PARAMS.replace("a: {rate: 0.1}", "a: {rate: 0.2}"))
    others = {"models/a": "other", "data/evaluations/a": "other", "figures/paper": "other"}
    reproduce(root, results(others, a={"mse": 9.0}, b={"mse": 0.0201}, claim={"verdict": "open"}))
    report = verify.check(root=root)
    assert states(report) == {
        "preprocess@faces": SAME,
        "train@a": OTHER,
        "evaluate@a": OTHER,
        "train@b": SAME,
        "evaluate@b": WITHIN,
        "render@paper": OTHER,
        "claims": OTHER,
    }
    assert next(found.moved for found in report.findings if found.stage == "train@a") == ["experiments.a"]
    assert "4 other inputs" in verify.summary(report)
    assert not report.changed


def test_edited_code_that_makes_the_same_bytes_is_the_same_and_excuses_nothing_after_it(root):
    write(root, "src/data.py", "# a better comment\n")
    reproduce(root, results({"models/a": "other"}, a={"mse": 0.03}))
    report = verify.check(root=root)
    assert states(report)["evaluate@a"] == CHANGED
    assert "5 same bytes (1 from other inputs)" in verify.summary(report)


def test_rows_that_other_inputs_left_with_the_same_numbers_are_counted(root):
    write(root, "src/train.py", "# a digest of the code stands in the weights\n")
    reproduce(root, results({"models/a": "1", "models/b": "2", "data/evaluations/a": "1"}))
    assert "3 other inputs (1 with the same numbers), against" in verify.summary(verify.check(root=root))


def test_another_machine_is_no_other_input(root):
    everything = {path: "other" for _, _, outs in STAGES.values() for path in outs if not path.startswith("metrics/")}
    reproduce(root, results(everything, a={"mse": 0.0201}))
    found = states(verify.check(root=root))
    assert found == dict.fromkeys(STAGES, WITHIN) | {"render@paper": REDRAWN, "claims": SAME}


def test_data_are_judged_by_the_rows_made_of_them(root):
    reproduce(root, results({"data/faces": "other"}, b={"mse": 0.03}))
    report = verify.check(root=root)
    assert words(report, "preprocess@faces") == "other bytes: see evaluate@a, evaluate@b"
    assert states(report)["preprocess@faces"] == CHANGED


def test_pictures_are_redrawn_and_never_changed(root):
    reproduce(root, results({"figures/paper": "other"}))
    report = verify.check(root=root)
    assert states(report)["render@paper"] == REDRAWN
    assert "1 redrawn, " in verify.summary(report)
    assert not report.changed


def test_what_was_edited_and_not_run_is_told_apart(root):
    write(root, "params.yaml", PARAMS.replace("b: {rate: 0.1}", "b: {rate: 0.2}"))
    write(root, "src/draw.py", "# edited\n")
    write(root, "metrics/a.json", ROW | {"mse": 0.01})
    report = verify.check(root=root)
    expected = {"train@b": "experiments.b", "render@paper": "src/draw.py", "evaluate@a": "metrics/a.json"}
    for stage, what in expected.items():
        assert words(report, stage) == f"missing or edited since: {what}"
    assert states(report) == dict.fromkeys(STAGES, SAME) | dict.fromkeys(expected, NOT_RUN)


def test_a_number_is_the_same_however_dvc_writes_it(root):
    write(root, "params.yaml", PARAMS.replace("b: {rate: 0.1}", "b: {rate: 0.00001}"))
    reproduce(root, {})
    write(root, "params.yaml", PARAMS.replace("b: {rate: 0.1}", "b: {rate: 1e-05}"))
    assert states(verify.check(root=root))["train@b"] != NOT_RUN


def test_a_row_whose_model_was_trained_anew_waits_for_its_evaluation(root):
    lock = yaml.safe_load((root / "dvc.lock").read_text())
    lock["stages"]["train@a"]["outs"][0]["md5"] = "0" * 32
    write(root, "dvc.lock", yaml.safe_dump(lock, sort_keys=False))
    assert states(verify.check(root=root))["evaluate@a"] == NOT_RUN


def test_a_fresh_clone_is_told_that_nothing_has_run(root, tmp_path):
    git(tmp_path, "clone", "--quiet", str(root), "clone")
    with pytest.raises(BadInput, match=r"no stage of dvc.lock has run here .*data/faces.*: `make repro`"):
        verify.check(root=tmp_path / "clone")


def test_new_and_gone_stages_are_listed_in_a_line_each(root):
    stages = {name: stage for name, stage in STAGES.items() if not name.endswith("@b")}
    reproduce(root, results(), stages | {"train@c": STAGES["train@a"], "outliers@c": STAGES["evaluate@a"]})
    told = verify.lines(verify.check(root=root))
    assert "new: train@c, outliers@c" in told
    assert "gone: train@b, evaluate@b" in told
    assert told[-1].startswith("verify: 9 stages: 5 same bytes, 0 changed, 2 new, 2 gone, against HEAD")


def test_stages_whose_outputs_have_other_paths_have_other_inputs_after_them(root):
    moved = {"evaluate@a": (["models/a", "src/measure.py"], None, ["data/paper/a", "metrics/a.json"])}
    claims = {"claims": (["data/paper/a", "src/judge.py"], None, ["metrics/claims.json"])}
    reproduce(root, results({"data/paper/a": "moved"}, claim={"verdict": "open"}), STAGES | moved | claims)
    assert verify.check(root=root).changed is False


def test_every_line_fits_a_terminal_and_the_summary_is_one(root):
    report = verify.check(root=root)
    long = verify.Finding("train@" + "x" * 60, OTHER, [f"src/{i}.py" for i in range(50)])
    *told, last = verify.lines(report._replace(findings=[*report.findings, long]))
    assert max(map(len, told)) == 100
    assert last == verify.summary(report._replace(findings=[*report.findings, long]))


def test_the_table_counts_stages_by_kind(root):
    reproduce(root, results(a={"mse": 0.0201}))
    told = verify.lines(verify.check(root=root))
    assert told[0].split("  ")[0] == "stages"
    assert [line.split() for line in told if line.startswith("evaluate ")] == [["evaluate", "1", "1", "-"]]


def test_a_revision_may_be_a_branch_a_commit_or_the_folder_of_a_checkout(root, tmp_path):
    full = git(root, "rev-parse", "HEAD").strip()
    shutil.copytree(root, tmp_path / "base")
    reproduce(root, results(a={"mse": 0.0201}))
    commit(root)
    reproduce(tmp_path / "base", results(a={"mse": 0.0202}))
    assert words(verify.check(full[:9], root), "evaluate@a").startswith("mse 0.02 -> 0.0201")
    assert states(verify.check("main", root)) == dict.fromkeys(STAGES, SAME)
    assert words(verify.check("../base", root), "evaluate@a").startswith("mse 0.0202 -> 0.0201")
    assert verify.check(full, root).base == git(root, "rev-parse", "--short", full).strip()


def test_a_project_in_a_folder_of_its_repository_is_found_there(root):
    git(root.parent, "init", "--quiet")
    shutil.rmtree(root / ".git")
    commit(root.parent)
    assert states(verify.check(root=root)) == dict.fromkeys(STAGES, SAME)


def remove_from_commit(root: Path, path: str) -> None:
    git(root, "rm", "--quiet", "--cached", path)
    git(root, "commit", "--quiet", "--message", "without")


@pytest.mark.parametrize(
    ("spoil", "rev", "message"),
    [
        (lambda root: None, "nowhere", r"nowhere: no such commit .*, no folder with a dvc\.lock"),
        (lambda root: None, "main..main", r"main\.\.main: no such commit"),
        (lambda root: shutil.rmtree(root / ".git"), "HEAD", "HEAD: fatal: not a git repository"),
        (
            lambda root: (root / "dvc.lock").unlink(),
            "HEAD",
            r"the workspace has no dvc\.lock: only what was reproduced",
        ),
        (lambda root: write(root, "dvc.lock", ""), "HEAD", "no stage of dvc.lock has run here .it has none"),
        (lambda root: write(root, "dvc.lock", "a: b\n<<<<<<< HEAD\n"), "HEAD", r"dvc\.lock of the workspace cannot be"),
        (lambda root: remove_from_commit(root, "dvc.lock"), "HEAD", r"HEAD \(\w+\) has no dvc\.lock"),
        (lambda root: remove_from_commit(root, "metrics/a.json"), "HEAD", r"HEAD \(\w+\) has no metrics/a\.json"),
        (lambda root: remove_from_commit(root, "metrics/claims.json"), "HEAD", r"HEAD \(\w+\) has no metrics/claims"),
    ],
    ids=["no commit", "range", "no git", "no lock", "empty lock", "merge", "no lock there", "no row", "no claims"],
)
def test_what_cannot_be_compared_is_told_in_one_line(root, spoil, rev, message):
    reproduce(root, results(a={"mse": 0.0201}, claim={"effect": 0.67}))
    spoil(root)
    with pytest.raises(BadInput, match=message) as error:
        verify.check(rev, root)
    assert "\n" not in str(error.value)


def test_metrics_that_are_no_json_are_named(root):
    reproduce(root, results({"metrics/a.json": "<<<<<<< HEAD"}))
    with pytest.raises(BadInput, match=r"metrics/a\.json of the workspace cannot be read: Expecting value"):
        verify.check(root=root)


def test_without_git_there_is_one_line(root, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BadInput, match="git is not installed"):
        verify.check(root=root)


@pytest.mark.parametrize(
    ("rule", "effect", "expected"),
    [
        ("< 1", 0.9, True),
        ("> 0.5 ± 0.05", 0.52, True),
        ("> 0.5 ± 0.05", 0.44, False),
        ("0.95305 to 0.95315", 0.9948, False),
        ("outside 0.99 to 1.01", 1.2, True),
        (None, 1.2, None),
        ("< 1", None, None),
    ],
)
def test_whether_an_effect_keeps_its_rule_is_read_from_its_text(rule, effect, expected):
    assert verify.keeps({"rule": rule, "effect": effect}) is expected


@pytest.mark.parametrize("key", papers.keys())
def test_every_rule_of_the_papers_is_read_as_it_is(key):
    for rule in (part.rule for claim in papers.load(key).CLAIMS for part in claim.parts if part.rule):
        for effect in (-2.5, 0.0, 0.5, 0.95, 0.9531, 1.0, 1.05, 3.0):
            for text in (rule.text(exact=False), rule.text(exact=True)):
                assert verify.keeps({"rule": text, "effect": effect}) is rule.keeps((effect, effect))


@pytest.fixture
def ablated(root) -> Path:
    """Its row b is no paper's: no file in metrics/ but its line of the summary."""
    moved = {"train@b": "train-ablation@b", "evaluate@b": "evaluate-ablation@b"}
    write(root, "metrics/summary.csv", SUMMARY)
    stages = {moved.get(name, name): stage for name, stage in STAGES.items()}
    stages["evaluate-ablation@b"] = (["models/b", "src/measure.py"], None, ["data/evaluations/b"])
    stages["collect"] = (["data/evaluations"], None, ["metrics/summary.csv"])
    made = results({"metrics/summary.csv": SUMMARY})
    reproduce(root, made, stages)
    commit(root)
    return root


SUMMARY = "experiment,profile,mse,swd\na,demo,0.02,\nb,demo,0.03,4\n"


def remeasured(root: Path, line: str) -> verify.Report:
    """The ablation evaluated on another machine, with this line of the summary."""
    lock = yaml.safe_load((root / "dvc.lock").read_text())["stages"]
    stages = {
        name: ([d["path"] for d in s["deps"]], next(iter(s.get("params", {}).get("params.yaml", {})), None), outs)
        for name, s in lock.items()
        for outs in [[o["path"] for o in s["outs"]]]
    }
    write(root, "data/evaluations/b", "other")
    write(root, "metrics/summary.csv", SUMMARY.replace("b,demo,0.03,4\n", line))
    reproduce(root, {}, stages)
    return verify.check(root=root)


@pytest.mark.parametrize(
    ("line", "state", "told"),
    [
        ("b,demo,0.03,4\n", WITHIN, "the same numbers"),
        ("b,demo,0.0301,4\n", WITHIN, "mse 0.03 -> 0.0301 (0.3 %)"),
        ("b,demo,0.06,4\n", CHANGED, "mse 0.03 -> 0.06 (50.0 %)"),
        ("b,demo,0.03,\n", CHANGED, "swd 4.0 -> None (inf %)"),
        ("", CHANGED, "mse 0.03 -> None (inf %)"),
    ],
    ids=["same", "near", "far", "no swd", "not run"],
)
def test_an_ablation_is_judged_by_its_line_of_the_summary(ablated, line, state, told):
    report = remeasured(ablated, line)
    assert states(report)["evaluate-ablation@b"] == state
    assert words(report, "evaluate-ablation@b") == told


def test_a_folder_is_hashed_as_dvc_hashes_it(tmp_path):
    for path in ("a.txt", "sub/b.txt", "a-b.txt", "__pycache__/m.pyc"):
        write(tmp_path, path, {"a.txt": "one\n", "sub/b.txt": "two\n", "a-b.txt": "three\n"}.get(path, "x"))
    assert verify._digest(tmp_path) == "396d654233487788d7212af51a7caa4e.dir"  # of `dvc add` 3.67


def test_it_starts_without_the_libraries_that_take_seconds():
    code = "import sys, autofaces.pipeline.compare; print({'torch', 'pandas', 'numpy', 'dvc'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
