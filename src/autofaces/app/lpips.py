"""How unlike its images a row's reconstructions look to AlexNet (optional package: `pip install -e '.[lpips]'`)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autofaces.app.options import Key, say
from autofaces.core import files

if TYPE_CHECKING:
    from torch import nn

DIGEST = "7be5be79"  # first digits of the weights' SHA-256, as their name has them


def lpips(
    experiment: Key,
    weights: Annotated[Path, typer.Option(metavar="FILE", help="AlexNet's: alexnet-owt-7be5be79.pth.")],
) -> None:
    """Tell how unlike their originals reconstructions look: LPIPS.

    LPIPS (Zhang et al. 2018) compares what AlexNet sees in two images: 0
    where that is the same. Printed is its mean over the row's test images
    and seeds, with the 95 % interval. Nothing is ever downloaded: you bring
    AlexNet's weights, 233 MiB, which are at

    \b
      https://download.pytorch.org/models/alexnet-owt-7be5be79.pth

    \b
    Examples:
      autofaces lpips ray-recursive --weights alexnet-owt-7be5be79.pth
    """
    import numpy as np
    import torch

    from autofaces.app import uses
    from autofaces.evaluation import inference, tables
    from autofaces.training import models
    from autofaces.training.pixels import normalise
    from autofaces.verdicts import bootstrap

    network = alexnet(weights)
    trained = uses.load("lpips", experiment)
    test = uses.images(trained, "test")
    device = inference.device(trained.model)
    network.to(device)
    values = []
    for folder in models.seeds(trained.folder):
        model = models.load(folder)[0].to(device)
        for batch in inference.batches(model, test):
            pair = normalise(batch, (0.0, 1.0)), inference.reconstruct(model, batch)
            with torch.inference_mode():
                values.append(network(*(images.expand(-1, 3, -1, -1) for images in pair), normalize=True))
    found = torch.cat(values).double().reshape(-1, len(test), 1).cpu().numpy()
    groups = tables.groups(uses.ARRAYS / trained.config["dataset"], "test")
    low, high = bootstrap.interval(found, lambda mean: mean, groups)
    say(f"{trained.key}: lpips {np.mean(found):.4f} ({low:.4f} to {high:.4f}) over {len(test):,} test images")


def alexnet(weights: Path, digest: str = DIGEST) -> "nn.Module":
    """LPIPS with the AlexNet in a file: images (B, 3, H, W) each -> (B, 1, 1, 1). BadInput where torchmetrics, which
    has all else of it, is not installed, and unless the file's SHA-256 begins with `digest`."""
    import torch

    try:
        from torchmetrics.functional.image.lpips import _NoTrainLpips  # its public ones download AlexNet by themselves
    except ImportError:
        raise files.BadInput("lpips: torchmetrics is not installed here; run pip install -e '.[lpips]'") from None
    if not (found := files.sha256(weights)).startswith(digest):
        raise files.BadInput(f"{weights}: SHA-256 {found[:8]}..., expected {digest}...: fetch it again (see --help)")
    network = _NoTrainLpips(net="alex", pnet_rand=True)  # AlexNet is drawn at random, and replaced
    state = torch.load(weights, map_location="cpu", weights_only=True)
    names = network.net.state_dict()  # such as slice2.3.weight
    network.net.load_state_dict({name: state[f"features.{name.partition('.')[2]}"] for name in names})
    return network
