"""The page's tables: claims with their parts, the papers' numbers beside ours, and all experiments."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from autofaces.papers import Number, Numbers
from autofaces.verdicts import scale
from autofaces.verdicts.wording import ARITHMETIC, of_no_row, percent, turned

SCALED = {"width": "width", "batch": "batch", "size": "size of images"}
EFFECT = {"value": "{:.4g}", "ratio": "× {:.4g}", "difference": "{:+.4g}", "rank": "{:+.4g}"}
INTERVAL = {"difference": "[{:+.4g}, {:+.4g}]"}  # of other kinds without a sign
REFERENCE = re.compile(r"[a-z0-9-]+:[a-z0-9_]+")  # experiment:column

Rows = Mapping[str, Mapping[str, str]]  # of summary.csv, by experiment
Recipes = Mapping[str, Mapping[str, Any]]  # config.json, by experiment


class Column(NamedTuple):
    """One column of the table of experiments."""

    key: str  # in summary.csv
    short: str
    meaning: str
    main: bool = False  # shown at first


COLUMNS = (
    Column("dataset", "data set", "what it was trained and tested on", True),
    Column(
        "mse", "mse", "mean squared error of reconstructions of test images, pixels in [0, 1]; lower is nearer", True
    ),
    Column("psnr_db", "psnr", "peak signal-to-noise ratio, dB; higher is nearer", True),
    Column("ssim", "ssim", "structural similarity, 11 × 11 Gaussian window; 1 is equal", True),
    Column(
        "sharpness_ratio",
        "sharp",
        "variance of the Laplacian over the original's; 1 is as sharp, checkerboard raises it too",
        True,
    ),
    Column(
        "sharpness_ratio_coarse",
        "coarse",
        "the same after a Gaussian of 2 pixels: sharpness at the scale of facial features",
        True,
    ),
    Column(
        "gradient_correlation",
        "detail",
        "correlation of edges (Sobel gradients) with the original's: detail that is true",
        True,
    ),
    Column(
        "grain",
        "grain",
        "share of energy at periods of 2 to 16 pixels beyond the original's near there: made up; lower is cleaner",
        True,
    ),
    Column(
        "blockiness",
        "blocks",
        "contrast across borders of 4, 16 and 64 pixels over that inside, over the original's; 1 is none made up",
        True,
    ),
    Column(
        "generalisation_gap",
        "gap",
        "error on test images over error on training images; far above 1 is overfitting",
        True,
    ),
    Column("swd", "swd", "of a VAE: distance of made-up images from test images (sliced Wasserstein × 1000)", True),
    Column("profile", "profile", "the settings it was measured at"),
    Column("seeds", "seeds", "trainings, each with a seed of its own, that the numbers are means over"),
    Column("parameters", "parameters", "learned numbers"),
    Column(
        "parameters_full", "parameters, full", "the same of the network in full width, at the paper's size of image"
    ),
    Column("flops_per_image", "flops", "floating-point operations of one reconstruction"),
    Column("flops_full", "flops, full", "the same of the network in full width, at the paper's size of image"),
    Column("precision", "precision", "number format of the training"),
    Column("training_images_seen", "images seen", "images seen in training, repetitions counted"),
    Column("test_images", "test images", "images that the numbers are means over"),
    Column("mae", "mae", "mean absolute error"),
    Column("sharpness", "sharpness", "variance of the Laplacian of the reconstruction"),
    *(
        Column(f"grain_{low}_{2 * low}", f"grain {low}–{2 * low}", f"the grain at periods of {low} to {2 * low} pixels")
        for low in (2, 4, 8)
    ),
    *(Column(f"blockiness_{n}", f"blocks {n}", f"the blocks of {n} × {n} pixels alone") for n in (4, 16, 64)),
    Column(
        "patches_detailed", "patches, detail", "contrast made up at borders of 4 pixels where a face has most detail"
    ),
    Column("patches_flat", "patches, flat", "the same where a face has least"),
    Column("colour_error", "colour", "root mean square error of the colour alone, after a Gaussian of 8 pixels"),
    Column(
        "colour_patches",
        "colour patches",
        "chroma at periods of 16 to 64 pixels beyond what the original has near there",
    ),
    Column("train_mse", "train mse", "mean squared error on training images"),
    Column("mse_of_mean", "mse of mean", "error of showing the average training image for every test image"),
    Column("kl_nats", "KL", "of a VAE: Kullback-Leibler divergence of codes from N(0, I), nats per image"),
    Column("active_units", "active", "of a VAE: numbers of the code that vary from image to image"),
    Column(
        "swd_codes", "swd, codes", "the same of images decoded from a mixture of Gaussians fitted to training codes"
    ),
    Column("swd_pca", "swd, pca", "the same of draws from a Gaussian on as many principal components: no face yet"),
    Column("swd_floor", "swd floor", "the same distance between two halves of the test images: the best there is"),
    Column("sample_sharpness_ratio", "sample sharp", "sharpness of made-up images over that of test images"),
    Column("sample_diversity", "diversity", "difference between made-up images over that between test images"),
    Column("reconstruction_nats", "reconstruction", "reconstruction term of the evidence bound, nats per image"),
    Column("excess_nats", "excess", "the same without the entropy of grey targets, which no network can do without"),
    Column("elbo_nats", "elbo", "negative evidence lower bound, nats per image"),
    Column("bits_per_dim", "bits/dim", "the same in bits for each pixel and channel"),
    Column(
        "search_precision_at_5", "search", "share of the 5 images with the nearest codes that have the query's label"
    ),
    Column("denoise_psnr_gain_db", "noise gain", "PSNR gained over an image with Gaussian noise, dB"),
    Column("denoise_dropout_psnr_gain_db", "dropout gain", "PSNR gained over an image with dropped pixels, dB"),
    Column("outlier_auroc", "outlier auroc", "how well the KL ranks outliers above test images; 0.5 is chance"),
    Column(
        "outlier_fpr_at_median", "outlier fpr", "share of test images with a KL above the median of training images"
    ),
    Column("probe_accuracy", "probe", "share of labels that a linear classifier reads from the code"),
    Column("morph_smoothness", "morph", "largest over mean step between the images of a morph; 1 is even"),
    Column("copies_ratio", "copies", "distance of samples to the nearest training image, over that of reconstructions"),
)


class Effect(NamedTuple):
    """A claim, or one of its parts, as a line of the table."""

    id: str
    name: str  # of a part
    metric: str
    effect: str
    interval: str
    rule: str
    verdict: str | None
    grade: str | None
    reason: str  # why it is so judged, or not
    turns: str  # where over the training the effect crossed its rule
    missing: list[str]
    formula: str


class Group(NamedTuple):
    """A claim with its parts."""

    id: str
    paper: str
    place: str
    claim: str
    why: str
    verdict: str
    grade: str | None  # None where nothing was measured
    scale: str  # what it was measured at
    whole: Effect
    parts: list[Effect]


def claim_groups(claims: Iterable[Mapping[str, Any]]) -> list[Group]:
    """Claims in their order, each with the parts that follow it (R3-bn is a part of R3). A reason stands once: a part
    goes without that of its claim, or of a part above it."""
    groups: list[Group] = []
    for found in claims:
        if "-" in found["id"]:
            if groups and found["id"].startswith(f"{groups[-1].id}-"):
                *above, part = groups[-1].whole, *groups[-1].parts, _effect(found)
                if any(part.reason and part.reason in one.reason for one in above):
                    part = part._replace(reason="", missing=[])
                groups[-1].parts.append(part)
            continue
        about = {key: found[key] for key in ("id", "paper", "place", "claim", "why", "verdict", "grade")}
        groups.append(Group(**about, scale=_scale(found), whole=_effect(found), parts=[]))
    return groups


def _effect(found: Mapping[str, Any]) -> Effect:
    kind, effect, interval = found.get("kind", "value"), found["effect"], found["interval"]
    ends = INTERVAL.get(kind, "[{:.4g}, {:.4g}]")
    return Effect(
        id=found["id"],
        name=found["id"].partition("-")[2],
        metric=found.get("metric", ""),
        effect="" if effect is None else EFFECT[kind].format(effect).replace("-", "−"),
        interval="" if interval is None else ends.format(*interval).replace("-", "−"),
        rule=found["rule"] or "",
        verdict=found["verdict"],
        grade=found["grade"],
        reason=found["reason"] or "",
        turns=turned(found["turns"]),
        missing=list(found["missing"]),
        formula=found.get("formula", ""),
    )


def _scale(claim: Mapping[str, Any]) -> str:
    """What a claim was measured at, in words; of the paper's own work only what is less."""
    shares = claim["shares"]
    if claim["grade"] is None:
        return ""
    if of_no_row(claim):
        return ARITHMETIC
    faces = "synthetic faces" if claim["grade"] == scale.SYNTHETIC else "real faces"
    less = {name: shares[name] for name in scale.SHARES if shares[name] not in (None, 1)}
    words = [faces]
    if less.get("data", 1) < scale.ALL_DATA and claim["grade"] != scale.SYNTHETIC:
        words.append(f"{percent(less['data'])} of the data")
    if "passes" in less:
        words.append(f"{percent(less['passes'])} of the paper's images")
    words += [f"{name} × {less[key]:g}" for key, name in SCALED.items() if key in less]
    if shares["seeds"]:
        words.append("one seed" if shares["seeds"] == 1 else f"{shares['seeds']} seeds")
    return ", ".join(words)


