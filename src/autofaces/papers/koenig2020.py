"""Li Nguyen, Alexander Koenig (2020): Deep convolutional autoencoders on CelebA."""

from autofaces.papers import (
    Compared,
    Curves,
    Errors,
    Horizon,
    Line,
    Number,
    Numbers,
    Panel,
    Paper,
    Undecided,
    Use,
)
from autofaces.verdicts.rules import SAME, Arithmetic, Claim, Rule, above, below, difference, ratio, value

CODE = "published code"

STATED = (
    Number("compression, 49,152 numbers to 256", "95.31 %", "section 1", "claim:G7", "arithmetic: 1 − 256 / 49,152"),
    Number("parameters of model 1, nf 64", "30,685,440", CODE, "koenig-m1-nf64-bs64:parameters_full"),
    Number(
        "parameters of model 1, nf 16", "3,493,824", f"counted from the {CODE}", "koenig-m1-nf16-bs32:parameters_full"
    ),
    Number(
        "parameters of model 1, nf 128",
        "105,934,848",
        f"counted from the {CODE}",
        "koenig-m1-nf128-bs128:parameters_full",
    ),
    Number(
        "parameters of model 2, nf 16", "83,776", "counted from section 2, figure 2", "koenig-m2-bs32:parameters_full"
    ),
    Number("training images", "162,770", "section 4"),
    Number("validation images", "19,867", "section 4"),
    Number("test images", "19,962", "section 4", "koenig-m1-nf64-bs64:test_images"),
    Number("epochs; with nf 128", "8; 10", "section 5"),
    Number(
        "slope of LeakyReLU",
        "1.0",
        CODE,
        "0.2, and 1.0 in the row as-published",
        "the text says LeakyReLU, the code's LeakyReLU(True) is a slope of 1",
    ),
)

PAPER = Paper(
    authors="Li Nguyen, Alexander Koenig",
    title="Deep convolutional autoencoders on CelebA (assignment report, Machine Learning Applications for Computer "
    "Graphics)",
    year="2020",
    institution="Technical University of Munich / Tel Aviv University; with the authors' published code",
    asks="Should an autoencoder shrink images by strided convolutions (model 1) or by pooling (model 2)? What do the "
    "number of feature maps (nf) and the batch size (bs) matter?",
    data="CelebA, 128 × 128 pixels",
    numbers=(
        Numbers(
            "What the text and the code state",
            "ours",
            "The text gives no loss as a number: its losses are curves (figures 4 to 7). Our parameters are "
            "counted of the networks at full width and size of image, whatever was trained.",
            STATED,
        ),
    ),
    undecided=(
        Undecided(
            "Max pooling loses important information through aggressive compression.",
            "section 5, experiment 1",
            "an explanation of G1; both models have a code of 256 numbers",
        ),
        Undecided(
            "The patches come from the rectangular kernel of nearest-neighbour upsampling.",
            "section 5, experiment 1",
            "a cause; the paper has no row with another upsampling to compare with",
        ),
        Undecided(
            "A deeper model with more feature maps encodes finer detail, which raises photorealism.",
            "section 5, experiment 2",
            "an intuition, as they say; photorealism is for people to judge (G5 is the error)",
        ),
        Undecided(
            "Pictures of the larger networks are at most comparable with those of the baseline.",
            "section 5, experiment 3",
            "said of figures 11 to 13 by eye; G6 is the error",
        ),
    ),
)

# pairs of rows that differ in batch size alone, the larger first
BATCHES = {
    "m1-nf16": ("koenig-m1-nf16-bs32", "koenig-m1-nf16-bs16"),
    "m2": ("koenig-m2-bs32", "koenig-m2-bs16"),
    "m1-nf32": ("koenig-m1-nf32-bs64", "koenig-m1-nf32-bs32"),
    "m1-nf64": ("koenig-m1-nf64-bs64", "koenig-m1-nf64-bs32"),
}

