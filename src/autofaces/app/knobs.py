"""What the active profile does less of than the papers, and which of their claims that touches."""

from collections.abc import Iterator, Mapping

from autofaces import papers
from autofaces.core import params

COUNTED = "parameters_full", "flops_full"  # numbers of the network at the paper's own width and size
EFFECTS = {  # what a claim's numbers are of
    "images": "fewer faces",
    "size": "less detail",
    "image_passes": "unfinished trainings",
    "width": "smaller networks",
    "batch": "noisier updates",
}


def lines(settings: params.Params) -> list[str]:
    """A line for each data set and each knob that is turned down there: its value, and the claims it touches."""
    found = []
    for dataset in settings.datasets:
        rows = {key: row for key, row in settings.rows.items() if row.dataset == dataset and settings.runs(key)}
        for knob, value, touched in _turned(settings, dataset, rows):
            numbers = _numbers(settings, touched)
            measured = [claim for claim, names in numbers.items() if not names <= set(COUNTED)]
            line = f"{dataset}: {knob} {value}: {', '.join(measured) or 'no claim'}"
            line += f" {'is' if len(measured) < 2 else 'are'} of {EFFECTS[knob]}"
            if counted := [claim for claim in numbers if claim not in measured and knob in ("width", "size")]:
                line += f"; {', '.join(counted)} {'is' if len(counted) < 2 else 'are'} counted at full {knob}"
            found.append(line)
    return found


def _turned(
    settings: params.Params, dataset: str, rows: Mapping[str, params.Experiment]
) -> Iterator[tuple[str, str, list[str]]]:
    """Each knob of a data set that is turned down: its name, its value in words, and the rows that are other for it."""
    profile, its = settings.profiles[settings.profile], settings.datasets[dataset]
    scale = profile.scale.get(dataset, params.Scale())
    schedules = {key: params.schedule(settings.papers[row.paper].train, row) for key, row in rows.items()}
    trained = {key: schedule for key, schedule in schedules.items() if schedule}
    official = settings.archives[its.archive].images
    if rows and official and profile.images and profile.images < official:
        yield "images", f"{profile.images:,} (of {official:,})", list(rows)
    if rows and settings.size(dataset) < its.size:
        yield "size", f"{settings.size(dataset)} (of {its.size})", list(rows)
    if trained and scale.image_passes:
        yield "image_passes", f"{scale.image_passes:,} (shorter trainings)", list(trained)
    if trained and scale.width < 1:
        yield "width", f"{scale.width:g} (narrower networks)", list(trained)
    cut = {key: (s.batch_size, s.batch(scale.batch)) for key, s in trained.items()}
    cut = {key: sizes for key, sizes in cut.items() if sizes[1] < sizes[0]}
    if cut:
        sizes = ", ".join(f"{full} to {ours}" for full, ours in sorted(set(cut.values())))
        yield "batch", f"{scale.batch:g} (smaller batches: {sizes})", list(cut)


def _numbers(settings: params.Params, rows: list[str]) -> dict[str, set[str]]:
    """The claims whose effects are of these rows, and which of the rows' numbers they ask for."""
    found: dict[str, set[str]] = {}
    for key in settings.papers:
        for claim in papers.load(key).CLAIMS:
            for number in (number for part in claim.parts for number in part.numbers if isinstance(number, str)):
                row, _, name = number.partition(":")
                if row in rows:
                    found.setdefault(claim.id, set()).add(name.partition("@")[0])
    return found
