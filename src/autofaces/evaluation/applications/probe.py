"""What a linear map can read from a code: the use for transfer learning, kovenko2020, section 3.2; and whether
reconstructions keep hair colour and the size of the eyes, as is said of figure 5."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from autofaces.core.arrays import evenly
from autofaces.evaluation.applications.encoding import principal
from autofaces.evaluation.inference import encode, tensor

# label: CelebA's attribute, or the factor of synthetic faces and how it is read
LABELS = {
    "male": ("Male", "factor_male", lambda male: male),
    "smiling": ("Smiling", "factor_smile", lambda smile: smile > 0.3),
    "eyeglasses": ("Eyeglasses", "factor_glasses", lambda glasses: glasses != "none"),
}
HAIR = {"Black_Hair": "black", "Blond_Hair": "blond", "Brown_Hair": "brown", "Gray_Hair": "grey"}  # in CelebA
HAIR_AT = 0.1, 0.3, 0.3, 0.7  # top, bottom, left, right, as shares of a picture's sides
COMPONENTS = 32  # that readers of images see: of 600 synthetic faces, more read hair colour worse
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1, 10)  # C, the inverse of the regularisation
FOLDS = 3
FEWEST = 5  # training persons on each side of a label from which on it is worth asking
FACES, MAPS = 4, 8  # in the figure of feature maps: its rows and columns
SIDE = 16  # pixels of a side from which on a map shows something
ALIVE = 0.01  # variance of a map, of the largest, below which it shows nothing


def measure(
    codes: dict[str, tuple[np.ndarray, np.ndarray]], train: pd.DataFrame, test: pd.DataFrame
) -> dict[str, np.ndarray]:
    """Whether logistic regression reads a test image's label from its code, standardised: 1 or 0, (M,) float64 each.

    codes: of training and test images, (N, D) and (M, D), by the suffix of their metrics ("" and "_pca"); train, test:
    their labels. The regularisation is chosen by cross-validation that keeps a person's images together.

    probe_accuracy_<label>, and probe_accuracy, the mean over labels; with _pca from principal components, with
    _majority by always saying what most training images have. No label that fewer than 5 training persons have, or
    lack.
    """
    values = {}
    for label in LABELS:
        y, answers = read(train, label), read(test, label)
        if y is None or answers is None or min(train.group[side].nunique() for side in (y, ~y)) < FEWEST:
            continue
        said = {suffix: fit(a, y, train.group).predict(b) for suffix, (a, b) in codes.items()}
        said["_majority"] = np.full(len(answers), y.mean() > 0.5)
        values |= {f"probe_accuracy_{label}{suffix}": (s == answers).astype(float) for suffix, s in said.items()}
    means = {}
    for suffix in (*codes, "_majority"):
        found = [values[name] for label in LABELS if (name := f"probe_accuracy_{label}{suffix}") in values]
        if found:
            means[f"probe_accuracy{suffix}"] = np.mean(found, axis=0)
    return means | values


def read(labels: pd.DataFrame, label: str) -> np.ndarray | None:
    """bool (N,): which images have one of LABELS; None where nothing says so."""
    attribute, factor, rule = LABELS[label]
    if attribute in labels:
        return (labels[attribute] > 0).to_numpy()
    return rule(labels[factor]).to_numpy(bool) if factor in labels else None


def kept(
    train: np.ndarray, test: np.ndarray, rebuilt: np.ndarray, labels: pd.DataFrame, answers: pd.DataFrame
) -> dict[str, np.ndarray]:
    """Whether a reader of images still tells a test image's label from its reconstruction: 1 or 0, (M,) float64 each,
    NaN of images without the label.

    train: uint8 (N, H, W, C); test and their reconstructions `rebuilt`: (M, H, W, C); labels, answers: of training and
    test images. A reader is logistic regression on 32 principal components of training images; it has seen no
    reconstruction.

    kept_hair_colour, of `hair_colour`; kept_eye_size, of synthetic faces: eyes above the training images' median or
    not. With _original: from the test image itself. Neither without labels, nor of fewer than two classes that 5
    training persons have.
    """
    asked = {"hair_colour": (hair_colour(labels), hair_colour(answers))}
    if "factor_eye_size" in labels and "factor_eye_size" in answers:
        middle = labels.factor_eye_size.median()
        asked["eye_size"] = (labels.factor_eye_size > middle, answers.factor_eye_size > middle)
    values: dict[str, np.ndarray] = {}
    components = None
    for name, (y, truth) in asked.items():
        persons = labels.group.groupby(y).nunique()
        classes = persons.index[persons >= FEWEST]
        if len(classes) < 2:
            continue
        if components is None:
            components = principal(train, np.concatenate([test, rebuilt]), COMPONENTS)
        known, has = y.isin(classes).to_numpy(), truth.isin(classes).to_numpy()
        reader = fit(components[0][known], y.to_numpy()[known], labels.group[known])
        original, ours = np.split(reader.predict(components[1]), 2)
        for suffix, said in {"": ours, "_original": original}.items():
            values[f"kept_{name}{suffix}"] = np.where(has, said == truth.to_numpy(), np.nan)
    return values


def hair_errors(train: np.ndarray, test: np.ndarray, rebuilt: np.ndarray) -> dict[str, np.ndarray]:
    """hair_colour_error of reconstructions: squared distance of their colour of `hair` from the test image's, (M,)
    float64; with _of_mean: of the average training image. Nothing of grey images. uint8 (N, H, W, C), (M, H, W, C)."""
    if test.shape[3] == 1:
        return {}
    colour, average = hair(test), hair(train).mean(0)
    errors = {"hair_colour_error": hair(rebuilt) - colour, "hair_colour_error_of_mean": average - colour}
    return {name: np.square(error).sum(1) for name, error in errors.items()}


def hair(images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, 3) -> float64 (N, 3) in [0, 1]: mean colour of where a face that fills the picture has hair."""
    height, width = images.shape[1:3]
    top, bottom, left, right = (
        round(share * side) for share, side in zip(HAIR_AT, (height, height, width, width), strict=True)
    )
    return images[:, top:bottom, left:right].mean((1, 2)) / 255