class Beside(NamedTuple):
    """A table of a paper's numbers with ours."""

    numbers: Numbers
    ranked: bool
    rows: list[tuple[Number, str, str, str]]  # number, ours, rank of theirs, rank of ours


def beside(numbers: Numbers, rows: Rows, claims: Sequence[Mapping[str, Any]]) -> Beside:
    """The paper's numbers with ours looked up; ranks, lowest first, where all of ours are errors."""
    effects = {found["id"]: found["effect"] for found in claims}
    ours = [_ours(number.ours, rows, effects) for number in numbers.rows]
    ranked = all(number.ours.endswith(":mse") for number in numbers.rows)
    theirs, measured = [""] * len(ours), [""] * len(ours)
    if ranked:
        theirs = _ranks([float(number.theirs) for number in numbers.rows])
        measured = _ranks([_value(number.ours, rows) for number in numbers.rows])
    return Beside(numbers, ranked, list(zip(numbers.rows, ours, theirs, measured, strict=True)))


def _ours(reference: str, rows: Rows, effects: Mapping[str, float | None]) -> str:
    kind, _, name = reference.partition(":")
    if kind == "claim":
        share = effects.get(name)
        return "not run" if share is None else f"{share:.2%}".replace("%", " %")
    if not REFERENCE.fullmatch(reference):
        return reference
    text = rows.get(kind, {}).get(name)
    return number(text) if text else "not run"


