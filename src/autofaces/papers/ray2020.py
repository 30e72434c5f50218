"""William Ray, Daniel Hannon (2020): Recursively Trained Autoencoders."""

from autofaces.papers import Compared, Curves, Depths, Errors, Line, Number, Numbers, Panel, Paper, Samples, Use
from autofaces.verdicts.rules import NEAR, Claim, above, below, difference, ratio

FINAL = "final report (2022), table 1"
PAIR = {"ray-stacked": "stacked", "ray-recursive": "recursive"}

ERRORS = (
    Number("recursive", "239", FINAL, "ray-recursive:mse"),
    Number("stacked", "258", FINAL, "ray-stacked:mse"),
    Number("recursive, shared batch norm", "455", FINAL, "ray-recursive-sharedbn:mse"),
    Number("stacked, batch norm", "467", FINAL, "ray-stacked-bn:mse"),
    Number("stacked, shared batch norm", "643", FINAL, "ray-stacked-sharedbn:mse"),
    Number("stacked, shared batch norm, ReLU", "643", FINAL, "ray-stacked-sharedbn-relu:mse"),
    Number("recursive, shared batch norm, ReLU", "2020", FINAL, "ray-recursive-sharedbn-relu:mse"),
    Number("recursive, batch norm", "7831", FINAL, "ray-recursive-bn:mse"),
)
SIZES = (
    Number("parameters of the network", "1,771,083", "final report (2022), section 4.2", "ray-stacked:parameters"),
    Number("epochs; images in a batch", "10; 32", "final report (2022) and notebooks"),
    Number("images held out for testing", "none", "published notebooks", "ray-stacked:test_images"),
)

PAPER = Paper(
    authors="William Ray, Daniel Hannon",
    title="Recursively Trained Autoencoders",
    year="2020",
    institution="University of Massachusetts Amherst; with the authors' final report of 2022",
    asks="Does a network that is trained level by level (“recursive”), each decoder level undoing its encoder level, "
    "give crisper faces than the same network trained end to end (“stacked”)?",
    data="Labeled Faces in the Wild (LFW), the central 128 × 128 pixels",
    numbers=(
        Numbers(
            "Error of every variant",
            "our mse, test images",
            "Theirs sums squared errors over 100 images on a scale that is not stated, and no images were held "
            "out; ours is the mean over unseen images. Only the order can be compared: the ranks, lowest error "
            "first.",
            ERRORS,
        ),
        Numbers("Sizes", "ours", "", SIZES),
    ),
)

CLAIMS = (
    Claim(
        "R1",
        "section 4, figure 3",
        "Trained level by level (recursive), a network reconstructs sharper than trained end to end (stacked).",
        "sharpness_ratio is the usual number for sharp, but checkerboard raises it too; so gradients must also agree "
        "more with the original's: a difference, for correlations may be negative. The coarse ratio stands beside.",
        (
            ratio("ray-recursive:sharpness_ratio", "ray-stacked:sharpness_ratio", above(1), "sharp"),
            difference("ray-recursive:gradient_correlation", "ray-stacked:gradient_correlation", above(0), "detail"),
            ratio("ray-recursive:sharpness_ratio_coarse", "ray-stacked:sharpness_ratio_coarse", None, "coarse"),
        ),
    ),
    Claim(
        "R2",
        "final report (2022), table 1: 239 against 258; the text of 2020 expected less likeness (section 3)",
        "The sharper reconstructions cost no error.",
        "The mean squared error is what their table sums, where the recursive one is the lower.",
        (ratio("ray-recursive:mse", "ray-stacked:mse", below(1)),),
    ),
    Claim(
        "R3",
        "final report (2022), table 1: 7831, 455 and 239 with, with shared and without batch norm",
        "Batch norm ruins the recursive network; batch norm shared between encoder and decoder does not.",
        "Against the same training without batch norm. Ruined: more than twice the error (theirs is 33 times, with "
        "shared batch norm 1.9 times).",
        (
            ratio("ray-recursive-bn:mse", "ray-recursive:mse", above(2), "bn"),
            ratio("ray-recursive-sharedbn:mse", "ray-recursive:mse", below(2), "sharedbn"),
        ),
    ),
    Claim(
        "R4",
        "final report (2022), table 1: 2020 against 455",
        "ReLU in place of SELU ruins the recursive network.",
        "Against the row that differs in the activation alone. Ruined: more than twice the error (theirs: 4.4 times).",
        (ratio("ray-recursive-sharedbn-relu:mse", "ray-recursive-sharedbn:mse", above(2)),),
    ),
    Claim(
        "R5",
        "final report (2022): blurry faces of the stacked one, none of the recursive one",
        "As a variational autoencoder the recursive network fails to generate faces, where the stacked one does.",
        "swd is the distance of samples from test images; the stacked row is what they compare with. One set of samples"
        " has no interval: distances within 5 % of each other decide nothing.",
        (ratio("ray-recursive-vae:swd", "ray-stacked-vae:swd", above(1, NEAR)),),
    ),
    Claim(
        "R6",
        "final report (2022)",
        "Recursive reconstructions are grainier than stacked ones.",
        "grain is the fine energy that the original does not explain: what is made up, not what is sharp.",
        (ratio("ray-recursive:grain", "ray-stacked:grain", above(1)),),
    ),
)

