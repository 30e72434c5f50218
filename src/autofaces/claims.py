"""What the papers claim, as data, and what our numbers say of it.

A claim has one or more parts: an effect (a value, a ratio or a difference of numbers that evaluate measured) and the
rule that it keeps if the claim is right. No metric was chosen because it agrees; `why` argues for each, and says which
thresholds are ours because the paper names none.
"""

import itertools
import json
import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from autofaces import bootstrap, files
from autofaces.params import Profile, Scale

SAME = 0.01  # of a ratio: errors that differ by less count as equal
NEAR = 0.05  # of a ratio without an interval: nearer to the rule than this is inconclusive
WIDTH = 100  # characters of a printed line


class Rule(NamedTuple):
    """Where an effect lies if the claim is right: between low and high, or outside of them."""

    low: float
    high: float
    outside: bool = False
    near: float = 0.0  # an effect without an interval that is nearer than this to the rule decides nothing

    def keeps(self, interval: tuple[float, float]) -> bool | None:
        """Whether all of an interval keeps the rule, or none of it; None where it straddles the rule."""
        low, high = interval
        within = self.low < low and high < self.high
        apart = high <= self.low or low >= self.high
        if within == apart:
            return None
        return apart if self.outside else within

    def text(self, exact: bool) -> str:
        """As in "> 1", with the margin that counts where there is no interval."""
        if math.isinf(self.high):
            words = f"> {self.low:g}"
        elif math.isinf(self.low):
            words = f"< {self.high:g}"
        else:
            words = f"{'outside ' if self.outside else ''}{self.low:g} to {self.high:g}"
        return f"{words} ± {self.near:g}" if exact and self.near else words


class Part(NamedTuple):
    """One effect. Without a rule it only stands beside the others."""

    kind: str  # value, ratio, difference
    numbers: tuple[str, ...]  # "experiment:name" each, of images.csv, metrics.json or `of_training`
    rule: Rule | None
    name: str = ""  # what the claim's id becomes for it, where a claim has several


class Claim(NamedTuple):
    id: str
    paper: str
    place: str  # where the paper says so
    claim: str  # in our words
    why: str  # these rows, this metric, this rule
    parts: tuple[Part, ...]


class Row(NamedTuple):
    """One experiment's results."""

    images: pd.DataFrame  # metrics with a value per (seed, image), which is the index
    metrics: dict[str, object]  # metrics.json
    training: dict[str, float]  # `of_training`


def above(threshold: float, near: float = 0.0) -> Rule:
    return Rule(threshold, math.inf, near=near)


def below(threshold: float, near: float = 0.0) -> Rule:
    return Rule(-math.inf, threshold, near=near)


def value(number: str, rule: Rule | None, name: str = "") -> Part:
    return Part("value", (number,), rule, name)


def ratio(number: str, over: str, rule: Rule | None, name: str = "") -> Part:
    return Part("ratio", (number, over), rule, name)


def difference(number: str, minus: str, rule: Rule | None, name: str = "") -> Part:
    return Part("difference", (number, minus), rule, name)


