"""The schema of params.yaml and its only reader.

Every stage checks the whole file before it works, so one wrong setting stops a run at its start; what a stage then
reads, it names: `section("datasets.lfw")`, `profile("seeds")`. A test compares those names with dvc.yaml.

A model's settings are the arguments of its constructor, an objective's the keyword-only arguments of its function:
both are read from the source text, so that a new model is one file and one row, and no stage has to import torch to
check its settings.
"""

import ast
import difflib
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from autofaces.core import explained
from autofaces.core.files import BadInput
from autofaces.core.found import PACKAGE, class_name, networks
from autofaces.core.yaml12 import Loader

PATH = "params.yaml"

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Application = Literal["search", "probe", "denoise", "morph", "copies", "samples"]
Size = Literal[32, 64, 128]  # pixels of a side, after preprocessing
SplitRule = Literal["identity", "official", "random"]


class SettingsError(BadInput):
    """A setting that is not allowed; the message names the key, the value and what is allowed."""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Scale(Section):
    """How much smaller than in its paper a training is; as it stands, not at all."""

    image_passes: Annotated[int, Field(ge=1)] | None = None  # images seen, at most; None: the paper's schedule
    width: Annotated[float, Field(gt=0, le=1)] = 1.0  # factor on the model's channel counts
    batch: Annotated[float, Field(gt=0, le=1)] = 1.0  # factor on the batch size: fewer images still make enough updates


class Profile(Section):
    """How much of the papers' work is done."""

    source: Literal["synthetic", "local", "official"]
    images: Annotated[int, Field(ge=30)] | None  # at most, per dataset; None: all
    scale: dict[str, Scale]  # by dataset
    seeds: Annotated[int, Field(ge=1)]  # trainings of each row, from the seeds 0, 1, ... of weights, order and noise
    threads: Annotated[int, Field(ge=1)] | None  # of a training or evaluation on a CPU; None: all there are
    precision: Literal["float32", "auto"]  # auto: bfloat16 where a paper allows it and the hardware multiplies it
    split: dict[str, SplitRule]  # instead of the dataset's own rule
    size: dict[str, Size]  # instead of the dataset's own
    ablations: bool | list[str]  # rows of `ablations` that are trained: all, none, or these

    @model_validator(mode="after")
    def _synthetic_faces_need_a_number(self) -> "Profile":
        if self.source == "synthetic" and self.images is None:
            raise ValueError("images: source synthetic draws as many faces as asked for; set a number")
        return self

    @model_validator(mode="after")
    def _real_faces_are_for_the_papers_networks(self) -> "Profile":
        for dataset, scale in self.scale.items():
            if self.source != "synthetic" and scale.width < 1:
                raise ValueError(
                    f"scale.{dataset}.width = {scale.width:g}: networks are narrower on synthetic faces alone; for "
                    "less work set image_passes, images or size"
                )
        return self