FIGURES = (
    Compared(
        name="reconstructions",
        rows=PAIR,
        title="Unseen faces, trained end to end and level by level",
        note="Figure 3 of ray2020, ours.",
        caption="Unseen faces, trained end to end and level by level (their figure 3)",
        alt="A grid of faces in three rows: originals, reconstructions of the stacked and of the recursive network.",
    ),
    Compared(
        name="variants",
        side=64,
        title="The same unseen faces through every variant",
        note="Figure 3 of ray2020 for all rows. bn: batch norm; sharedbn: shared by both ways.",
        alt="A grid of small faces: a row of originals, then a row of reconstructions for each variant with its error.",
    ),
    Errors(
        name="errors",
        title="Error of every variant on unseen faces",
        note="Table 1 of the authors' final report (2022), ours.",
        caption="Error of every variant on unseen faces (table 1 of their final report)",
        alt="A bar chart of the mean squared error of every variant; the numbers stand in the table of experiments.",
    ),
    Depths(
        name="depths",
        rows=PAIR,
        title="What each depth of the code still knows",
        note="Encoded to depth k and decoded from there: each depth halves width and height once more. After section 4 "
        "of ray2020.",
        caption="What each depth of the code still knows (section 4)",
        alt="Two faces, each encoded to depths 1 to 7 and decoded from there, by the stacked and by the recursive one.",
    ),
    Curves(
        name="losses",
        width=640,
        panels=(
            Panel(
                "mean squared error",
                (
                    Line("ray-stacked", "validation_mse", "stacked"),
                    Line("ray-recursive", "validation_mse", "recursive", "orange"),
                ),
            ),
        ),
        title="Error of the whole reconstruction on validation faces",
        note="Ours, for figure 3 of ray2020.",
        caption="Error on validation faces during training",
        alt="Two curves of mean squared error over epochs, of the stacked and of the recursive network.",
    ),
    Samples(
        name="samples",
        rows={"ray-stacked-vae": "stacked-vae", "ray-recursive-vae": "recursive-vae"},
        title="Faces made up by the variational variants",
        note="After the authors' final report (2022): decoded from draws of N(0, I).",
        alt="Two rows of made-up faces, decoded from random codes, by the stacked and the recursive VAE.",
    ),
    Use(
        name="similar",
        row="ray-stacked",
        use="similar",
        title="Unseen faces, and those whose codes are nearest",
        note="Not in ray2020: figure 8 of kovenko2020, of the stacked network.",
        caption="The unseen faces whose codes are nearest",
        alt="Rows of faces: a query on the left, then the images with the nearest codes.",
    ),
)
