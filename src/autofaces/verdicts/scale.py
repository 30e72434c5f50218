"""How much of the papers' work rows were measured at, and what a verdict at that scale is worth."""

from collections.abc import Mapping, Sequence

# of what a row's config calls its faces, in words
FACES_ARE = {"synthetic": "synthetic faces", "local": "real faces, local archives", "official": "real faces"}
PAPER, REDUCED, SYNTHETIC = "paper", "reduced", "synthetic"  # grades
ALL_DATA = 0.85  # of a data set's official images: a paper's own copy may lack as many
ENOUGH_SEEDS = 3
SHARES = ("data", "passes", "width", "batch", "size", "seeds")
Facts = Mapping[str, object]  # a row's config.json or metrics.json


def shares(rows: Sequence[tuple[Facts, Facts]]) -> dict[str, float | None]:
    """The least share over rows, a config and metrics each, of what the papers' own work takes.

    data: of the official images; passes: of the images that the paper's training sees; width, batch, size: of the
    network, of the batch and of the image's side; seeds: how many. None where it is not known, and of what a closed
    form does not have.
    """
    each = [_shares(*row) for row in rows]
    found = {name: [row[name] for row in each if row[name] is not None] for name in SHARES}
    if any(row["data"] is None for row in each):
        found["data"] = []
    return {name: float(f"{min(values):.4g}") if values else None for name, values in found.items()} | {
        "seeds": min(found["seeds"], default=None)
    }


def grade(rows: Sequence[tuple[Facts, Facts]]) -> str:
    """What verdicts on rows, a config and metrics each, are worth: paper (real faces, at least 85 % of the official
    ones, everything else as in the paper, three seeds or more; and what follows without rows), reduced (real, but
    less), synthetic (one of the rows is)."""
    if any(config["faces"] == "synthetic" for config, _ in rows):
        return SYNTHETIC
    return PAPER if all(_as_in_the_paper(*row) for row in rows) else REDUCED


def passes(config: Facts, metrics: Facts) -> float | None:
    """The share of the images that its paper's training sees, on all of the official images where it counts epochs;
    None of a closed form."""
    train, training = config["train"], config["training"]
    if not train:
        return None
    official = config["official_images"]
    more = official / metrics["images"] if "epochs" in train and official else 1.0
    return training["images"] / (training["full_images"] * more)


def trained_on_validation(config: Facts) -> bool:
    """Whether a row's training saw the validation images, on which its course is measured."""
    return bool((config["train"] or {}).get("with_validation"))


def _shares(config: Facts, metrics: Facts) -> dict[str, float | None]:
    train, training, official = config["train"], config["training"], config["official_images"]
    found = {"data": official and metrics["images"] / official, "size": config["size"] / config["full_size"]}
    if train:
        found |= {"passes": passes(config, metrics), "width": config["scale"]["width"]}
        found |= {"batch": training["batch_size"] / train["batch_size"], "seeds": metrics["seeds"]}
    return dict.fromkeys(SHARES) | found


def _as_in_the_paper(config: Facts, metrics: Facts) -> bool:
    found = _shares(config, metrics)
    if (found["data"] or 0) < ALL_DATA or found["size"] != 1:
        return False
    if not config["train"]:
        return True
    whole = config["training"]["images"] == config["training"]["full_images"]
    return whole and found["width"] == found["batch"] == 1 and found["seeds"] >= ENOUGH_SEEDS