CLAIMS = (
    Claim(
        "G1",
        "section 5, experiment 1, figures 3 to 5",
        "Model 1 (strided convolutions) has a substantially lower error than model 2 (pooling) at both batch sizes.",
        "They compare validation losses; the same error on test images has a value per image, and so an interval. "
        "Substantially: by more than a tenth, a threshold of ours.",
        (
            ratio("koenig-m1-nf16-bs16:mse", "koenig-m2-bs16:mse", below(0.9), "bs16"),
            ratio("koenig-m1-nf16-bs32:mse", "koenig-m2-bs32:mse", below(0.9), "bs32"),
        ),
    ),
    Claim(
        "G2",
        "section 5, experiment 1",
        "Model 2 has fewer parameters than model 1 and trains faster.",
        "Both are counted of the networks at full width and size, whatever was trained here: parameters, and "
        "operations per image, which unlike seconds do not depend on the machine.",
        (
            ratio("koenig-m2-bs32:parameters_full", "koenig-m1-nf16-bs32:parameters_full", below(1), "size"),
            ratio("koenig-m2-bs32:flops_full", "koenig-m1-nf16-bs32:flops_full", below(1), "work"),
        ),
    ),
    Claim(
        "G3",
        "section 5, experiment 1, figure 3",
        "Pooling and nearest neighbours leave rectangular patches in the images.",
        "Contrast across the borders of blocks over that in their middles, in units of the original's. Blocks of 4 "
        "pixels decide, which the last nearest-neighbour step leaves: patches are there (above 1, which blur alone "
        "lowers), and more than model 1 leaves at the same batch size. Of 16 and 64 pixels, as the steps before "
        "leave, blur says more than patches do: they stand beside.",
        (
            value("koenig-m2-bs32:blockiness_4", above(1), "there"),
            ratio("koenig-m2-bs32:blockiness_4", "koenig-m1-nf16-bs32:blockiness_4", above(1), "pooling"),
            *(value(f"koenig-m2-bs32:blockiness_{side}", None, f"{side}px") for side in (16, 64)),
        ),
    ),
    Claim(
        "G4",
        "section 5, experiments 1 and 2, figures 4 and 6",
        "The larger batch ends with the lower error.",
        "Each pair that differs in batch size alone, the larger over the smaller: after as many images, as their "
        "curves over epochs do (test images in place of validation losses: see G1), and after as many updates, where "
        "the larger batch has seen twice the images (on validation images), so that it cannot lose by updating less. "
        "The second comparison is ours.",
        (
            *(ratio(f"{large}:mse", f"{small}:mse", below(1), name) for name, (large, small) in BATCHES.items()),
            *(
                ratio(f"{large}:mse@1", f"{small}:mse@1/2", below(1), f"{name}-updates")
                for name, (large, small) in BATCHES.items()
            ),
        ),
    ),
    Claim(
        "G5",
        "section 5, experiment 2, figure 6",
        "More feature maps end with the lower error.",
        "64 maps over 32, at both batch sizes of the grid. Test images in place of validation losses: see G1.",
        (
            ratio("koenig-m1-nf64-bs32:mse", "koenig-m1-nf32-bs32:mse", below(1), "bs32"),
            ratio("koenig-m1-nf64-bs64:mse", "koenig-m1-nf32-bs64:mse", below(1), "bs64"),
        ),
    ),
    Claim(
        "G6",
        "section 5, experiment 3, figure 7",
        "Nothing is gained beyond 64 feature maps and a batch of 64.",
        "128 maps over 64, at both larger batches, 10 epochs against 8 as theirs. A gain below 1 % is none. Test "
        "images in place of validation losses: see G1.",
        (
            ratio("koenig-m1-nf128-bs128:mse", "koenig-m1-nf64-bs64:mse", above(1 - SAME), "bs128"),
            ratio("koenig-m1-nf128-bs256:mse", "koenig-m1-nf64-bs64:mse", above(1 - SAME), "bs256"),
        ),
    ),
    Claim(
        "G7",
        "section 1",
        "3 x 128 x 128 numbers become 256: a compression of 95.31 %.",
        "Arithmetic: 1 - 256 / 49152 = 99.48 %. Theirs is 1 - 3 x 256 / 128^2 = 95.3125 %: the three channels stand on "
        "the code's side of the fraction instead of the image's. The rule is their number to its last digit.",
        (value(Arithmetic("compression", 1 - 256 / (3 * 128 * 128)), Rule(0.95305, 0.95315)),),
    ),
    Claim(
        "G8",
        "ours, of the published code, where LeakyReLU(True) is a slope of 1; the text says LeakyReLU (section 2)",
        "The slope of 1 in the published encoder changes the result.",
        "The error is what the paper compares; a change in either direction counts from 1 % on.",
        (
            ratio(
                "koenig-m1-nf64-bs64-as-published:mse",
                "koenig-m1-nf64-bs64:mse",
                Rule(1 - SAME, 1 + SAME, outside=True),
            ),
        ),
    ),
    Claim(
        "G9",
        "section 5, experiment 2, figures 8 to 11",
        "Higher batch sizes let the model generalise better.",
        "Test over training error, the larger batch over the smaller, at both widths of the grid.",
        tuple(
            ratio(f"{BATCHES[name][0]}:generalisation_gap", f"{BATCHES[name][1]}:generalisation_gap", below(1), name)
            for name in ("m1-nf32", "m1-nf64")
        ),
    ),
    Claim(
        "G10",
        "section 5, experiment 1, figure 3",
        "The rectangular patches are worst where detail and contrast are high, as at eyes, nose and mouth.",
        "Contrast across 4-pixel borders beyond that inside the blocks, reconstruction less original: in the quarter "
        "of each image where the original has most contrast, less the same in the quarter with least.",
        (difference("koenig-m2-bs32:patches_detailed", "koenig-m2-bs32:patches_flat", above(0)),),
    ),
)

