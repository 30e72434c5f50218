"""Nikolaos Kolotouros, Karl Pertsch, Oleh Rybkin (2017): CIS 680 Homework #4."""

from autofaces.papers import Compared, Curves, Number, Numbers, Panel, Paper, Sprites, splits
from autofaces.verdicts.rules import NEAR, Claim, above, below, difference, ratio, value

STATED = (
    Number("training sketches", "87", "section 1.1", "of the official 88 + 100, some to validate"),
    Number("test sketches", "100", "section 1.1", "kolotouros-sketch-ae:test_images"),
    Number("parameters of the autoencoder", "68,285", "counted from table 1", "kolotouros-sketch-ae:parameters"),
    Number("parameters of the variational one", "39,728", "counted from table 2", "kolotouros-sketch-vae:parameters"),
    Number("parameters of the deeper one", "8,030,401", "counted from table 3", "kolotouros-celeba-vae:parameters"),
    Number("numbers in the code of the VAE; of the deeper one", "16; 512", "tables 2 and 3", "the same"),
    Number("iterations", "1299", "section 1.2", "the same, or as many as the profile allows"),
)

PAPER = Paper(
    authors="Nikolaos Kolotouros, Karl Pertsch, Oleh Rybkin",
    title="CIS 680 Homework #4",
    year="2017",
    institution="University of Pennsylvania",
    asks="What do an autoencoder and a variational autoencoder make of only 87 pencil sketches, and a deeper "
    "variational autoencoder of CelebA?",
    data="CUHK Face Sketch database (CUFS), CelebA; grey, 64 × 64 pixels",
    numbers=(
        Numbers(
            "What the text states",
            "ours",
            "The text gives no loss as a number: its losses are curves (figure 1).",
            STATED,
        ),
    ),
)

CLAIMS = (
    Claim(
        "C1",
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
        "section 1.2",
        "The KL is quickly satisfied; the reconstruction dominates most of the training.",
        "From a tenth of the training on (quickly), the KL is nowhere more than a tenth of the objective (dominates); "
        "both tenths are ours. A history has no interval: within 0.01 of the rule nothing is decided.",
        (value("kolotouros-sketch-vae:kl_share", below(0.1, 0.01)),),
    ),
    Claim(
        "C4",
        "section 1.3, figure 4",
        "The larger variational autoencoder on CelebA hardly overfits.",
        "As K1: less than 10 % more error on test images than on training images.",
        (value("kolotouros-celeba-vae:generalisation_gap", below(1.1)),),
    ),
)


def terms(row: str) -> tuple[Panel, ...]:
    """What the loss of a VAE is made of."""
    names = {"reconstruction_nats": "cross-entropy", "kl_nats": "KL"}
    return tuple(Panel(f"{name}, nats per image", splits(row, t), "VAE", "iteration") for t, name in names.items())


FIGURES = (
    Compared(
        name="reconstructions",
        rows={"kolotouros-sketch-ae": "AE", "kolotouros-sketch-vae": "VAE"},
        title="Unseen sketches: autoencoder, and variational autoencoder",
        note="Figures 2 and 3 of kolotouros2017, ours.",
        caption="Unseen sketches through both autoencoders (their figures 2 and 3)",
        alt="Three rows of sketches: originals, reconstructions of the autoencoder and of the variational one.",
    ),
    Curves(
        name="losses",
        panels=(
            Panel("mean squared error", splits("kolotouros-sketch-ae", "loss"), "AE", "iteration"),
            *terms("kolotouros-sketch-vae"),
        ),
        title="Losses of autoencoder and VAE on sketches",
        note="Figure 1 of kolotouros2017, ours.",
        caption="Losses on sketches (their figure 1)",
        alt="Three charts over iterations on training and validation sketches: the autoencoder's error, the "
        "variational one's cross-entropy and KL.",
    ),
    Compared(
        name="celeba",
        rows={"kolotouros-celeba-vae": "VAE"},
        title="Unseen faces through the deeper VAE",
        note="Figure 4 of kolotouros2017, ours.",
        caption="Unseen faces through the deeper VAE (their figure 4)",
        alt="Two rows of grey faces: originals and the deeper variational autoencoder's reconstructions.",
    ),
    Curves(
        name="celeba-losses",
        panels=terms("kolotouros-celeba-vae"),
        title="Losses of the deeper VAE on faces",
        note="Ours, for section 1.3 of kolotouros2017.",
        caption="Losses of the deeper VAE",
        alt="Two charts over iterations on training and validation faces: cross-entropy and KL.",
    ),
    Sprites(
        name="samples",
        rows={"kolotouros-sketch-vae": "sketches", "kolotouros-celeba-vae": "faces"},
        columns=6,
        lines=4,
        side=64,
        title="Sketches and faces made up by the two VAEs",
        note="Not in kolotouros2017: decoded from draws of N(0, I).",
        alt="Two blocks of made-up pictures: sketches and grey faces.",
    ),
)