CLAIMS = (
    Claim(
        "R1",
        "ray2020",
        "section 4, figure 3",
        "Trained level by level (recursive), a network reconstructs sharper than trained end to end (stacked).",
        "sharpness_ratio is the usual number for sharp, but checkerboard raises it too; so gradients must also agree "
        "more with the original's: a difference, for correlations may be negative. The coarse ratio stands beside.",
        (
            ratio("ray-recursive:sharpness_ratio", "ray-stacked:sharpness_ratio", above(1), "sharp"),
            difference("ray-recursive:gradient_correlation", "ray-stacked:gradient_correlation", above(0), "detail"),
            ratio("ray-recursive:sharpness_ratio_coarse", "ray-stacked:sharpness_ratio_coarse", None, "coarse"),
        ),
    ),
    Claim(
        "R2",
        "ray2020",
        "final report (2022), table 1: 239 against 258; the text of 2020 expected less likeness (section 3)",
        "The sharper reconstructions cost no error.",
        "The mean squared error is what their table sums, where the recursive one is the lower.",
        (ratio("ray-recursive:mse", "ray-stacked:mse", below(1)),),
    ),
    Claim(
        "R3",
        "ray2020",
        "final report (2022), table 1: 7831, 455 and 239 with, with shared and without batch norm",
        "Batch norm ruins the recursive network; batch norm shared between encoder and decoder does not.",
        "Against the same training without batch norm. Ruined: more than twice the error (theirs is 33 times, with "
        "shared batch norm 1.9 times).",
        (
            ratio("ray-recursive-bn:mse", "ray-recursive:mse", above(2), "bn"),
            ratio("ray-recursive-sharedbn:mse", "ray-recursive:mse", below(2), "sharedbn"),
        ),
    ),
    Claim(
        "R4",
        "ray2020",
        "final report (2022), table 1: 2020 against 455",
        "ReLU in place of SELU ruins the recursive network.",
        "Against the row that differs in the activation alone. Ruined: more than twice the error (theirs: 4.4 times).",
        (ratio("ray-recursive-sharedbn-relu:mse", "ray-recursive-sharedbn:mse", above(2)),),
    ),
    Claim(
        "R5",
        "ray2020",
        "final report (2022): blurry faces of the stacked one, none of the recursive one",
        "As a variational autoencoder the recursive network fails to generate faces, where the stacked one does.",
        "swd is the distance of samples from test images; the stacked row is what they compare with. One set of samples"
        " has no interval: distances within 5 % of each other decide nothing.",
        (ratio("ray-recursive-vae:swd", "ray-stacked-vae:swd", above(1, NEAR)),),
    ),
    Claim(
        "R6",
        "ray2020",
        "final report (2022)",
        "Recursive reconstructions are grainier than stacked ones.",
        "grain is the fine energy that the original does not explain: what is made up, not what is sharp.",
        (ratio("ray-recursive:grain", "ray-stacked:grain", above(1)),),
    ),
    Claim(
        "K1",
        "kovenko2020",
        "section 3.2, figure 4",
        "The autoencoder does not overfit.",
        "Error on test images over that on training images, both of the finished model: their curves mix its states. "
        "Not overfitted: less than 10 % more, a threshold of ours. The interval is that of the test images.",
        (value("kovenko-ae:generalisation_gap", below(1.1)),),
    ),
    Claim(
        "K2",
        "kovenko2020",
        "section 3.2, figure 5",
        "The autoencoder's reconstructions are blurry.",
        "Blurry: less sharp than the original. Beside it the coarse ratio, which checkerboard does not raise.",
        (
            value("kovenko-ae:sharpness_ratio", below(1), "sharp"),
            value("kovenko-ae:sharpness_ratio_coarse", None, "coarse"),
        ),
    ),
    Claim(
        "K3",
        "kovenko2020",
        "section 3.2, figures 9 and 10",
        "Denoising autoencoders restore images spoilt by Gaussian noise (0.3), and by dropout (0.3).",
        "PSNR gained over the spoilt image, also beyond what the average training image gains, which restores nothing. "
        "Classical methods stand beside: the paper does not claim to be better. Without an interval 0.2 dB is a tie.",
        (
            value("kovenko-denoise-noise:denoise_psnr_gain_db", above(0, 0.2), "noise"),
            difference(
                "kovenko-denoise-noise:denoise_psnr_gain_db",
                "kovenko-denoise-noise:denoise_psnr_gain_db_mean",
                above(0, 0.2),
                "noise-mean",
            ),
            value("kovenko-denoise-dropout:denoise_dropout_psnr_gain_db", above(0, 0.2), "drop"),
            difference(
                "kovenko-denoise-dropout:denoise_dropout_psnr_gain_db",
                "kovenko-denoise-dropout:denoise_dropout_psnr_gain_db_mean",
                above(0, 0.2),
                "drop-mean",
            ),
            difference(
                "kovenko-denoise-noise:denoise_psnr_gain_db",
                "kovenko-denoise-noise:denoise_psnr_gain_db_wavelet",
                None,
                "wavelet",
            ),
            difference(
                "kovenko-denoise-noise:denoise_psnr_gain_db",
                "kovenko-denoise-noise:denoise_psnr_gain_db_nl_means",
                None,
                "nl-means",
            ),
            difference(
                "kovenko-denoise-dropout:denoise_dropout_psnr_gain_db",
                "kovenko-denoise-dropout:denoise_dropout_psnr_gain_db_inpainting",
                None,
                "inpainting",
            ),
        ),
    ),
    Claim(
        "K4",
        "kovenko2020",
        "section 3.2, figure 8",
        "Images with near codes are similar images.",
        "Share of the 5 nearest with the query's label: against chance, and against raw pixels, else the code adds "
        "nothing. Only LFW has labels in the real archives (persons), so an autoencoder trained there decides; anime "
        "faces have labels where they are synthetic, and stand beside.",
        (
            ratio(
                "ray-stacked:search_precision_at_5",
                "ray-stacked:search_precision_at_5_chance",
                above(1, NEAR),
                "chance",
            ),
            ratio(
                "ray-stacked:search_precision_at_5",
                "ray-stacked:search_precision_at_5_pixels",
                above(1, NEAR),
                "pixels",
            ),
            ratio("kovenko-ae:search_precision_at_5", "kovenko-ae:search_precision_at_5_chance", None, "anime-chance"),
            ratio("kovenko-ae:search_precision_at_5", "kovenko-ae:search_precision_at_5_pixels", None, "anime-pixels"),
        ),
    ),
    Claim(
        "K5",
        "kovenko2020",
        "section 4.2, figure 12",
        "Of the variances 0.1, 0.01 and 0.001 the middle one generates best: 0.1 ends at the average picture, 0.001 is "
        "hard to optimise.",
        "The distance of samples from test images must be lowest at 0.01. Average picture: samples differ less than "
        "half as much as test images, a threshold of ours. Hard to optimise: judged by what as many epochs generate.",
        (
            ratio("kovenko-vae-var1e-2:swd", "kovenko-vae-var1e-1:swd", below(1, NEAR), "0.1"),
            ratio("kovenko-vae-var1e-2:swd", "kovenko-vae-var1e-3:swd", below(1, NEAR), "0.001"),
            value("kovenko-vae-var1e-1:sample_diversity", below(0.5, NEAR), "average"),
        ),
    ),
    Claim(
        "K6",
        "kovenko2020",
        "section 4.2, figures 13 and 14",
        "The KL falls during warm-up and rises after it; warm-up with batch norm lowers the reconstruction loss on "
        "training and on unseen images.",
        "KL on validation images at the last row of warm-up over the first row, and at the end over the last row of "
        "warm-up; a history has no interval: within 5 % of the rule nothing is decided. Training loss: the last row's. "
        "As in the paper the warmed-up model also trains for 40 epochs more.",
        (
            ratio("kovenko-vae-warmup:kl_nats_warmed_up", "kovenko-vae-warmup:kl_nats_first", below(1, NEAR), "falls"),
            ratio("kovenko-vae-warmup:kl_nats_last", "kovenko-vae-warmup:kl_nats_warmed_up", above(1, NEAR), "rises"),
            ratio(
                "kovenko-vae-warmup:train_mse_over_variance",
                "kovenko-vae-var1e-2:train_mse_over_variance",
                below(1, NEAR),
                "training",
            ),
            ratio("kovenko-vae-warmup:mse", "kovenko-vae-var1e-2:mse", below(1), "unseen"),
        ),
    ),
    Claim(
        "K7",
        "kovenko2020",
        "section 4.2, figure 15",
        "Samples of the model with warm-up and batch norm are a bit sharper than those of the classical one.",
        "Sharpness of samples over that of test images, of both models. Without an interval within 5 %: inconclusive.",
        (
            ratio(
                "kovenko-vae-warmup:sample_sharpness_ratio",
                "kovenko-vae-var1e-2:sample_sharpness_ratio",
                above(1, NEAR),
            ),
        ),
    ),
    Claim(
        "K8",
        "kovenko2020",
        "section 4.2, figure 16",
        "An image is an outlier if its KL is above the median KL of images of the data set.",
        "Two things must hold: the KL ranks outliers above faces (AUROC above chance), and what is above the median is "
        "an outlier (less than a tenth of test images are, a threshold of ours; by construction it is half of them).",
        (
            value("kovenko-vae-var1e-2:outlier_auroc", above(0.5, NEAR), "auroc"),
            value("kovenko-vae-var1e-2:outlier_fpr_at_median", below(0.1, NEAR), "fpr"),
        ),
    ),
    Claim(
        "K9",
        "kovenko2020",
        "sections 1 and 3.1",
        "Autoencoders reduce dimensions better than principal components.",
        "Error of an end-to-end autoencoder over that of PCA with as many numbers. Said of autoencoders as such, so it "
        "must hold on each data set. On sketches only the VAE has a code of 16.",
        (
            ratio("ray-stacked:mse", "pca-lfw:mse", below(1), "lfw"),
            ratio("kovenko-ae:mse", "pca-anime:mse", below(1), "anime"),
            ratio("koenig-m1-nf64-bs64:mse", "pca-celeba:mse", below(1), "celeba"),
            ratio("kolotouros-sketch-vae:mse", "pca-cufs:mse", below(1), "cufs"),
        ),
    ),
    Claim(
        "G1",
        "koenig2020",
        "section 5, experiment 1, figures 3 to 5",
        "Model 1 (strided convolutions) has a lower error than model 2 (pooling) at both batch sizes.",
        "They compare validation losses; the same error on test images has a value per image, and so an interval.",
        (
            ratio("koenig-m1-nf16-bs16:mse", "koenig-m2-bs16:mse", below(1), "bs16"),
            ratio("koenig-m1-nf16-bs32:mse", "koenig-m2-bs32:mse", below(1), "bs32"),
        ),
    ),
    Claim(
        "G2",
        "koenig2020",
        "section 5, experiment 1",
        "Model 2 has fewer parameters than model 1 and trains faster.",
        "Both are counted, not measured: parameters, and operations per image, which unlike seconds do not depend on "
        "the machine (images per second: benchmarks).",
        (
            ratio("koenig-m2-bs32:parameters", "koenig-m1-nf16-bs32:parameters", below(1), "size"),
            ratio("koenig-m2-bs32:flops_per_image", "koenig-m1-nf16-bs32:flops_per_image", below(1), "work"),
        ),
    ),
    Claim(
        "G3",
        "koenig2020",
        "section 5, experiment 1, figure 3",
        "Pooling and nearest neighbours leave rectangular patches in the images.",
        "blockiness, contrast across 4x4 borders over that inside, of model 2 over model 1 at batch size 32, which "
        "their figure shows.",
        (ratio("koenig-m2-bs32:blockiness", "koenig-m1-nf16-bs32:blockiness", above(1)),),
    ),
    Claim(
        "G4",
        "koenig2020",
        "section 5, experiments 1 and 2, figures 4 and 6",
        "The larger batch ends with the lower error.",
        "Each pair that differs in batch size alone, the larger over the smaller, after as many epochs. Test images in "
        "place of validation losses: see G1.",
        (
            ratio("koenig-m1-nf16-bs32:mse", "koenig-m1-nf16-bs16:mse", below(1), "m1-nf16"),
            ratio("koenig-m2-bs32:mse", "koenig-m2-bs16:mse", below(1), "m2"),
            ratio("koenig-m1-nf32-bs64:mse", "koenig-m1-nf32-bs32:mse", below(1), "m1-nf32"),
            ratio("koenig-m1-nf64-bs64:mse", "koenig-m1-nf64-bs32:mse", below(1), "m1-nf64"),
        ),
    ),
    Claim(
        "G5",
        "koenig2020",
        "section 5, experiment 2, figure 6",
        "More feature maps end with the lower error.",
        "64 maps over 32, at both batch sizes of the grid. Test images in place of validation losses: see G1.",
        (
            ratio("koenig-m1-nf64-bs32:mse", "koenig-m1-nf32-bs32:mse", below(1), "bs32"),
            ratio("koenig-m1-nf64-bs64:mse", "koenig-m1-nf32-bs64:mse", below(1), "bs64"),
        ),
    ),
    Claim(
        "G6",
        "koenig2020",
        "section 5, experiment 3, figure 7",
        "Nothing is gained beyond 64 feature maps and a batch of 64.",
        "128 maps over 64, at both larger batches, 10 epochs against 8 as theirs. A gain below 1 % is none. Test "
        "images in place of validation losses: see G1.",
        (
            ratio("koenig-m1-nf128-bs128:mse", "koenig-m1-nf64-bs64:mse", above(1 - SAME), "bs128"),
            ratio("koenig-m1-nf128-bs256:mse", "koenig-m1-nf64-bs64:mse", above(1 - SAME), "bs256"),
        ),
    ),
    Claim(
        "G7",
        "koenig2020",
        "section 1",
        "3 x 128 x 128 numbers become 256: a compression of 95.31 %.",
        "Arithmetic: 1 - 256 / 49152 = 99.48 %. The rule is their number to its last digit.",
        (value("arithmetic:compression", Rule(0.95305, 0.95315)),),
    ),
    Claim(
        "G8",
        "koenig2020",
        "ours, of the published code, where LeakyReLU(True) is a slope of 1; the text says LeakyReLU (section 2)",
        "The slope of 1 in the published encoder changes the result.",
        "The error is what the paper compares; a change in either direction counts from 1 % on.",
        (
            ratio(
                "koenig-m1-nf64-bs64-as-published:mse",
                "koenig-m1-nf64-bs64:mse",
                Rule(1 - SAME, 1 + SAME, outside=True),
            ),
        ),
    ),
    Claim(
        "C1",
        "kolotouros2017",
        "sections 1 and 1.1, figure 2",
        "Trained on 87 sketches, the autoencoder reconstructs sketches it has not seen; overfitting is severe.",
        "Reconstructs: less than half the error of the average picture, which knows nothing of the sketch. Severe: an "
        "error on unseen sketches half as large again as on those trained on. Both thresholds are ours.",
        (
            ratio("kolotouros-sketch-ae:mse", "kolotouros-sketch-ae:mse_of_mean", below(0.5), "unseen"),
            value("kolotouros-sketch-ae:generalisation_gap", above(1.5), "overfits"),
        ),
    ),
    Claim(
        "C2",
        "kolotouros2017",
        "section 1.2, figure 3",
        "The variational autoencoder is blurrier than the plain one, and its error is higher on training and test "
        "sketches.",
        "Error on both sets, and sharpness_ratio; the coarse ratio and the gradients, which grain does not raise, are "
        "beside. The training error is one number: within 5 % of the other nothing is decided.",
        (
            ratio("kolotouros-sketch-vae:mse", "kolotouros-sketch-ae:mse", above(1), "test"),
            ratio("kolotouros-sketch-vae:train_mse", "kolotouros-sketch-ae:train_mse", above(1, NEAR), "training"),
            ratio("kolotouros-sketch-vae:sharpness_ratio", "kolotouros-sketch-ae:sharpness_ratio", below(1), "sharp"),
            ratio(
                "kolotouros-sketch-vae:sharpness_ratio_coarse",
                "kolotouros-sketch-ae:sharpness_ratio_coarse",
                None,
                "coarse",
            ),
            difference(
                "kolotouros-sketch-vae:gradient_correlation",
                "kolotouros-sketch-ae:gradient_correlation",
                None,
                "detail",
            ),
        ),
    ),
    Claim(
        "C3",
        "kolotouros2017",
        "section 1.2",
        "The KL is quickly satisfied; the reconstruction dominates most of the training.",
        "From a tenth of the training on (quickly), the KL is nowhere more than a tenth of the objective (dominates); "
        "both tenths are ours. A history has no interval: within 0.01 of the rule nothing is decided.",
        (value("kolotouros-sketch-vae:kl_share", below(0.1, 0.01)),),
    ),
    Claim(
        "C4",
        "kolotouros2017",
        "section 1.3, figure 4",
        "The larger variational autoencoder on CelebA hardly overfits.",
        "As K1: less than 10 % more error on test images than on training images.",
        (value("kolotouros-celeba-vae:generalisation_gap", below(1.1)),),
    ),
)

