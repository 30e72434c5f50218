"""What the four papers are, ask and state in numbers, with where they say so; and what each figure of ours shows.

A number of theirs stands beside one of ours where ours can be counted or measured: `ours` is "experiment:column" of
summary.csv, or "claim:id" for the effect of a claim. Otherwise `ours` is words, or empty.
"""

from typing import NamedTuple


class Number(NamedTuple):
    """One number that a paper, its authors' later report or their published code states."""

    what: str
    theirs: str
    place: str  # where they say so
    ours: str = ""
    note: str = ""


class Numbers(NamedTuple):
    """Several of them in one table."""

    title: str
    ours: str  # what the column of ours holds
    note: str
    rows: tuple[Number, ...]


class Paper(NamedTuple):
    key: str
    authors: str
    title: str
    year: str
    institution: str
    asks: str
    data: str
    numbers: tuple[Numbers, ...]


FINAL = "final report (2022), table 1"
CODE = "published code"

PAPERS = (
    Paper(
        "ray2020",
        "William Ray, Daniel Hannon",
        "Recursively Trained Autoencoders",
        "2020",
        "University of Massachusetts Amherst; with the authors' final report of 2022",
        "Does a network that is trained level by level (“recursive”), each decoder level undoing its encoder level, "
        "give crisper faces than the same network trained end to end (“stacked”)?",
        "Labeled Faces in the Wild (LFW), the central 128 × 128 pixels",
        (
            Numbers(
                "Error of every variant",
                "our mse, test images",
                "Theirs sums squared errors over 100 images on a scale that is not stated, and no images were held "
                "out; ours is the mean over unseen images. Only the order can be compared: the ranks, lowest error "
                "first.",
                (
                    Number("recursive", "239", FINAL, "ray-recursive:mse"),
                    Number("stacked", "258", FINAL, "ray-stacked:mse"),
                    Number("recursive, shared batch norm", "455", FINAL, "ray-recursive-sharedbn:mse"),
                    Number("stacked, batch norm", "467", FINAL, "ray-stacked-bn:mse"),
                    Number("stacked, shared batch norm", "643", FINAL, "ray-stacked-sharedbn:mse"),
                    Number("stacked, shared batch norm, ReLU", "643", FINAL, "ray-stacked-sharedbn-relu:mse"),
                    Number("recursive, shared batch norm, ReLU", "2020", FINAL, "ray-recursive-sharedbn-relu:mse"),
                    Number("recursive, batch norm", "7831", FINAL, "ray-recursive-bn:mse"),
                ),
            ),
            Numbers(
                "Sizes",
                "ours",
                "",
                (
                    Number(
                        "parameters of the network",
                        "1,771,083",
                        "final report (2022), section 4.2",
                        "ray-stacked:parameters",
                    ),
                    Number("epochs; images in a batch", "10; 32", "final report (2022) and notebooks"),
                    Number("images held out for testing", "none", "published notebooks", "ray-stacked:test_images"),
                ),
            ),
        ),
    ),
    Paper(
        "kovenko2020",
        "Volodymyr Kovenko, Ilona Bogach",
        "A Comprehensive Study of Autoencoders' Applications Related to Images",
        "2020",
        "Vinnytsia National Technical University; IT&I 2020",
        "What can autoencoders do with images (reconstruct, morph, search, denoise), what can variational ones (make "
        "up faces, find outliers), which variance suits them, and does a warm-up of the KL help?",
        "Anime-Face-Dataset, 128 × 128 pixels",
        (
            Numbers(
                "What the text states",
                "ours",
                "The text gives no loss as a number: its losses are curves (figures 4, 13 and 14).",
                (
                    Number("images in the data set", "63,632", "section 2"),
                    Number(
                        "training and validation share",
                        "75 % and 15 %",
                        "section 2",
                        "the same; the other 10 % are test images",
                    ),
                    Number("test images", "not stated", "section 2", "kovenko-ae:test_images"),
                    Number("epochs; images in a batch", "10; 128", "section 3.2"),
                    Number("spread of the noise; share dropped", "0.3; 0.3", "section 3.2", "the same"),
                    Number("variances tried", "0.1, 0.01, 0.001", "section 4.2", "the same"),
                    Number("epochs of each; with warm-up", "200; 40 + 200", "section 4.2"),
                    Number(
                        "share of faces called outliers",
                        "50 %",
                        "section 4.2",
                        "claim:K8-fpr",
                        "follows from the text: the threshold is the median over 10,000 images of the data set",
                    ),
                ),
            ),
        ),
    ),
    Paper(
        "koenig2020",
        "Li Nguyen, Alexander Koenig",
        "Deep convolutional autoencoders on CelebA (assignment report, Machine Learning Applications for Computer "
        "Graphics)",
        "2020",
        "Technical University of Munich / Tel Aviv University; with the authors' published code",
        "Should an autoencoder shrink images by strided convolutions (model 1) or by pooling (model 2)? What do the "
        "number of feature maps (nf) and the batch size (bs) matter?",
        "CelebA, 128 × 128 pixels",
        (
            Numbers(
                "What the text and the code state",
                "ours",
                "The text gives no loss as a number: its losses are curves (figures 4 to 7).",
                (
                    Number(
                        "compression, 49,152 numbers to 256",
                        "95.31 %",
                        "section 1",
                        "claim:G7",
                        "arithmetic: 1 − 256 / 49,152",
                    ),
                    Number("parameters of model 1, nf 64", "30,685,440", CODE, "koenig-m1-nf64-bs64:parameters"),
                    Number(
                        "parameters of model 1, nf 16",
                        "3,493,824",
                        f"counted from the {CODE}",
                        "koenig-m1-nf16-bs32:parameters",
                    ),
                    Number(
                        "parameters of model 1, nf 128",
                        "105,934,848",
                        f"counted from the {CODE}",
                        "koenig-m1-nf128-bs128:parameters",
                    ),
                    Number(
                        "parameters of model 2, nf 16",
                        "83,776",
                        "counted from section 2, figure 2",
                        "koenig-m2-bs32:parameters",
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
                ),
            ),
        ),
    ),
    Paper(
        "kolotouros2017",
        "Nikolaos Kolotouros, Karl Pertsch, Oleh Rybkin",
        "CIS 680 Homework #4",
        "2017",
        "University of Pennsylvania",
        "What do an autoencoder and a variational autoencoder make of only 87 pencil sketches, and a deeper "
        "variational autoencoder of CelebA?",
        "CUHK Face Sketch database (CUFS), CelebA; grey, 64 × 64 pixels",
        (
            Numbers(
                "What the text states",
                "ours",
                "The text gives no loss as a number: its losses are curves (figure 1).",
                (
                    Number("training sketches", "87", "section 1.1", "of the official 88 + 100, some to validate"),
                    Number("test sketches", "100", "section 1.1", "kolotouros-sketch-ae:test_images"),
                    Number(
                        "parameters of the autoencoder",
                        "68,285",
                        "counted from table 1",
                        "kolotouros-sketch-ae:parameters",
                    ),
                    Number(
                        "parameters of the variational one",
                        "39,728",
                        "counted from table 2",
                        "kolotouros-sketch-vae:parameters",
                    ),
                    Number(
                        "parameters of the deeper one",
                        "8,030,401",
                        "counted from table 3",
                        "kolotouros-celeba-vae:parameters",
                    ),
                    Number(
                        "numbers in the code of the VAE; of the deeper one", "16; 512", "tables 2 and 3", "the same"
                    ),
                    Number("iterations", "1299", "section 1.2", "the same, or as many as the profile allows"),
                ),
            ),
        ),
    ),
)

# of a figure: its caption, and what it shows in words (alternative text)
FIGURES = {
    "ray2020": {
        "reconstructions": (
            "Unseen faces, trained end to end and level by level (their figure 3)",
            "A grid of faces in three rows: originals, reconstructions of the stacked and of the recursive network.",
        ),
        "variants": (
            "The same unseen faces through every variant",
            "A grid of small faces: a row of originals, then a row of reconstructions for each variant with its error.",
        ),
        "errors": (
            "Error of every variant on unseen faces (table 1 of their final report)",
            "A bar chart of the mean squared error of every variant; the numbers stand in the table of experiments.",
        ),
        "depths": (
            "What each depth of the code still knows (section 4)",
            "Two faces, each encoded to depths 1 to 7 and decoded from there, by the stacked and by the recursive one.",
        ),
        "losses": (
            "Error on validation faces during training",
            "Two curves of mean squared error over epochs, of the stacked and of the recursive network.",
        ),
        "samples": (
            "Faces made up by the variational variants",
            "Two rows of made-up faces, decoded from random codes, by the stacked and the recursive VAE.",
        ),
        "similar": (
            "The unseen faces whose codes are nearest",
            "Rows of faces: a query on the left, then the images with the nearest codes.",
        ),
    },
    "kovenko2020": {
        "reconstructions": (
            "Unseen faces and what the autoencoder makes of them (their figure 5)",
            "Two rows of anime faces: originals and the autoencoder's reconstructions.",
        ),
        "variants": (
            "The same unseen faces through every model",
            "A grid of anime faces: a row of originals, then one of reconstructions of each model with its error.",
        ),
        "errors": (
            "Error of every model on unseen faces",
            "A bar chart of the mean squared error of every model; the numbers stand in the table of experiments.",
        ),
        "losses": (
            "Loss on training and validation faces (their figure 4)",
            "Curves of mean squared error over epochs on training and validation faces, of the plain and the denoising "
            "autoencoders.",
        ),
        "sprites": (
            "Faces made up by a VAE, by the variance of its pixels (their figure 12)",
            "Three blocks of made-up anime faces, for variances 0.1, 0.01 and 0.001.",
        ),
        "warmup": (
            "KL and reconstruction loss, classical and with warm-up (their figures 13 and 14)",
            "Two charts over epochs: the KL, and the reconstruction loss, each of the classical VAE and of the one "
            "with warm-up; a line marks the end of warm-up.",
        ),
        "samples": (
            "Faces made up, classical and with warm-up (their figure 15)",
            "Two blocks of made-up anime faces: of the classical VAE and of the one with warm-up and batch norm.",
        ),
        "morphs": (
            "From one unseen face to another (their figure 6)",
            "Rows of faces that turn from a first face to a second, through the code and by blending pixels.",
        ),
        "feature-maps": (
            "What the last convolution sees (their figure 7)",
            "Faces, each beside the maps of the encoder's last convolution as grey tiles.",
        ),
        "similar": (
            "The faces whose codes are nearest (their figure 8)",
            "Rows of anime faces: a query on the left, then the images with the nearest codes.",
        ),
        "denoised-noise": (
            "Faces with noise, restored (their figure 9)",
            "Rows of anime faces: with Gaussian noise, restored by the autoencoder and by classical methods, original.",
        ),
        "denoised-dropout": (
            "Faces with dropped pixels, restored (their figure 10)",
            "Rows of anime faces: with pixels dropped, restored by the autoencoder and by inpainting, original.",
        ),
        "outliers": (
            "Outliers and their scores (their figure 16)",
            "Test images and outliers with their scores, and a chart of how the scores of both are distributed.",
        ),
        "copies": (
            "Made-up faces and the training faces nearest to them",
            "Two rows of anime faces: samples, and below each the training image that is nearest to it.",
        ),
    },
    "koenig2020": {
        "reconstructions": (
            "Unseen faces through strided convolutions and through pooling (their figure 3)",
            "Three rows of faces: originals, reconstructions of model 1 and of model 2.",
        ),
        "losses": (
            "Losses of models 1 and 2 (their figures 4 and 5)",
            "Two charts over epochs, validation and training loss, each of models 1 and 2 at batch sizes 16 and 32.",
        ),
        "grid": (
            "Model 1 by feature maps and batch size (their figures 8 to 13)",
            "A grid of small faces: a row of originals, then a row of reconstructions for each pair of feature maps "
            "and batch size.",
        ),
        "grid-losses": (
            "Losses of model 1 by feature maps and batch size (their figures 6 and 7)",
            "Three charts of validation loss over epochs: 32 and 64 feature maps, 64 and 128, and the published slope.",
        ),
        "as-published": (
            "LeakyReLU as meant and as published",
            "Three rows of faces: originals, reconstructions with a slope of 0.2 and with the published one of 1.",
        ),
        "errors": (
            "Error of every model on unseen faces",
            "A bar chart of the mean squared error of every model; the numbers stand in the table of experiments.",
        ),
        "similar": (
            "The unseen faces whose codes are nearest",
            "Rows of faces: a query on the left, then the images with the nearest codes.",
        ),
    },
    "kolotouros2017": {
        "reconstructions": (
            "Unseen sketches through both autoencoders (their figures 2 and 3)",
            "Three rows of sketches: originals, reconstructions of the autoencoder and of the variational one.",
        ),
        "losses": (
            "Losses on sketches (their figure 1)",
            "Three charts over iterations on training and validation sketches: the autoencoder's error, the "
            "variational one's cross-entropy and KL.",
        ),
        "celeba": (
            "Unseen faces through the deeper VAE (their figure 4)",
            "Two rows of grey faces: originals and the deeper variational autoencoder's reconstructions.",
        ),
        "celeba-losses": (
            "Losses of the deeper VAE",
            "Two charts over iterations on training and validation faces: cross-entropy and KL.",
        ),
        "samples": (
            "Sketches and faces made up by the two VAEs",
            "Two blocks of made-up pictures: sketches and grey faces.",
        ),
    },
}


def figure(paper: str, name: str) -> tuple[str, str]:
    """Caption and alternative text of figures/<paper>/<name>.png; of one that is not described here, from its name."""
    words = name.replace("-", " ").replace("_", " ").capitalize()
    return FIGURES.get(paper, {}).get(name, (words, f"{words}, a figure of our results for {paper}."))
