"""What a code is used for."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autofaces.metrics.latent import active_units


def means(*variances: float) -> torch.Tensor:
    """Codes of four images, (4, D), with these variances over the images."""
    return torch.tensor([-1.0, 1.0, -1.0, 1.0])[:, None] * torch.tensor(variances).sqrt()


def test_a_unit_is_active_from_a_variance_of_a_hundredth_on():
    assert active_units(means(0.0, 0.0099, 0.0101, 4.0)) == 2
    assert active_units(means(0.0, 0.0)) == 0


def test_a_code_may_be_a_map_and_of_half_precision():
    assert active_units(means(0.0, 0.02, 1.0, 1.0).reshape(4, 1, 2, 2).bfloat16()) == 3


@settings(max_examples=30)
@given(st.floats(-5, 5), st.integers(0, 10**6))
def test_where_the_means_lie_does_not_matter(shift, seed):
    code = torch.randn(20, 8, generator=torch.manual_seed(seed)) * torch.tensor([0.01, 1.0]).repeat(4)
    assert active_units(code + shift) == active_units(code) == 4