ARITHMETIC = {"compression": 1 - 256 / (3 * 128 * 128)}
NOT_RUN = "not run"
VERDICTS = {False: "not reproduced", None: "inconclusive", True: "reproduced"}
# of a kind: the effect as a sum or difference, so that errors add up; the way back from there; how it reads
KINDS = {
    "value": (lambda a: a, lambda x: x, ""),
    "ratio": (lambda a, b: np.log(a) - np.log(b), np.exp, " / "),
    "difference": (lambda a, b: a - b, lambda x: x, " - "),
}


def load(folders: Mapping[str, Path | str]) -> dict[str, Row]:
    """The results of experiments from the folders that evaluate wrote; those without results are left out."""
    return {key: _row(Path(folder)) for key, folder in folders.items() if (Path(folder) / "metrics.json").exists()}


def judge(rows: Mapping[str, Row], profiles: Mapping[str, Profile]) -> list[dict[str, object]]:
    """Every claim with its effect, 95 % interval and verdict; after a claim of several parts, each of them.

    An object: id (a part's has a hyphen: R3-bn), paper, place, claim, why, experiments, metric, kind (value, ratio,
    difference), formula, effect, interval ([low, high], or None where nothing is known per image), rule and verdict
    (None of what only stands beside), scale, missing (what is not there: experiments, or "experiment:number").

    verdict: reproduced or not if the whole interval keeps or breaks the rule, else inconclusive; "not run" if numbers
    are missing; the profile's name where that is not the papers' own scale, which decides nothing. A claim is as good
    as its worst part, whose effect it shows: it is reproduced if all of its parts are, which needs no correction for
    their number. BadInput where rows were measured on different test images.
    """
    return [found for claim in CLAIMS for found in _judged(claim, rows, profiles)]