def _value(reference: str, rows: Rows) -> float | None:
    key, _, name = reference.partition(":")
    text = rows.get(key, {}).get(name)
    return float(text) if text else None


def _ranks(values: Sequence[float | None]) -> list[str]:
    known = [value for value in values if value is not None]
    return ["" if value is None else str(1 + sum(other < value for other in known)) for value in values]


def columns(rows: Rows) -> list[Column]:
    """Those columns that any row has a value in, ones that are not described here last and by their own name."""
    filled = {key for row in rows.values() for key, text in row.items() if text}
    known = {column.key for column in COLUMNS}
    others = [key for row in rows.values() for key in row if key not in known | {"experiment", "paper"}]
    return [column for column in COLUMNS if column.key in filled] + [
        Column(key, key.replace("_", " "), f"{key} of metrics/*.json") for key in dict.fromkeys(others) if key in filled
    ]


def recipe(config: Mapping[str, Any]) -> str:
    """How an experiment is made, in a line: model, objective and training with their settings."""
    words = ["an ablation, not the paper's"] if config["ablation"] else []
    for what, component in (("model", config), ("objective", config["objective"])):
        if component is None:
            words.append(f"{what}: a closed form")
            continue
        settings = _settings(component["arguments"])
        words.append(f"{what} {component['name']}" + (f" ({settings})" if settings else ""))
    if config["train"]:
        words.append(f"training: {_settings(config['train'])}")
    return "; ".join(words)


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items())


def datasets(rows: Rows, recipes: Recipes) -> list[dict[str, str]]:
    """Of each data set: how many experiments, images seen in a training (by gradient), test images, and what width,
    batches and the side of images are multiplied by."""
    found = []
    for name in dict.fromkeys(row["dataset"] for row in rows.values()):
        of = {key: row for key, row in rows.items() if row["dataset"] == name}
        made = {key: recipes[key] for key in of if key in recipes}
        closed = {key for key, config in made.items() if config["train"] is None}
        scales = [config["scale"] for config in made.values()]
        found.append(
            {
                "name": name,
                "experiments": str(len(of)),
                "seen": _range(row["training_images_seen"] for key, row in of.items() if key not in closed),
                "tested": _range(row["test_images"] for row in of.values()),
                "width": _factor(scale["width"] for scale in scales),
                "batch": _factor(scale["batch"] for scale in scales),
                "size": _factor(config["size"] / config["full_size"] for config in made.values()),
            }
        )
    return found


def _range(texts: Iterable[str]) -> str:
    values = sorted({int(float(text)) for text in texts if text})
    if not values:
        return "–"
    return " to ".join(f"{value:,}" for value in dict.fromkeys((values[0], values[-1])))


def _factor(values: Iterable[float]) -> str:
    return " to ".join(f"{value:g}" for value in sorted(set(values))) or "–"


def number(text: str) -> str:
    """A number of summary.csv as it reads: whole ones with commas, others in four digits; other text as it is."""
    try:
        value = float(text)
    except ValueError:
        return text
    if value.is_integer() and abs(value) < 1e15:
        return f"{value:,.0f}".replace("-", "−")
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:#.4g}").replace("-", "−")


def plain(text: str) -> bool:
    """Whether text is not a number."""
    try:
        float(text)
    except ValueError:
        return True
    return False
