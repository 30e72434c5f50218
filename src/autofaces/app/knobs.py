"""What the active profile does less of than the papers, and which of their claims that touches."""

from collections.abc import Iterator, Mapping

from autofaces import papers
from autofaces.core import params
from autofaces.verdicts import rules
from autofaces.verdicts import scale as scales

COUNTED = "parameters_full", "flops_full"  # numbers of the network at the paper's own width and size
EFFECTS = {  # what a claim's numbers are of
    "images": "fewer faces",
    "size": "less detail",
    "image_passes": "unfinished trainings",
    "width": "smaller networks",
    "batch": "noisier updates",
}


def lines(settings: params.Params) -> list[str]:
    """A line for each data set and each knob that is turned down there: its value, and the claims it touches; and one
    for the seeds."""
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
    seeds = settings.profiles[settings.profile].seeds
    if seeds < scales.ENOUGH_SEEDS and _schedules(settings, settings.rows):
        line = f"seeds {seeds} (of {scales.ENOUGH_SEEDS}): no claim on what is trained is of grade {scales.PAPER}"
        found.append(line + ("; no interval covers another training" if seeds == 1 else ""))
    return found


def _turned(
    settings: params.Params, dataset: str, rows: Mapping[str, params.Experiment]
) -> Iterator[tuple[str, str, list[str]]]:
    """Each knob of a data set that is turned down: its name, its value in words, and the rows that are other for it."""
    profile, its = settings.profiles[settings.profile], settings.datasets[dataset]
    scale = profile.scale.get(dataset, params.Scale())
    trained = _schedules(settings, rows)
    official = settings.archives[its.archive].images
    if rows and official and profile.images and profile.images < official:
        yield "images", f"{profile.images:,} (of {official:,})", list(rows)
    if rows and settings.size(dataset) < its.size:
        yield "size", f"{settings.size(dataset)} (of {its.size})", list(rows)
    least = settings.smallest_batch
    batches = {key: schedule.batch(scale.batch, least) for key, schedule in trained.items()}
    if scale.image_passes:
        known = [images for images in (profile.images, official) if images]
        images = int(min(known) * (1 - its.validation - its.test)) if known else None  # that train, about
        shorter = [key for key in trained if _shorter(trained[key], batches[key], images, scale.image_passes)]
        if shorter:
            yield "image_passes", f"{scale.image_passes:,} (shorter trainings)", shorter
    if trained and scale.width < 1:
        yield "width", f"{scale.width:g} (narrower networks)", list(trained)
    cut = {key: (s.batch_size, batches[key]) for key, s in trained.items() if batches[key] < s.batch_size}
    if cut:
        sizes = ", ".join(f"{full} to {ours}" for full, ours in sorted(set(cut.values())))
        yield "batch", f"{scale.batch:g} (smaller batches: {sizes})", list(cut)


def _schedules(settings: params.Params, rows: Mapping[str, params.Experiment]) -> dict[str, params.Schedule]:
    """How those of the rows are trained that are."""
    found = {key: params.schedule(settings.papers[row.paper].train, row) for key, row in rows.items()}
    return {key: schedule for key, schedule in found.items() if schedule}


def _shorter(schedule: params.Schedule, batch: int, images: int | None, image_passes: int) -> bool:
    """Whether a training on so many images (None: not known) ends before its schedule does; `loop.plan` ends it."""
    if schedule.steps is None and images is None:
        return True
    return image_passes // batch < (schedule.steps or schedule.epochs * (images // batch))


def _numbers(settings: params.Params, rows: list[str]) -> dict[str, set[str]]:
    """The claims whose effects or gates are of these rows, and which of the rows' numbers they ask for. Parts, and
    claims, that need rows which the profile does not run are left out."""
    found: dict[str, set[str]] = {}
    ran = {row for row in settings.rows if settings.runs(row)}
    for key in settings.papers:
        for claim in papers.load(key).CLAIMS:
            asked = {part: _asked(part) for part in claim.parts}
            run = [part for part, its in asked.items() if all(row in ran for row, _ in its)]
            if not any(part.rule for part in run):
                continue
            for row, name in (one for part in run for one in asked[part]):
                if row in rows:
                    found.setdefault(claim.id, set()).add(name)
    return found


def _asked(part: rules.Part) -> list[tuple[str, str]]:
    """Row and name of each number that a part asks for."""
    numbers = [number.partition(":")[::2] for number in part.numbers if isinstance(number, str)]
    return [(row, name.partition("@")[0]) for row, name in numbers] + [(row, "swd") for row in part.gate]