def decides(profile: Profile, metrics: Mapping[str, object]) -> bool:
    """Whether what metrics.json tells of is at its paper's own scale: real faces, all there are, in full width, batches
    and epochs."""
    whole = profile.images is None or metrics["images"] < profile.images
    return whole and profile.scale.get(metrics["dataset"]) == Scale() and profile.source != "synthetic"


def summary(rows: Mapping[str, Row]) -> list[dict[str, object]]:
    """What metrics.json says of each experiment, a row each, with a column for all that any of them says."""
    columns = dict.fromkeys(name for row in rows.values() for name in row.metrics)
    return [{"experiment": key} | {name: row.metrics.get(name) for name in columns} for key, row in rows.items()]


def lines(judged: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """What `judge` found as text, at most 100 characters wide: a claim and its verdict, below it its numbers."""
    verdicts: Counter = Counter()
    for _, group in itertools.groupby(judged, lambda found: found["id"].partition("-")[0]):
        claim, *parts = group
        verdicts[claim["verdict"]] += 1
        words = textwrap.wrap(claim["claim"], WIDTH - 20)
        yield f"{claim['id']:<4}{words[0]:<{WIDTH - 18}}{claim['verdict']}"
        yield from (f"    {line}" for line in words[1:])
        for found in parts or [claim]:
            yield from _lines(found)
    yield ""
    yield f"{verdicts.total()} claims: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    small = [verdict for verdict in verdicts if verdict not in (NOT_RUN, *VERDICTS.values())]
    if small:
        yield f"{', '.join(small)}: not the papers' own scale, decides nothing about them"


def of_training(metrics: Mapping[str, object], history: pd.DataFrame) -> dict[str, float]:
    """Numbers that claims about training need, from metrics.json and the history, as far as these have them.

    train_mse: of the finished model. Of an elbo: train_mse_over_variance, of the last row; kl_share: largest share of
    the KL in the objective from a tenth of the training on; of one with warm-up: kl_nats_first, kl_nats_warmed_up and
    kl_nats_last, on validation images, of the first row, the last row of warm-up and the last row.
    """
    found = {"train_mse": metrics["mse"] / metrics["generalisation_gap"]}
    if "mse_over_variance" in history:
        found["train_mse_over_variance"] = float(history.mse_over_variance.iloc[-1])
    if "elbo_nats" in history:
        late = history[history.step >= history.step.iloc[-1] / 10]
        found["kl_share"] = float((late.kl_nats / late.elbo_nats).max())
        kl, warming = history.validation_kl_nats, history.beta < history.beta.iloc[-1]
        if warming.any():
            found["kl_nats_first"] = float(kl.iloc[0])
            found["kl_nats_warmed_up"] = float(kl[warming].iloc[-1])
            found["kl_nats_last"] = float(kl.iloc[-1])
    return found


def _row(folder: Path) -> Row:
    metrics, images = _measured_in(folder)
    training = of_training(metrics, pd.read_csv(folder / "history.csv"))
    images["generalisation_gap"] = images.mse / training["train_mse"]
    if (outliers := folder.parent / "outliers" / folder.name).exists():
        more, values = _measured_in(outliers)
        metrics, images = metrics | more, images.join(values)
    return Row(images, metrics, training)


def _measured_in(folder: Path) -> tuple[dict[str, object], pd.DataFrame]:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return metrics, pd.read_csv(folder / "images.csv").set_index(["seed", "image"])


def _judged(claim: Claim, rows: Mapping[str, Row], profiles: Mapping[str, Profile]) -> list[dict[str, object]]:
    parts = [_measured(part, rows) for part in claim.parts]
    experiments = list(dict.fromkeys(key for part in parts for key in part["experiments"]))
    scale, _ = _scale(experiments, rows, profiles)

    order = (VERDICTS[False], NOT_RUN, "a smaller scale", VERDICTS[None], VERDICTS[True])
    badness = []
    for part in parts:
        plain = part["verdict"]
        small = _scale(part["experiments"], rows, profiles)[1]
        part["verdict"] = small if small and plain in VERDICTS.values() else plain
        badness.append([order.index(verdict if verdict in order else order[2]) for verdict in (part["verdict"], plain)])
    deciding = [i for i, part in enumerate(parts) if part["rule"]]
    worst = parts[min(deciding, key=lambda i: badness[i])]
    missing = list(dict.fromkeys(name for i in deciding for name in parts[i]["missing"]))
    named = {claim.id: worst | {"experiments": experiments, "missing": missing}}
    if len(parts) > 1:
        named |= {f"{claim.id}-{part.name}": found for part, found in zip(claim.parts, parts, strict=True)}
    about = {"paper": claim.paper, "place": claim.place, "claim": claim.claim, "why": claim.why}
    return [{"id": name, **about, **found, "scale": scale} for name, found in named.items()]


def _measured(part: Part, rows: Mapping[str, Row]) -> dict[str, object]:
    """A part's effect and interval, and its verdict if the scale decides."""
    found = [_number(number, rows) for number in part.numbers]
    missing = [
        number if number.partition(":")[0] in rows else number.partition(":")[0]
        for number, values in zip(part.numbers, found, strict=True)
        if values is None
    ]
    formula = KINDS[part.kind][2].join(part.numbers)
    effect, interval = (None, None) if missing else _estimate(part, found)
    if effect is not None and not np.isfinite([effect, *(interval or ())]).all():
        effect, interval, missing = None, None, [f"a value of {formula}"]
    verdict = NOT_RUN
    if effect is not None and part.rule:
        near = part.rule.near
        verdict = VERDICTS[part.rule.keeps(interval or (effect - near, effect + near))]
    experiments = [number.partition(":")[0] for number in part.numbers]
    return {
        "experiments": list(dict.fromkeys(key for key in experiments if key != "arithmetic")),
        "metric": part.numbers[0].partition(":")[2],
        "kind": part.kind,
        "formula": formula,
        "effect": None if effect is None else _rounded(effect),
        "interval": None if interval is None else [_rounded(end) for end in interval],
        "rule": part.rule and part.rule.text(exact=interval is None),
        "scale": None,
        "verdict": verdict if part.rule else None,
        "missing": list(dict.fromkeys(missing)),
    }


def _number(number: str, rows: Mapping[str, Row]) -> pd.Series | float | None:
    """A number per (seed, image), or one; None where it is missing."""
    key, _, name = number.partition(":")
    if key == "arithmetic":
        return ARITHMETIC[name]
    if key not in rows:
        return None
    row = rows[key]
    return row.images[name] if name in row.images else row.metrics.get(name, row.training.get(name))


def _estimate(part: Part, found: list[pd.Series | float]) -> tuple[float, tuple[float, float] | None]:
    """The effect, and its interval if a number in it is known per image: over the images that have them all. Not finite
    of the ratio of numbers that are 0, or of too few images."""
    combine, back, _ = KINDS[part.kind]
    series = [values for values in found if isinstance(values, pd.Series)]

    def effect(*means: np.ndarray) -> np.ndarray:
        rest = iter(means)
        return combine(*(next(rest) if isinstance(values, pd.Series) else values for values in found))

    with np.errstate(divide="ignore", invalid="ignore"):
        if not series:
            return float(back(effect())), None
        values = _paired(part, series)
        if values.shape[1] < 2:
            return math.nan, None
        low, high = bootstrap.interval(values, effect)
        return float(back(effect(*values.mean((0, 1))))), (float(back(low)), float(back(high)))


def _paired(part: Part, series: list[pd.Series]) -> np.ndarray:
    """K numbers per (seed, image) -> (S, N, K), of the images that have all of them under every seed. What was trained
    under one seed alone, as a closed form is, stands beside each seed of the others."""
    tables = [values.unstack("seed") for values in series]
    if not all(table.index.equals(tables[0].index) for table in tables):
        raise files.BadInput(
            f"claims: {' and '.join(part.numbers)} were measured on different test images "
            f"({', '.join(str(len(table)) for table in tables)} of them); run `dvc repro evaluate`"
        )
    values = np.stack(np.broadcast_arrays(*tables), axis=-1).swapaxes(0, 1)
    return values[:, np.isfinite(values).all((0, 2))]


def _scale(experiments: list[str], rows: Mapping[str, Row], profiles: Mapping[str, Profile]) -> tuple[str, str | None]:
    """What experiments were measured at, in words; the profile's name if that decides nothing, else None."""
    measured = [rows[key].metrics for key in experiments if key in rows]
    if not measured:
        return "-", None
    names = sorted({metrics["profile"] for metrics in measured})
    words = [f"{name} ({profiles[name].source} faces)" if name in profiles else name for name in names]
    seen, tested = (
        " to ".join(f"{n:,}" for n in dict.fromkeys((min(counts), max(counts))))
        for counts in ([metrics[key] for metrics in measured] for key in ("training_images_seen", "test_images"))
    )
    small = [m["profile"] for m in measured if m["profile"] not in profiles or not decides(profiles[m["profile"]], m)]
    text = f"{', '.join(words)}: {seen} images seen in training, {tested} test images"
    return text, small[0] if small else None


def _rounded(number: float) -> float:
    return float(f"{number:.6g}")


def _lines(found: Mapping[str, object]) -> list[str]:
    name = found["id"].partition("-")[2]
    if found["missing"]:
        words = textwrap.wrap(f"missing: {', '.join(found['missing'])}", WIDTH - 17, break_on_hyphens=False)
        return [f"    {label:<13}{line}" for label, line in zip([name, *[""] * len(words)], words, strict=False)]
    effect = {"value": "{:.4g}", "ratio": "×{:.4g}", "difference": "{:+.4g}"}[found["kind"]].format(found["effect"])
    interval = "[{:.4g}, {:.4g}]".format(*found["interval"]) if found["interval"] else "-"
    verdict = found["verdict"] if name and found["rule"] else ""
    metric = found["metric"] if len(found["metric"]) <= 22 else f"{found['metric'][:21]}…"
    cells = f"{name:<13}{metric:<22}{effect:>9}  {interval:<20}  {found['rule'] or '-':<14}{verdict}"
    return [f"    {cells}".rstrip()]
