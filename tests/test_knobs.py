"""What a profile does less of than the papers, in lines."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from autofaces.app import knobs
from autofaces.core import params
from autofaces.core.yaml12 import Loader
from autofaces.verdicts import rules

ROOT = Path(__file__).parents[1]

DEMO = yaml.load((ROOT / "params.yaml").read_text(), Loader)["profiles"]["demo"]


def lines(profile: str = "demo", **changed) -> list[str]:
    settings = yaml.load((ROOT / "params.yaml").read_text(), Loader) | {"profile": profile}
    settings["profiles"][profile] |= changed
    return knobs.lines(params.Params.model_validate(settings))


def found(lines: list[str], start: str) -> str:
    (line,) = [line for line in lines if line.startswith(start)]
    return line


def test_at_the_papers_own_scale_there_is_nothing_to_say():
    assert lines("paper") == []


def test_there_is_a_line_for_each_data_set_and_knob_that_is_turned_down():
    scale = {name: {} for name in ("lfw", "anime", "celeba", "celeba-grey64")}
    scale["cufs"] = {"image_passes": 1000, "width": 0.5, "batch": 0.5}
    heads = [line.partition(" (")[0] for line in lines(images=9000, size={"cufs": 32}, scale=scale, seeds=2)]
    assert heads == [
        *("lfw: images 9,000", "anime: images 9,000", "celeba: images 9,000", "celeba-grey64: images 9,000"),
        *("cufs: size 32", "cufs: image_passes 1,000", "cufs: width 0.5", "cufs: batch 0.5", "seeds 2"),
    ]


def test_a_line_names_the_claims_that_it_touches_and_how():
    scale = DEMO["scale"] | {"celeba": {"image_passes": 2048}}
    said = found(lines(scale=scale), "celeba: image_passes 2,048 (shorter trainings): ")
    assert said.endswith(" are of unfinished trainings")
    claims = said.split(": ")[2].split(" are ")[0].split(", ")
    assert {"G1", "G4", "K9"} <= set(claims)
    assert not {"R1", "C1", "G2", "G7"} & set(claims)  # of other data sets, counted, arithmetic


def test_what_is_counted_of_whole_networks_is_told_apart():
    assert "; G2 is counted at full width" in found(
        lines(), f"celeba: width {DEMO['scale']['celeba']['width']} (narrower networks): "
    )


def test_closed_forms_are_not_trained_so_only_faces_and_their_size_touch_them():
    rows = {"pca-cufs": params.load(ROOT / "params.yaml").experiments["pca-cufs"].model_dump(exclude_none=True)}
    settings = yaml.load((ROOT / "params.yaml").read_text(), Loader)
    settings |= {"experiments": rows, "ablations": {}}
    settings["profiles"]["smoke"]["ablations"] = False
    settings["profiles"]["demo"]["images"] = 100
    assert [line.split()[1] for line in knobs.lines(params.Params.model_validate(settings))] == ["images"]


def test_a_smaller_batch_is_told_by_what_it_was_and_is():
    scale = {name: {} for name in ("lfw", "anime", "celeba-grey64", "cufs")}
    said = found(lines(scale=scale | {"celeba": {"batch": 0.5}}), "celeba: batch 0.5 ")
    assert "(smaller batches: 32 to 16, 64 to 32, 128 to 64, 256 to 128)" in said  # those of 16 stay


@pytest.mark.parametrize("batch", [0.1, 0.5])
def test_a_factor_that_leaves_every_batch_as_it_is_says_nothing(batch):
    scale = {name: {} for name in ("lfw", "anime", "celeba", "celeba-grey64")}
    settings = yaml.load((ROOT / "params.yaml").read_text(), Loader)
    for key in ("kolotouros-sketch-ae", "kolotouros-sketch-vae"):
        settings["experiments"][key]["train"]["batch_size"] = 16
    settings["profiles"]["demo"] |= {
        "scale": scale | {"cufs": {"batch": batch}},
        "images": 10**6,
        "size": {},
        "seeds": 3,
    }
    assert knobs.lines(params.Params.model_validate(settings)) == []


def test_a_cap_that_no_training_reaches_says_nothing_and_one_that_some_reach_is_of_these_alone():
    scale = {name: {} for name in ("lfw", "anime", "celeba", "celeba-grey64")}
    steps = 1299 * 32

    def said(image_passes: int, ablations: bool | list[str] = False) -> list[str]:
        capped = scale | {"cufs": {"image_passes": image_passes}}
        return [line for line in lines(scale=capped, ablations=ablations) if "image_passes" in line]

    assert said(steps) == []
    assert "C1, C2, C3, C7 " in said(steps - 1)[0]
    (longer,) = said(steps, ["kolotouros-sketch-vae-long"])
    assert "C1" not in longer
    most = DEMO["images"] * 8 // 10 * 10  # eight tenths train, ten times
    epochs = scale | {"cufs": {}, "lfw": {"image_passes": most}}
    assert [line for line in lines(scale=epochs) if "image_passes" in line] == []
    fewer = scale | {"cufs": {}, "lfw": {"image_passes": most - 1}}
    assert len([line for line in lines(scale=fewer) if "image_passes" in line]) == 1


def test_claims_that_are_not_run_are_not_named():
    grey = f"celeba-grey64: width {DEMO['scale']['celeba-grey64']['width']} "
    assert "C8" not in found(lines(), grey)
    assert "C4, C8 are" in found(lines(ablations=["kolotouros-celeba-vae-deeper"]), grey)


def test_a_row_that_a_claim_asks_for_its_gate_alone_is_counted(monkeypatch):
    part = rules.value("ray-stacked:mse", rules.below(1), gate=("kovenko-ae",))
    claim = rules.Claim("X1", "nowhere", "A claim.", "It is gated.", (part,))
    monkeypatch.setattr(knobs.papers, "load", lambda key: SimpleNamespace(CLAIMS=[claim] if key == "ray2020" else []))
    assert ": X1 is of less detail" in found(lines(), "anime: size 64 ")


@pytest.mark.parametrize(("seeds", "end"), [(1, "; no interval covers another training"), (2, "")])
def test_too_few_seeds_for_the_grade_of_a_paper_are_told(seeds, end):
    assert lines("paper", seeds=seeds) == [f"seeds {seeds} (of 3): no claim on what is trained is of grade paper{end}"]