# of a row that is shown among others: its name, and the look of its curve
LOOKS = {
    "koenig-m1-nf16-bs16": ("model 1, bs16", "blue", "--"),
    "koenig-m1-nf16-bs32": ("model 1, bs32", "blue", "-"),
    "koenig-m2-bs16": ("model 2, bs16", "orange", "--"),
    "koenig-m2-bs32": ("model 2, bs32", "orange", "-"),
    "koenig-m1-nf32-bs32": ("nf32-bs32", "teal", "--"),
    "koenig-m1-nf64-bs32": ("nf64-bs32", "blue", "--"),
    "koenig-m1-nf32-bs64": ("nf32-bs64", "teal", "-"),
    "koenig-m1-nf64-bs64": ("nf64-bs64", "blue", "-"),
    "koenig-m1-nf128-bs128": ("nf128-bs128", "purple", "--"),
    "koenig-m1-nf128-bs256": ("nf128-bs256", "purple", "-"),
    "koenig-m1-nf64-bs64-as-published": ("as published", "orange", "-"),
}
MODELS, CELLS = tuple(LOOKS)[:4], tuple(LOOKS)[4:10]  # of figures 4 and 5; of figures 8 to 13
SLOPES = ("koenig-m1-nf64-bs64", "koenig-m1-nf64-bs64-as-published")
PUBLISHED = "As published: with the code's LeakyReLU, whose slope of 1.0 leaves negative values as they are."


def losses(heading: str, rows: tuple[str, ...], column: str = "validation_loss") -> Panel:
    lines = tuple(Line(row, column, *LOOKS[row]) for row in rows)
    return Panel("mean squared error on [-1, 1]", lines, heading)


FIGURES = (
    Compared(
        name="reconstructions",
        rows={"koenig-m1-nf16-bs32": "model 1", "koenig-m2-bs32": "model 2"},
        title="Unseen faces through strided convolutions and through pooling",
        note="Figure 3 of koenig2020, ours: models 1 and 2 at bs32.",
        caption="Unseen faces through strided convolutions and through pooling (their figure 3)",
        alt="Three rows of faces: originals, reconstructions of model 1 and of model 2.",
    ),
    Curves(
        name="losses",
        panels=(losses("validation (figure 4)", MODELS), losses("training (figure 5)", MODELS, "train_loss")),
        title="Losses of models 1 and 2 at two batch sizes",
        note="Figures 4 and 5 of koenig2020, ours.",
        caption="Losses of models 1 and 2 (their figures 4 and 5)",
        alt="Two charts over epochs, validation and training loss, each of models 1 and 2 at batch sizes 16 and 32.",
    ),
    Compared(
        name="grid",
        rows={row: LOOKS[row][0] for row in CELLS},
        side=64,
        title="Model 1 by feature maps and batch size",
        note="Figures 8 to 13 of koenig2020, ours.",
        caption="Model 1 by feature maps and batch size (their figures 8 to 13)",
        alt="A grid of small faces: a row of originals, then a row of reconstructions for each pair of feature maps "
        "and batch size.",
    ),
    Curves(
        name="grid-losses",
        panels=(
            losses("nf32 and nf64 (figure 6)", CELLS[:4]),
            losses("nf64 and nf128 (figure 7)", CELLS[3:]),
            losses("LeakyReLU as published", SLOPES),
        ),
        title="Validation losses of model 1 by feature maps (nf) and batch size (bs)",
        note=f"Figures 6 and 7 of koenig2020, ours. {PUBLISHED}",
        caption="Losses of model 1 by feature maps and batch size (their figures 6 and 7)",
        alt="Three charts of validation loss over epochs: 32 and 64 feature maps, 64 and 128, and the published slope.",
    ),
    Compared(
        name="as-published",
        rows={row: LOOKS[row][0] for row in SLOPES},
        side=64,
        title="LeakyReLU as meant and as published",
        note=f"Ours, for figure 11 of koenig2020. {PUBLISHED}",
        alt="Three rows of faces: originals, reconstructions with a slope of 0.2 and with the published one of 1.",
    ),
    Errors(
        name="errors",
        title="Error of every model on unseen faces",
        note="Ours, for figures 3 and 8 to 13 of koenig2020.",
        alt="A bar chart of the mean squared error of every model; the numbers stand in the table of experiments.",
    ),
    Use(
        name="similar",
        row="koenig-m1-nf64-bs64",
        use="similar",
        title="Unseen faces, and those whose codes are nearest",
        note="Not in koenig2020: figure 8 of kovenko2020, of model 1 at nf64, bs64.",
        caption="The unseen faces whose codes are nearest",
        alt="Rows of faces: a query on the left, then the images with the nearest codes.",
    ),
    Horizon(
        name="horizon",
        title="The claims of koenig2020 as training goes on",
        note="Effect and 95 % interval on validation faces; the line is the claim's rule.",
        alt="Small charts, one for each part of a claim: its effect against images seen in training.",
    ),
)