class File(Section):
    """One official file of a dataset: where it is had, and how it is known to be whole."""

    urls: Annotated[list[Annotated[str, Field(pattern=r"^https?://")]], Field(min_length=1)]  # in order of trial
    bytes: Annotated[int, Field(gt=0)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Archive(Section):
    """Where pictures come from: how the archive is laid out, and which official files it is."""

    layout: Literal["lfw", "anime", "celeba", "cufs", "folder"]
    images: Annotated[int, Field(ge=1)] | None  # in all of it, as published; None: not known
    files: dict[str, File] = {}  # official files, by the name they have in the archive folder


class Dataset(Section):
    """One face dataset: the archive it is made of, and how its images become arrays."""

    archive: str
    size: Size
    channels: Literal[1, 3]  # grey or RGB
    crop: Literal["square", "whole"] | Annotated[int, Field(ge=8)]  # largest centred square, all, or centred pixels
    split: SplitRule
    validation: Fraction  # share of the images (of the training images where the rule is official)
    test: Fraction  # share of the images (unused where the rule is official)

    @model_validator(mode="after")
    def _something_is_left_to_train_on(self) -> "Dataset":
        if self.validation + self.test >= 1:
            raise ValueError(f"validation + test: {self.validation} + {self.test} leave nothing to train on")
        return self


class Schedule(Section):
    """How a row is trained: for `epochs`, or for `steps`. A paper says what its rows share, a row what differs."""

    epochs: Annotated[int, Field(ge=1)] | None = None
    steps: Annotated[int, Field(ge=1)] | None = None  # optimiser updates
    batch_size: Annotated[int, Field(ge=1)] | None = None  # images of one update
    optimizer: Literal["adam", "adamax"] | None = None
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    clip_norm: Annotated[float, Field(gt=0)] | None = None  # largest norm of the gradient; None: as it is
    with_validation: bool | None = None  # the validation images train too: nothing is chosen by them, nor are they new

    def batch(self, factor: float, least: int) -> int:
        """Images of one update at a profile's factor; no fewer than `least`, where the paper has as many."""
        return min(self.batch_size, max(least, round(self.batch_size * factor)))


class Shared(Schedule):
    """How all rows of a paper are trained. Precision is theirs together: claims compare them with one another."""

    bfloat16: bool  # where the profile's precision is auto; true only where error stays within the spread of seeds


class Paper(Section):
    """What the rows of a paper share."""

    train: Shared | None  # None: its rows share nothing (and are trained in float32), or have a closed form


class Component(BaseModel):
    """A model or an objective: its name, and the arguments that its source declares."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    name: Name

    @property
    def arguments(self) -> dict[str, Any]:
        return dict(self.__pydantic_extra__ or {})


class Experiment(Section):
    """One row of a paper's table."""

    paper: str  # a key of `papers`
    dataset: str
    model: Component
    objective: Component | None = None  # None: the model has a closed form
    train: Schedule | None = None  # what differs from the paper's
    applications: list[Application] = []  # what evaluate tries the code for

    @field_validator("model")
    @classmethod
    def _model_is_known(cls, component: Component) -> Component:
        return _checked(component, "model", models())

    @field_validator("objective")
    @classmethod
    def _objective_is_known(cls, component: Component | None) -> Component | None:
        return component and _checked(component, "objective", objectives())


class Params(Section):
    """All of params.yaml."""

    profile: str
    seed: Annotated[int, Field(ge=0)]
    data_root: str | None
    smallest_batch: Annotated[int, Field(ge=1)]  # that a profile's factor leaves
    profiles: dict[Name, Profile]
    archives: dict[Name, Archive]
    datasets: dict[Name, Dataset]
    papers: dict[Name, Paper]
    experiments: dict[Name, Experiment]  # the rows of the papers
    ablations: dict[Name, Experiment]  # rows that are not the papers': what one setting does to one of theirs

    @property
    def rows(self) -> dict[str, Experiment]:
        """All rows, those of the papers first."""
        return self.experiments | self.ablations

    def runs(self, key: str, profile: str | None = None) -> bool:
        """Whether a profile (None: the active one) trains a row: all of the papers, and the ablations that it names."""
        named = self.profiles[profile or self.profile].ablations
        return key in self.experiments or (named if isinstance(named, bool) else key in named)

    def size(self, dataset: str, profile: str | None = None) -> int:
        """Pixels of a side that the images of a data set have at a profile (None: the active one)."""
        return self.profiles[profile or self.profile].size.get(dataset, self.datasets[dataset].size)

    @model_validator(mode="after")
    def _references_exist(self) -> "Params":
        _one_of("profile", self.profile, self.profiles)
        for key, dataset in self.datasets.items():
            _one_of(f"datasets.{key}.archive", dataset.archive, self.archives)
        for key, experiment in self.rows.items():
            _one_of(f"{self.place(key)}.paper", experiment.paper, self.papers)
            _one_of(f"{self.place(key)}.dataset", experiment.dataset, self.datasets)
        for key, profile in self.profiles.items():
            for field in ("scale", "split", "size"):
                for dataset in getattr(profile, field):
                    _one_of(f"profiles.{key}.{field}", dataset, self.datasets)
            for row in profile.ablations if isinstance(profile.ablations, list) else ():
                _one_of(f"profiles.{key}.ablations", row, self.ablations)
        if both := self.experiments.keys() & self.ablations.keys():
            raise ValueError(f"ablations.{min(both)}: there is a row of this name in experiments; give it another")
        return self

    @model_validator(mode="after")
    def _rows_can_be_trained(self) -> "Params":
        for key, experiment in self.rows.items():
            self._check_row(key, experiment, schedule(self.papers[experiment.paper].train, experiment))
        return self

    def place(self, key: str) -> str:
        """Where a row stands, as a dotted name."""
        return f"{'experiments' if key in self.experiments else 'ablations'}.{key}"

    def _check_row(self, key: str, experiment: Experiment, train: Schedule | None) -> None:
        profile, place = self.profiles[self.profile], self.place(key)
        if experiment.dataset not in profile.scale:
            raise ValueError(
                f"profiles.{self.profile}.scale: {experiment.dataset}, the dataset of {key}, is missing; "
                f"`{experiment.dataset}: {{}}` trains at its paper's own scale"
            )
        if train is None:
            if experiment.objective or experiment.train:
                raise ValueError(
                    f"{place}: objective, train: set both (trained by gradient) or neither (a closed form); "
                    f"papers.{experiment.paper}.train may hold what rows share"
                )
            return
        missing = [name for name in ("batch_size", "optimizer", "learning_rate") if getattr(train, name) is None]
        if missing or (train.epochs is None) == (train.steps is None):
            what = f"{', '.join(missing)}: missing" if missing else "epochs, steps: set one of the two"
            raise ValueError(f"{place}.train: {what} (here or in papers.{experiment.paper}.train)")
        warmup = experiment.objective.arguments.get("warmup_epochs", 0)
        if warmup and (train.epochs or 0) < warmup:
            ours = f"of {train.epochs} epochs" if train.epochs else "in steps"
            raise ValueError(f"{place}.objective.warmup_epochs = {warmup}: longer than the training {ours}")
        factor = profile.scale[experiment.dataset].batch
        if profile.images and train.batch(factor, self.smallest_batch) > profile.images:
            raise ValueError(
                f"{place}.train.batch_size = {train.batch_size}: times "
                f"profiles.{self.profile}.scale.{experiment.dataset}.batch = {factor} more than "
                f"profiles.{self.profile}.images = {profile.images}, all the images there are"
            )


def schedule(shared: Schedule | None, experiment: Experiment) -> Schedule | None:
    """How a row is trained: what its paper's rows share, and what the row itself says; None of a closed form.

    A row that sets `epochs` or `steps` does not take the other one from the paper.
    """
    own = experiment.train.model_dump(exclude_unset=True) if experiment.train else {}
    if experiment.objective is None or not (shared or own):
        return None
    common = shared.model_dump(exclude_unset=True, exclude={"bfloat16"}) if shared else {}
    if own.keys() & {"epochs", "steps"}:
        common = {name: value for name, value in common.items() if name not in ("epochs", "steps")}
    return Schedule(**common | own)


def load(path: Path | str = PATH) -> Params:
    """Read and check the settings. SettingsError names every wrong key, its value and what is allowed."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path}: not found in {Path.cwd()}; run from the project's top folder") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text: {error}") from None
    try:
        settings = yaml.load(text, Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: such as a date of month 13
        reason = " ".join(str(error).replace('in "<unicode string>", ', "").split())
        raise SettingsError(f"{path}: not readable as YAML: {reason}") from None
    models(), objectives()  # a file that cannot be read is named once, not by every row
    try:
        return Params.model_validate(settings)
    except ValidationError as error:
        lines = [explained.line(e) for e in error.errors()]
        raise SettingsError("\n".join([f"{path}: {len(lines)} wrong:", *(f"  {x}" for x in lines)])) from None


def section(name: str) -> Any:
    """The checked value at a dotted name of params.yaml, for instance `experiments.ray-stacked`."""
    value: Any = load()
    for part in name.split("."):
        known = value if isinstance(value, Mapping) else type(value).model_fields
        if part not in known:
            raise SettingsError(f"{name}: {_unknown(part, known)}")
        value = value[part] if isinstance(value, Mapping) else getattr(value, part)
    return value


def row(key: str) -> Experiment:
    """The checked row of a key of `experiments` or `ablations`."""
    rows = load().rows
    if key not in rows:
        raise SettingsError(f"experiments.{key}: {_unknown(key, rows)}")
    return rows[key]


def is_ablation(key: str) -> bool:
    """Whether a row is one of `ablations`."""
    return key in load().ablations


def runs(key: str) -> bool:
    """Whether the active profile trains a row."""
    return load().runs(key)


def profile(field: str) -> Any:
    """The checked value at a dotted name of the active profile."""
    return section(f"profiles.{section('profile')}.{field}")


@functools.cache
def models() -> dict[str, type[BaseModel]]:
    """Schema of the arguments of every model, by name: one file of networks/ each, read but not imported."""
    return {name: _class_schema(PACKAGE / "networks" / f"{name}.py") for name in networks()}


@functools.cache
def objectives() -> dict[str, type[BaseModel]]:
    """Schema of the keyword-only arguments of every public function of objectives.py."""
    tree = ast.parse((PACKAGE / "training" / "objectives.py").read_text(encoding="utf-8"))
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
    return {f.name: _schema(f.name, f.args.kwonlyargs, f.args.kw_defaults) for f in functions}


def _class_schema(file: Path) -> type[BaseModel]:
    name = class_name(file.stem)
    try:
        body = ast.parse(file.read_text(encoding="utf-8")).body
    except SyntaxError as error:
        raise SettingsError(f"{file}: not readable as Python: line {error.lineno}: {error.msg}") from None
    cls = next((n for n in body if isinstance(n, ast.ClassDef) and n.name == name), None)
    if cls is None:
        there = ", ".join(n.name for n in body if isinstance(n, ast.ClassDef)) or "none"
        raise SettingsError(f"{file}: no class {name}, which its file's name asks for; classes there: {there}")
    init = next((n for n in cls.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
    if init is None:
        raise SettingsError(f"{file}: class {name} has no __init__(self, size, channels, width, *, ...)")
    return _schema(name, init.args.kwonlyargs, init.args.kw_defaults)


def _schema(name: str, arguments: list[ast.arg], defaults: list[ast.expr | None]) -> type[BaseModel]:
    vocabulary = {"Annotated": Annotated, "Field": Field, "Literal": Literal}
    fields: dict[str, Any] = {}
    for argument, default in zip(arguments, defaults, strict=True):
        if argument.annotation is None:
            raise TypeError(f"{name}: argument {argument.arg} has no type")
        kind = eval(ast.unparse(argument.annotation), vocabulary)
        fields[argument.arg] = (kind, ... if default is None else ast.literal_eval(default))
    return create_model(name, __config__=ConfigDict(extra="forbid", strict=True), **fields)


def _checked(component: Component, kind: str, schemas: dict[str, type[BaseModel]]) -> Component:
    _one_of("name", component.name, schemas)
    try:
        schemas[component.name].model_validate(component.arguments)
    except ValidationError as error:
        known = ", ".join(schemas[component.name].model_fields) or "none"
        reasons = "; ".join(explained.line(e) for e in error.errors())
        raise ValueError(f"{kind} {component.name}: {reasons} (arguments of {component.name}: {known})") from None
    return component


def _one_of(key: str, value: str, known: Mapping[str, Any]) -> None:
    if value not in known:
        raise ValueError(f"{key}: {_unknown(value, known)}")


def _unknown(value: str, known: Any) -> str:
    close = difflib.get_close_matches(value, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{value!r} is unknown; known: {', '.join(known)}{hint}"
