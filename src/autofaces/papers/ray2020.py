"""William Ray, Daniel Hannon (2020): Recursively Trained Autoencoders."""

from autofaces.papers import (
    Compared,
    Curves,
    Depths,
    Errors,
    Horizon,
    Line,
    Number,
    Numbers,
    Panel,
    Paper,
    Samples,
    Undecided,
    Use,
)
from autofaces.verdicts.rules import NEAR, Claim, Rule, above, below, difference, rank, ratio, value

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
    Number("parameters of the network", "1,771,083", "final report (2022), section 4.2", "ray-stacked:parameters_full"),
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
        Numbers(
            "Sizes",
            "ours",
            "Our parameters are counted of the networks at full width and size of image, whatever was trained.",
            SIZES,
        ),
    ),
    undecided=(
        Undecided(
            "The reconstruction may look less like the original person.",
            "section 3",
            "a possibility, not a finding; and likeness to a person is not an error of pixels: it takes a network that "
            "recognises faces, of which none is trained here (R2 is the error)",
        ),
        Undecided(
            "It looks more like an image of a person that could exist.",
            "section 3",
            "whether a picture passes for a face is for people to say; the figures are there to look at",
        ),
        Undecided(
            "Autoencoders are of lower quality than generative adversarial networks.",
            "sections 1 and 2",
            "no such network is part of the paper's work, nor of ours",
        ),
    ),
)