def hair_colour(labels: pd.DataFrame) -> pd.Series:
    """Black, blond, brown or grey by CelebA's attributes, where an image has exactly one of them; by the factors of
    synthetic faces, where one is not bald, these or red; NaN of others: (N,)."""
    if set(HAIR) <= set(labels):
        has = labels[list(HAIR)] > 0
        return has.idxmax(axis=1).map(HAIR).where(has.sum(axis=1) == 1)
    if "factor_hair_dark" not in labels:
        return pd.Series(np.nan, labels.index)
    dark, red, grey = (labels[f"factor_hair_{name}"] for name in ("dark", "red", "grey"))
    colours = np.select([grey > 0.5, red > 0.4, dark > 0.82, dark < 0.25], ["grey", "red", "black", "blond"], "brown")
    return pd.Series(colours, labels.index, dtype=object).where(labels.factor_hair_style != "bald")


def fit(codes: np.ndarray, label: np.ndarray, group: pd.Series) -> Pipeline:
    """Logistic regression on standardised codes (N, D), its regularisation chosen by 3 folds between persons."""
    folds = list(StratifiedGroupKFold(FOLDS).split(codes, label, group))
    regression = LogisticRegressionCV(
        Cs=STRENGTHS, l1_ratios=(0,), cv=folds, scoring="accuracy", max_iter=1000, use_legacy_attributes=False
    )
    return make_pipeline(StandardScaler(), regression).fit(codes, label)


def feature_maps(model: nn.Module, images: np.ndarray) -> dict[str, np.ndarray]:
    """What the encoder's last convolution with maps of at least 16x16 pixels makes of images, kovenko2020, figure 7.

    uint8 (N, H, W, C) -> probe_faces (4, H, W, C) and probe_maps, uint8 (4, M, h, w): 8 maps, evenly spaced among those
    that vary, each from its least to its largest value. Nothing of a model without such a convolution.
    """
    faces = images[evenly(len(images), FACES)]
    made: list[Tensor] = []
    encoder = getattr(model, "encoder", nn.Identity())
    hooks = [
        layer.register_forward_hook(lambda _, __, output: made.append(output))
        for layer in encoder.modules()
        if isinstance(layer, nn.Conv2d)
    ]
    encode(model, tensor(model, faces))
    for hook in hooks:
        hook.remove()
    large = [output for output in made if min(output.shape[2:]) >= SIDE]
    if not large:
        return {}
    maps = large[-1].float().cpu().numpy()
    variance = maps.var((0, 2, 3))
    alive = np.flatnonzero(variance >= ALIVE * variance.max())
    maps = maps[:, alive[evenly(len(alive), MAPS)]]
    low, high = maps.min((0, 2, 3), keepdims=True), maps.max((0, 2, 3), keepdims=True)
    scaled = (maps - low) / np.maximum(high - low, np.finfo(np.float32).tiny)
    return {"probe_faces": np.asarray(faces), "probe_maps": (255 * scaled).round().astype(np.uint8)}
