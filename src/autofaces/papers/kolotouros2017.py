"""Nikolaos Kolotouros, Karl Pertsch, Oleh Rybkin (2017): CIS 680 Homework #4."""

from autofaces.papers import Compared, Curves, Horizon, Number, Numbers, Panel, Paper, Sprites, Undecided, splits
from autofaces.verdicts.rules import NEAR, Claim, Rule, above, below, difference, ratio, value

STATED = (
    Number("training sketches", "87", "section 1.1", "all of the official 88 that are there"),
    Number("test sketches", "100", "section 1.1", "kolotouros-sketch-ae:test_images"),
    Number("parameters of the autoencoder", "68,285", "counted from table 1", "kolotouros-sketch-ae:parameters_full"),
    Number(
        "parameters of the variational one", "39,728", "counted from table 2", "kolotouros-sketch-vae:parameters_full"
    ),
    Number(
        "parameters of the deeper one", "8,030,401", "counted from table 3", "kolotouros-celeba-vae:parameters_full"
    ),
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
            "The text gives no loss as a number: its losses are curves (figure 1). Our parameters are counted of the "
            "networks at full width and size of image, whatever was trained.",
            STATED,
        ),
    ),
    undecided=(
        Undecided(
            "Longer training would make up for the randomness of sampling.",
            "section 1.2",
            "a hypothesis of theirs; the row that trains eight times as long (C5) shows what it does to the error",
        ),
        Undecided(
            "The larger network captures most of the high-level information of a face.",
            "section 1.3, figure 4",
            "what is high-level is not said; the figure is there to look at",
        ),
        Undecided(
            "No fully connected layer, because of overfitting.",
            "section 1.1",
            "a reason for the architecture; the paper has no row with one to compare with",
        ),
        Undecided(
            "Longer training, more width, residual connections would improve it further.",
            "section 1.3",
            "expectations beyond their work",
        ),
    ),
)

AE, VAE = "kolotouros-sketch-ae", "kolotouros-sketch-vae"

CLAIMS = (
    Claim(
        "C1",
        "sections 1 and 1.1, figure 2",
        "Trained on 87 sketches, the autoencoder reconstructs sketches it has not seen; overfitting is severe.",
        "Reconstructs: less than half the error of the average picture, which knows nothing of the sketch. Severe: an "
        "error on unseen sketches half as large again as on those trained on. Both thresholds are ours. As theirs it "
        "trains on all sketches that are not test sketches: nothing is chosen by validation.",
        (
            ratio(f"{AE}:mse", f"{AE}:mse_of_mean", below(0.5), "unseen"),
            value(f"{AE}:generalisation_gap", above(1.5), "overfits"),
        ),
    ),
    Claim(
        "C2",
        "section 1.2, figure 3",
        "The variational autoencoder is blurrier than the plain one, and its error is higher on training and test "
        "sketches.",
        "Error on both sets (of training images one number a seed: within 5 % of the other without an interval is "
        "open). Blurrier: less sharp after a Gaussian of 2 pixels, and gradients that agree less with the original's. "
        "The plain ratio, which grain raises, stands beside.",
        (
            ratio(f"{VAE}:mse", f"{AE}:mse", above(1), "test"),
            ratio(f"{VAE}:train_mse", f"{AE}:train_mse", above(1, NEAR), "training"),
            ratio(f"{VAE}:sharpness_ratio_coarse", f"{AE}:sharpness_ratio_coarse", below(1), "coarse"),
            difference(f"{VAE}:gradient_correlation", f"{AE}:gradient_correlation", below(0), "detail"),
            ratio(f"{VAE}:sharpness_ratio", f"{AE}:sharpness_ratio", None, "plain"),
        ),
    ),
    Claim(
        "C3",
        "section 1.2",
        "The KL is quickly satisfied; the reconstruction dominates most of the training.",
        "Quickly: at an eighth of the training the KL is within a tenth of its final value, a tolerance of ours. "
        "Dominates: from a tenth of the training on the KL is less than half of the objective, from which the entropy "
        "of the grey pixels is taken: no network can go below it, and with it any KL would seem small.",
        (
            ratio(f"{VAE}:kl_nats@1/8", f"{VAE}:kl_nats@1", Rule(0.9, 1.1), "quickly"),
            value(f"{VAE}:kl_share", below(0.5, 0.01), "dominates"),
        ),
    ),
    Claim(
        "C4",
        "section 1.3, figure 4",
        "The larger variational autoencoder on CelebA hardly overfits.",
        "As K1: less than 10 % more error on test images than on training images.",
        (value("kolotouros-celeba-vae:generalisation_gap", below(1.1)),),
    ),
    Claim(
        "C5",
        "section 1.2",
        "After iteration 1299 the networks start to overfit.",
        "Rows that train eight times as long, without the validation sketches: error on these at the end over that at "
        "iteration 1299, an eighth of the training. The text says it of the variational one; the plain one, for which "
        "it calls overfitting severe, stands beside.",
        (
            ratio(f"{VAE}-long:mse@1", f"{VAE}-long:mse@1/8", above(1), "vae"),
            ratio(f"{AE}-long:mse@1", f"{AE}-long:mse@1/8", None, "ae"),
        ),
    ),
    Claim(
        "C6",
        "section 1.2",
        "To avoid overfitting the code has to be small: 16 numbers.",
        "Test over training error with larger codes, over that with 16. Sizes near it, and smaller ones, stand beside.",
        tuple(
            ratio(f"{VAE}-code{k}:generalisation_gap", f"{VAE}:generalisation_gap", rule, f"code{k}")
            for k, rule in ((4, None), (8, None), (32, None), (64, above(1)), (128, above(1)))
        ),
    ),
    Claim(
        "C7",
        "section 1.2",
        "Sampling the code acts as a regulariser by itself.",
        "Test over training error of the variational autoencoder over that of the plain one, on the same sketches. "
        "The two differ in more than sampling: 16 numbers against 256, another loss, and an error so much higher (C2) "
        "that it alone makes for a smaller ratio. So a code of 128 numbers, still sampled, decides with it where it "
        "is trained.",
        (
            ratio(f"{VAE}:generalisation_gap", f"{AE}:generalisation_gap", below(1), "paper"),
            ratio(f"{VAE}-code128:generalisation_gap", f"{AE}:generalisation_gap", below(1), "code128"),
        ),
    ),
    Claim(
        "C8",
        "section 1.3",
        "A deeper network hurts the performance on CelebA.",
        "Two convolutions at each size instead of one; the error on test images, after as many epochs. The bound "
        "stands beside.",
        (
            ratio("kolotouros-celeba-vae-deeper:mse", "kolotouros-celeba-vae:mse", above(1), "error"),
            ratio("kolotouros-celeba-vae-deeper:elbo_nats", "kolotouros-celeba-vae:elbo_nats", None, "elbo"),
        ),
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
        alt="Three charts over iterations: the autoencoder's error, the variational one's cross-entropy and KL; on "
        "training sketches, and on the validation sketches, which are among those trained on.",
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
    Horizon(
        name="horizon",
        title="The claims of kolotouros2017 as training goes on",
        note="Effect and 95 % interval on validation pictures; the line is the claim's rule.",
        alt="Small charts, one for each part of a claim: its effect against images seen in training.",
    ),
)