CLAIMS = (
    Claim(
        "R1",
        "section 4, figure 3",
        "Trained level by level (recursive), a network reconstructs sharper than trained end to end (stacked).",
        "Sharp is the Laplacian's variance at the scale of features, after a Gaussian of 2 pixels: checkerboard, which "
        "raises the plain one, has no share in it. What is sharp must also be right: gradients agree more with the "
        "original's (a difference, for correlations may be negative). The plain ratio stands beside.",
        (
            ratio("ray-recursive:sharpness_ratio_coarse", "ray-stacked:sharpness_ratio_coarse", above(1), "coarse"),
            difference("ray-recursive:gradient_correlation", "ray-stacked:gradient_correlation", above(0), "detail"),
            ratio("ray-recursive:sharpness_ratio", "ray-stacked:sharpness_ratio", None, "plain"),
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
        "Against the same training without batch norm. Ruined: more than twice the error, a threshold of ours (theirs "
        "is 33 times, with shared batch norm 1.9 times). As in the notebooks a decoder level imitates activations "
        "from before their norm, and the next one was trained on activations after it; a row that imitates those "
        "after the norm stands beside, to tell batch norm from this wiring.",
        (
            ratio("ray-recursive-bn:mse", "ray-recursive:mse", above(2), "bn"),
            ratio("ray-recursive-sharedbn:mse", "ray-recursive:mse", below(2), "sharedbn"),
            ratio("ray-recursive-bn-postnorm:mse", "ray-recursive:mse", None, "bn-postnorm"),
        ),
    ),
    Claim(
        "R4",
        "final report (2022), table 1: 2020 against 455 for the recursive one, 643 and 643 for the stacked one",
        "ReLU in place of SELU ruins the recursive network, and leaves the stacked one as it was.",
        "Against the row that differs in the activation alone. Ruined: more than twice the error, as in R3 (theirs: "
        "4.4 times). As it was: within a factor of 1.25 either way (theirs: equal). Both thresholds are ours.",
        (
            ratio("ray-recursive-sharedbn-relu:mse", "ray-recursive-sharedbn:mse", above(2), "recursive"),
            ratio("ray-stacked-sharedbn-relu:mse", "ray-stacked-sharedbn:mse", Rule(0.8, 1.25), "stacked"),
        ),
    ),
    Claim(
        "R5",
        "final report (2022): blurry faces of the stacked one, none of the recursive one",
        "As a variational autoencoder the recursive network fails to generate faces, where the stacked one does.",
        "To fail is absolute: samples are farther from test images (swd) than draws from a Gaussian on principal "
        "components, which knows no more than average and spread. To generate is to be nearer than those. How the two "
        "compare stands beside.",
        (
            ratio("ray-recursive-vae:swd", "ray-recursive-vae:swd_pca", above(1, NEAR), "recursive"),
            ratio("ray-stacked-vae:swd", "ray-stacked-vae:swd_pca", below(1, NEAR), "stacked"),
            ratio("ray-recursive-vae:swd", "ray-stacked-vae:swd", None, "both"),
        ),
    ),
    Claim(
        "R6",
        "final report (2022)",
        "Recursive reconstructions are grainier than stacked ones.",
        "grain is energy at periods of 2 to 16 pixels beyond what the original has near there: what is made up, not "
        "what is sharp or out of place. The three octaves stand beside.",
        (
            ratio("ray-recursive:grain", "ray-stacked:grain", above(1), "all"),
            ratio("ray-recursive:grain_2_4", "ray-stacked:grain_2_4", None, "2-4px"),
            ratio("ray-recursive:grain_4_8", "ray-stacked:grain_4_8", None, "4-8px"),
            ratio("ray-recursive:grain_8_16", "ray-stacked:grain_8_16", None, "8-16px"),
        ),
    ),
    Claim(
        "R7",
        "final report (2022), table 1",
        "The eight variants come in the order of their table.",
        "Spearman's correlation of our errors with theirs, whose scale is not stated. Above 0.643 fewer than one of "
        "twenty random orders of eight would be.",
        (rank(tuple(n.ours for n in ERRORS), tuple(float(n.theirs) for n in ERRORS), above(0.643)),),
    ),
    Claim(
        "R8",
        "sections 2 and 4: faces reconstructed at specific points of the encoded space",
        "Encoded to any depth and decoded from there, the recursive network shows the face clearer and in more detail.",
        "The text announces the comparison, by how clear and detailed the picture is: gradients agree more with the "
        "original's, at every depth but the last, which is R1. The stacked network was never asked to decode from "
        "inside, so that it is at a disadvantage; its error at the first and the deepest of these points stands "
        "beside.",
        (
            *(
                difference(f"ray-recursive:depth_detail_{k}", f"ray-stacked:depth_detail_{k}", above(0), f"depth{k}")
                for k in range(1, 7)
            ),
            *(ratio(f"ray-recursive:depth_mse_{k}", f"ray-stacked:depth_mse_{k}", None, f"error{k}") for k in (1, 6)),
        ),
    ),
    Claim(
        "R9",
        "section 4, figure 3",
        "Recursive reconstructions have discoloured patches.",
        "colour_patches is chroma (Cb, Cr) at periods of some 16 to 64 pixels beyond what the original has near there: "
        "colours that are made up. More than that of the stacked one, which their text does not find discoloured. The "
        "plain error of chroma, which faded colours raise as well, stands beside.",
        (
            ratio("ray-recursive:colour_patches", "ray-stacked:colour_patches", above(1), "patches"),
            ratio("ray-recursive:colour_error", "ray-stacked:colour_error", None, "error"),
        ),
    ),
    Claim(
        "R10",
        "section 4, figure 3",
        "Recursive reconstructions still lack the original's fine detail.",
        "As K2: gradients correlate with the original's to less than 0.9 (a threshold of ours), and what is left "
        "after a Gaussian of 2 pixels is less sharp than the original.",
        (
            value("ray-recursive:gradient_correlation", below(0.9), "detail"),
            value("ray-recursive:sharpness_ratio_coarse", below(1), "coarse"),
        ),
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
    Horizon(
        name="horizon",
        title="The claims of ray2020 as training goes on",
        note="Effect and 95 % interval on validation faces; the line is the claim's rule.",
        alt="Small charts, one for each part of a claim: its effect against images seen in training.",
    ),
)
