"""What rows were measured at, and whether that decides anything about the papers."""

from collections.abc import Mapping, Sequence

from autofaces.core.params import Scale

# of what a row's config calls its faces, in words
FACES_ARE = {"synthetic": "synthetic faces", "local": "real faces, local archives", "official": "real faces"}
Facts = Mapping[str, object]  # a row's config.json or metrics.json


def decides(config: Facts, metrics: Facts, cap: int | None) -> bool:
    """Whether a row was measured at its paper's own scale: real faces, all there are, in full width, batches and
    epochs. cap: the most images that the profile takes of a data set."""
    whole = cap is None or metrics["images"] < cap
    return whole and config["scale"] == Scale().model_dump() and config["faces"] != "synthetic"


def text(rows: Sequence[tuple[Facts, Facts]]) -> str:
    """What rows, a config and metrics each, were measured at, in words."""
    if not rows:
        return "-"
    names = sorted({f"{metrics['profile']} ({config['faces']} faces)" for config, metrics in rows})
    seen, tested = (_span([metrics[key] for _, metrics in rows]) for key in ("training_images_seen", "test_images"))
    return f"{', '.join(names)}: {seen} images seen in training, {tested} test images"


def _span(counts: Sequence[int]) -> str:
    return " to ".join(f"{n:,}" for n in dict.fromkeys((min(counts), max(counts))))
