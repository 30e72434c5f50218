"""Training loops of others, on the project's networks, so that nothing but the loop differs."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, Dataset, RandomSampler
from torchvision import datasets, transforms

from autofaces.training import models
from benchmarks import faces
from benchmarks.preprocessing import CROP
from benchmarks.timing import Enough, Round, Run, Skip, Watch

WORKERS = 2
SKIP = 3  # steps, in which the loader's queue is filled
ENDLESS = 10**7  # images


def loader(settings: dict[str, Any]) -> Run:
    """A loop as PyTorch-VAE and many others have it."""
    batch = settings["batch"]

    def run(seconds: float) -> Round:
        model = _network(settings)
        images = _images(settings, model)
        order = RandomSampler(images, replacement=True, num_samples=ENDLESS)  # one epoch is as long as a round
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-4)
        watch = Watch(seconds, SKIP)
        model.train()
        with suppress(Enough):
            for inputs, _ in DataLoader(images, batch, sampler=order, num_workers=WORKERS):
                watch.tick()
                optimizer.zero_grad()
                loss = mse_loss(model(inputs), inputs)
                loss.backward()
                optimizer.step()
                loss.item()  # for the log
        return watch.round(batch)

    return run


def pythae(settings: dict[str, Any]) -> Run:
    """pythae's AE and BaseTrainer around the same encoder and decoder."""
    try:
        from pythae.data.datasets import DatasetOutput
        from pythae.models import AE, AEConfig
        from pythae.models.base.base_utils import ModelOutput
        from pythae.models.nn import BaseDecoder, BaseEncoder
        from pythae.trainers import BaseTrainer, BaseTrainerConfig
        from pythae.trainers.training_callbacks import TrainingCallback
    except ImportError as error:
        raise Skip(f"not installed ({error}); .venv/bin/python -m pip install pythae") from None
    logging.disable(logging.INFO)

    class Encoder(BaseEncoder):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.layers = network.encoder

        def forward(self, images: Tensor) -> ModelOutput:
            return ModelOutput(embedding=self.layers(images))

    class Decoder(BaseDecoder):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.layers = network.decoder

        def forward(self, code: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.layers(code))

    class Images(Dataset):
        def __init__(self, images: Dataset) -> None:
            self.images = images

        def __len__(self) -> int:
            return len(self.images)

        def __getitem__(self, index: int) -> DatasetOutput:
            return DatasetOutput(data=self.images[index][0])

    class Clock(TrainingCallback):
        def __init__(self, watch: Watch) -> None:
            self.watch = watch

        def on_train_step_end(self, *_: Any, **__: Any) -> None:
            self.watch.tick()

    def run(seconds: float) -> Round:
        network = _network(settings)
        config = AEConfig(input_dim=(3, faces.SIZE, faces.SIZE), latent_dim=settings["arguments"].get("code", 256))
        plan = BaseTrainerConfig(
            output_dir=str(Path(settings["folder"], "pythae")),
            num_epochs=ENDLESS,
            learning_rate=2e-4,
            per_device_train_batch_size=settings["batch"],
            train_dataloader_num_workers=WORKERS,
            keep_best_on_train=True,
            no_cuda=True,
        )
        watch = Watch(seconds, SKIP)
        model = AE(config, Encoder(network), Decoder(network))
        trainer = BaseTrainer(model, Images(_images(settings, network)), None, plan, [Clock(watch)])
        with suppress(Enough):
            trainer.train()
        return watch.round(settings["batch"])

    return run


def _network(settings: dict[str, Any]) -> nn.Module:
    torch.manual_seed(0)
    return models.build(settings["network"], faces.SIZE, 3, 1.0, settings["arguments"])


def _images(settings: dict[str, Any], model: nn.Module) -> Dataset:
    """The folder of JPEGs, each image float32 (3, 128, 128) in the model's range."""
    chain = [transforms.CenterCrop(CROP), transforms.Resize(faces.SIZE), transforms.ToTensor()]
    if model.pixel_range == (-1.0, 1.0):
        chain.append(transforms.Normalize(0.5, 0.5))
    return datasets.ImageFolder(Path(settings["folder"], "jpeg"), transforms.Compose(chain))
