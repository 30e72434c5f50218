"""Volodymyr Kovenko, Ilona Bogach (2020): A Comprehensive Study of Autoencoders' Applications Related to Images."""

from autofaces.papers import (
    Compared,
    Curves,
    Errors,
    Horizon,
    Number,
    Numbers,
    Panel,
    Paper,
    Sprites,
    Undecided,
    Use,
    splits,
)
from autofaces.verdicts.rules import NEAR, Arithmetic, Claim, above, below, difference, ratio, value

STATED = (
    Number("images in the data set", "63,632", "section 2"),
    Number("training and validation share", "75 % and 15 %", "section 2", "the same; the other 10 % are test images"),
    Number("test images", "not stated", "section 2", "kovenko-ae:test_images"),
    Number("epochs; images in a batch", "10; 128", "section 3.2"),
    Number("spread of the noise; share dropped", "0.3; 0.3", "section 3.2", "the same"),
    Number("variances tried", "0.1, 0.01, 0.001", "section 4.2", "the same"),
    Number("epochs of each; with warm-up", "200; 40 + 200", "section 4.2"),
    Number(
        "share of faces called outliers",
        "50 %",
        "section 4.2",
        "claim:K15-fpr",
        "follows from the text: the threshold is the median over 10,000 images of the data set",
    ),
)

PAPER = Paper(
    authors="Volodymyr Kovenko, Ilona Bogach",
    title="A Comprehensive Study of Autoencoders' Applications Related to Images",
    year="2020",
    institution="Vinnytsia National Technical University; IT&I 2020",
    asks="What can autoencoders do with images (reconstruct, morph, search, denoise), what can variational ones (make "
    "up faces, find outliers), which variance suits them, and does a warm-up of the KL help?",
    data="Anime-Face-Dataset, 128 × 128 pixels",
    numbers=(
        Numbers(
            "What the text states",
            "ours",
            "The text gives no loss as a number: its losses are curves (figures 4, 13 and 14).",
            STATED,
        ),
    ),
    undecided=(
        Undecided(
            "Max pooling lowers overfitting and makes the model robust to small rotations.",
            "section 3.1",
            "a reason for the architecture; the paper has no row without pooling to compare with",
        ),
        Undecided(
            "The encoder is a good start for transfer learning.",
            "section 3.2",
            "no task is named; what a linear probe reads from the code is measured (probe_accuracy), with nothing to "
            "decide by",
        ),
        Undecided(
            "Morphing two faces is interesting and fun.",
            "section 3.2, figure 6",
            "for people to say; its smoothness is measured and the figure is there",
        ),
        Undecided(
            "It is really hard to tell the samples of both models apart.",
            "section 4.2, figure 15",
            "said of what the authors saw; K7 measures what they go on to say",
        ),
        Undecided(
            "Training for longer should make samples better.",
            "section 5",
            "an expectation beyond the 200 epochs that they trained",
        ),
    ),
)

WARMED = "kovenko-vae-warmup"
CLASSICAL = "kovenko-vae-var1e-2"
KINDS = ("lfw", "celeba", "cufs", "noise", "turned90", "turned180", "shuffled")  # of outliers
FOUND = "search_precision_at_5"
SAMPLED = ("kovenko-vae-var1e-1", CLASSICAL, "kovenko-vae-var1e-3")
FEW_UNITS = 13  # of a code of 256
CODES = (8, 16, 32, 64, 128)  # of rows like kovenko-ae, whose own code has 256

CLAIMS = (
    Claim(
        "K1",
        "section 3.2, figure 4",
        "The autoencoder does not overfit.",
        "Error on test images over that on training images, both of the finished model: their curves mix its states. "
        "Not overfitted: less than 10 % more, a threshold of ours.",
        (value("kovenko-ae:generalisation_gap", below(1.1)),),
    ),
    Claim(
        "K2",
        "section 3.2, figure 5",
        "The autoencoder's reconstructions are quite blurry.",
        "Quite blurry: less than half of the original's sharpness after a Gaussian of 2 pixels, and edges that are "
        "not where the original's are (gradients correlate to less than 0.9). Both thresholds are ours. The plain "
        "ratio, which checkerboard raises, and which images enlarged from 64 pixels raise too, stands beside; so does "
        "the row with mae, the other loss that the text names.",
        (
            value("kovenko-ae:sharpness_ratio_coarse", below(0.5), "coarse"),
            value("kovenko-ae:gradient_correlation", below(0.9), "detail"),
            value("kovenko-ae:sharpness_ratio", None, "plain"),
            value("kovenko-ae-mae:sharpness_ratio_coarse", None, "mae"),
        ),
    ),
    Claim(
        "K3",
        "section 3.2, figures 9 and 10",
        "Denoising autoencoders restore images spoilt by Gaussian noise (0.3), and by dropout (0.3).",
        "PSNR gained over the spoilt image, also beyond what the average training image gains, which restores nothing. "
        "Classical methods stand beside: the paper does not claim to be better.",
        (
            value("kovenko-denoise-noise:denoise_psnr_gain_db", above(0), "noise"),
            difference(
                "kovenko-denoise-noise:denoise_psnr_gain_db",
                "kovenko-denoise-noise:denoise_psnr_gain_db_mean",
                above(0),
                "noise-mean",
            ),
            value("kovenko-denoise-dropout:denoise_dropout_psnr_gain_db", above(0), "drop"),
            difference(
                "kovenko-denoise-dropout:denoise_dropout_psnr_gain_db",
                "kovenko-denoise-dropout:denoise_dropout_psnr_gain_db_mean",
                above(0),
                "drop-mean",
            ),
            difference(
                "kovenko-denoise-noise:denoise_psnr_gain_db",
                "kovenko-denoise-noise:denoise_psnr_gain_db_wavelet",
                None,
                "wavelet",
            ),
            difference(
                "kovenko-denoise-noise:denoise_psnr_gain_db",
                "kovenko-denoise-noise:denoise_psnr_gain_db_nl_means",
                None,
                "nl-means",
            ),
            difference(
                "kovenko-denoise-dropout:denoise_dropout_psnr_gain_db",
                "kovenko-denoise-dropout:denoise_dropout_psnr_gain_db_inpainting",
                None,
                "inpainting",
            ),
        ),
    ),
    Claim(
        "K4",
        "section 3.2, figure 8",
        "Images with near codes are similar images (decided by transfer: on photographs, by the network of ray2020).",
        "Share of the 5 nearest with the query's label: more than chance, and more than with raw pixels and with "
        "principal components, else the code adds nothing. Real anime faces have no labels, LFW has persons, so an "
        "autoencoder trained there decides; the paper's own row stands beside where faces are synthetic and have "
        "labels.",
        tuple(
            ratio(f"{row}:{FOUND}", f"{row}:{FOUND}_{other}", rule, f"{name}{other}")
            for row, rule, name in (("ray-stacked", above(1), "lfw-"), ("kovenko-ae", None, "anime-"))
            for other in ("chance", "pixels", "pca")
        ),
    ),
    Claim(
        "K5",
        "section 4.2, figure 12",
        "Of the variances 0.1, 0.01 and 0.001 the middle one generates best: 0.1 ends at the average picture, 0.001 is "
        "hard to optimise.",
        "Best: the distance of samples from test images (swd) is lowest at 0.01, where any of the samples compared are "
        "nearer than a Gaussian on principal components. Average picture: samples differ less than half as much as at "
        "0.01, a threshold of ours. Hard to optimise: after as many epochs the error is higher than at 0.01, though "
        "less holds it back. Beside: the loss averaged over pixels instead of summed, at 0.1, for which the text may "
        "stand as well; and the variance that is best for each batch (Rybkin et al. 2021).",
        (
            ratio(f"{CLASSICAL}:swd", "kovenko-vae-var1e-1:swd", below(1, NEAR), "0.1", gate=SAMPLED[:2]),
            ratio(f"{CLASSICAL}:swd", "kovenko-vae-var1e-3:swd", below(1, NEAR), "0.001", gate=SAMPLED[1:]),
            ratio("kovenko-vae-var1e-1:sample_diversity", f"{CLASSICAL}:sample_diversity", below(0.5, NEAR), "average"),
            ratio("kovenko-vae-var1e-3:mse", f"{CLASSICAL}:mse", above(1), "hard"),
            ratio("kovenko-vae-mean-reduction:sample_diversity", f"{CLASSICAL}:sample_diversity", None, "mean"),
            ratio("kovenko-vae-optimal-variance:swd", f"{CLASSICAL}:swd", None, "optimal"),
        ),
    ),
    Claim(
        "K6",
        "section 4.2, figures 13 and 14",
        "The KL falls during warm-up and rises after it; warm-up with batch norm lowers the reconstruction loss on "
        "training and on unseen images.",
        "KL of the same validation images: a warm-up of 40 of 240 epochs is the first sixth of the training, so falls "
        "is from 1/32 to 1/8 of it, rises from 1/4 to its end. Reconstruction: error of the finished models, on "
        "training images (one number a seed) and on test images; as in the paper the warmed-up model also trains for "
        "40 epochs more, where the profile does not cut both to as many images. Batch norm alone and warm-up alone, "
        "for 240 epochs as well, stand beside.",
        (
            ratio(f"{WARMED}:kl_nats@1/8", f"{WARMED}:kl_nats@1/32", below(1), "falls"),
            ratio(f"{WARMED}:kl_nats@1", f"{WARMED}:kl_nats@1/4", above(1), "rises"),
            ratio(f"{WARMED}:train_mse", f"{CLASSICAL}:train_mse", below(1, NEAR), "training"),
            ratio(f"{WARMED}:mse", f"{CLASSICAL}:mse", below(1), "unseen"),
            ratio("kovenko-vae-bn:mse", f"{CLASSICAL}:mse", None, "bn-alone"),
            ratio("kovenko-vae-warmup-only:mse", f"{CLASSICAL}:mse", None, "warmup-alone"),
        ),
    ),
    Claim(
        "K7",
        "section 4.2, figure 15",
        "Samples of the model with warm-up and batch norm are a bit sharper than those of the classical one, and have "
        "fewer artefacts.",
        "Sharper: at the scale of features, over test images. Fewer artefacts: nearer to test images (swd). Where "
        "neither model's samples are nearer to faces than a Gaussian on principal components, the comparison is of "
        "blotches, and open.",
        (
            ratio(
                f"{WARMED}:sample_sharpness_ratio_coarse",
                f"{CLASSICAL}:sample_sharpness_ratio_coarse",
                above(1, NEAR),
                "sharp",
                gate=(WARMED, CLASSICAL),
            ),
            ratio(f"{WARMED}:swd", f"{CLASSICAL}:swd", below(1, NEAR), "artefacts", gate=(WARMED, CLASSICAL)),
        ),
    ),
    Claim(
        "K8",
        "section 4.2, figure 16",
        "The KL of an image tells outliers from images of the data set.",
        "It ranks outliers of every kind above test faces: the share of pairs in the right order (AUROC) is above "
        "chance. The intervals are over faces; the outliers of a kind count as given. K15 is the paper's threshold.",
        tuple(value(f"{CLASSICAL}:outlier_auroc_{kind}", above(0.5), kind) for kind in KINDS),
    ),
    Claim(
        "K9",
        "sections 1 and 3.1",
        "Autoencoders reduce dimensions better than principal components.",
        "Error of the paper's autoencoder over that of as many principal components: as it stands, with its 256 "
        "numbers after 10 epochs, and with 8 to 256 numbers after 40 (or as many images as the profile allows). "
        "Where the parts cross 1 the advantage ends. Autoencoders of the other papers stand beside.",
        (
            ratio("kovenko-ae:mse", "pca-anime:mse", below(1), "paper"),
            *(ratio(f"kovenko-ae-code{k}:mse", f"pca-anime:mse_{k}", below(1), f"code{k}") for k in CODES),
            ratio("kovenko-ae-code256:mse", "pca-anime:mse", below(1), "code256"),
            ratio("ray-stacked:mse", "pca-lfw:mse", None, "lfw"),
            ratio("koenig-m1-nf64-bs64:mse", "pca-celeba:mse", None, "celeba"),
            ratio("kolotouros-sketch-vae:mse", "pca-cufs:mse", None, "cufs"),
        ),
    ),
    Claim(
        "K10",
        "section 3.2, figure 5",
        "Though blurry, reconstructions keep attributes, such as the colour of the hair.",
        "Hair: the mean colour of where anime faces have hair, above the middle of the picture; kept, if its squared "
        "error is less than a quarter of what the average picture has, which knows no hair: nearer than half way, a "
        "threshold of ours. The size of the eyes, which the text names too, only synthetic faces state: a reader that "
        "learnt it from original training images says how often it is right of the reconstruction, over how often of "
        "the original, and stands beside. So does such a reader of hair colours.",
        (
            ratio("kovenko-ae:hair_colour_error", "kovenko-ae:hair_colour_error_of_mean", below(0.25), "hair"),
            ratio("kovenko-ae:kept_hair_colour", "kovenko-ae:kept_hair_colour_original", None, "hair-read"),
            ratio("kovenko-ae:kept_eye_size", "kovenko-ae:kept_eye_size_original", None, "eyes-read"),
        ),
    ),
    Claim(
        "K11",
        "sections 1 and 3.2",
        "A plain autoencoder cannot generate new images.",
        "Decoded from Gaussian noise, as the paper generates, its samples are farther from test images than a "
        "Gaussian on principal components; open where the variational models' samples are no better. Beside: from a "
        "mixture of Gaussians fitted to the codes (Ghosh et al. 2020), below 1 where that makes it generate after "
        "all.",
        (
            ratio("kovenko-ae:swd", "kovenko-ae:swd_pca", above(1, NEAR), "noise", gate=(CLASSICAL, WARMED)),
            ratio("kovenko-ae:swd_codes", "kovenko-ae:swd_pca", None, "mixture"),
        ),
    ),
    Claim(
        "K12",
        "section 4.2, after Sønderby et al.",
        "Warm-up keeps units of the code active that the KL would switch off.",
        "Numbers of the code whose mean varies over test images, with warm-up less without; and with warm-up alone, "
        "without batch norm. A count of each seed: within a twentieth of the 256 of equal is open.",
        (
            difference(f"{WARMED}:active_units", f"{CLASSICAL}:active_units", above(0, FEW_UNITS), "warmup-bn"),
            difference(
                "kovenko-vae-warmup-only:active_units", f"{CLASSICAL}:active_units", above(0, FEW_UNITS), "warmup"
            ),
        ),
    ),
    Claim(
        "K13",
        "section 4.2, figure 14",
        "The KL rises during classical training too.",
        "KL of the same validation images at the end over that at an eighth of the training.",
        (ratio(f"{CLASSICAL}:kl_nats@1", f"{CLASSICAL}:kl_nats@1/8", above(1)),),
    ),
    Claim(
        "K14",
        "section 3.2",
        "To restore spoilt images regularises: the denoising autoencoders overfit less.",
        "Test over training error, both of clean faces, of each denoising row over that of the plain one.",
        tuple(
            ratio(f"kovenko-denoise-{kind}:generalisation_gap", "kovenko-ae:generalisation_gap", below(1), kind)
            for kind in ("noise", "dropout")
        ),
    ),
    Claim(
        "K15",
        "section 4.2, figure 16",
        "An image is an outlier if its KL is above the median KL of images of the data set.",
        "Arithmetic, like G7: above a median lies half of all faces, whatever the model, so that the threshold calls "
        "every second face an outlier. The rule: fewer than a tenth, a threshold of ours. The share measured stands "
        "beside.",
        (
            value(Arithmetic("above-median", 0.5), below(0.1), "median"),
            value(f"{CLASSICAL}:outlier_fpr_at_median", None, "fpr"),
        ),
    ),
)

TWO = {"kovenko-vae-var1e-2": "classical", "kovenko-vae-warmup": "with warm-up"}


def both(term: str) -> tuple:
    """A term of the loss of the classical VAE, and of the one with warm-up."""
    looks = zip(TWO.items(), ("blue", "orange"), strict=True)
    return tuple(line for (row, name), colour in looks for line in splits(row, term, f"{name}, ", colour))


FIGURES = (
    Compared(
        name="reconstructions",
        rows={"kovenko-ae": "autoencoder"},
        title="Unseen faces, and what the autoencoder makes of them",
        note="Figure 5 of kovenko2020, ours.",
        caption="Unseen faces and what the autoencoder makes of them (their figure 5)",
        alt="Two rows of anime faces: originals and the autoencoder's reconstructions.",
    ),
    Compared(
        name="variants",
        side=64,
        title="The same unseen faces through every model",
        note="Figure 5 of kovenko2020 for all rows, all given clean faces.",
        alt="A grid of anime faces: a row of originals, then one of reconstructions of each model with its error.",
    ),
    Errors(
        name="errors",
        title="Error of every model on unseen faces",
        note="Ours, for figure 5 of kovenko2020.",
        alt="A bar chart of the mean squared error of every model; the numbers stand in the table of experiments.",
    ),
    Curves(
        name="losses",
        panels=(
            Panel("mean squared error", splits("kovenko-ae", "loss"), "faces as they are (figure 4)"),
            Panel("mean squared error", splits("kovenko-denoise-noise", "loss"), "faces with noise"),
            Panel("mean squared error", splits("kovenko-denoise-dropout", "loss"), "faces with dropout"),
        ),
        title="Loss of the autoencoders on training and validation faces",
        note="Figure 4 of kovenko2020, ours; beside it the denoising autoencoders, which are given spoilt faces and "
        "asked for clean ones.",
        caption="Loss on training and validation faces (their figure 4)",
        alt="Curves of mean squared error over epochs on training and validation faces, of the plain and the denoising "
        "autoencoders.",
    ),
    Sprites(
        name="sprites",
        rows={f"kovenko-vae-var1e-{n}": "variance {variance:g}" for n in (1, 2, 3)},
        columns=4,
        lines=4,
        side=64,
        title="Faces made up by a VAE, by the variance of its pixels",
        note="Figure 12 of kovenko2020, ours: decoded from draws of N(0, I).",
        caption="Faces made up by a VAE, by the variance of its pixels (their figure 12)",
        alt="Three blocks of made-up anime faces, for variances 0.1, 0.01 and 0.001.",
    ),
    Curves(
        name="warmup",
        panels=(
            Panel(
                "KL, nats per image", both("kl_nats"), "figure 13", "epoch of the full schedule", "kovenko-vae-warmup"
            ),
            Panel(
                "reconstruction loss, nats per image",
                both("reconstruction_nats"),
                "figure 14",
                "epoch of the full schedule",
                "kovenko-vae-warmup",
            ),
        ),
        title="KL and reconstruction loss of the VAE, classical and with warm-up",
        note="Figures 13 and 14 of kovenko2020, ours; warm-up is with batch norm. Reconstruction loss: the Gaussian's, "
        "without its constant.",
        caption="KL and reconstruction loss, classical and with warm-up (their figures 13 and 14)",
        alt="Two charts over epochs: the KL, and the reconstruction loss, each of the classical VAE and of the one "
        "with warm-up; a line marks the end of warm-up.",
    ),
    Sprites(
        name="samples",
        rows=TWO,
        columns=4,
        lines=2,
        side=96,
        title="Faces made up by the VAE, classical and with warm-up",
        note="Figure 15 of kovenko2020, ours; warm-up is with batch norm. Decoded from draws of N(0, I).",
        caption="Faces made up, classical and with warm-up (their figure 15)",
        alt="Two blocks of made-up anime faces: of the classical VAE and of the one with warm-up and batch norm.",
    ),
    Use(
        name="morphs",
        row="kovenko-ae",
        use="morphs",
        title="From one unseen face to another, through the code and by blending pixels",
        note="Figure 6 of kovenko2020, ours: the autoencoder.",
        caption="From one unseen face to another (their figure 6)",
        alt="Rows of faces that turn from a first face to a second, through the code and by blending pixels.",
    ),
    Use(
        name="feature-maps",
        row="kovenko-ae",
        use="feature_maps",
        title="What a late layer of the encoder sees in unseen faces",
        note="Figure 7 of kovenko2020, ours: the autoencoder.",
        caption="What the last convolution sees (their figure 7)",
        alt="Faces, each beside the maps of the encoder's last convolution as grey tiles.",
    ),
    Use(
        name="similar",
        row="kovenko-ae",
        use="similar",
        title="Unseen faces, and those whose codes are nearest",
        note="Figure 8 of kovenko2020, ours: the autoencoder.",
        caption="The faces whose codes are nearest (their figure 8)",
        alt="Rows of anime faces: a query on the left, then the images with the nearest codes.",
    ),
    Use(
        name="denoised-noise",
        row="kovenko-denoise-noise",
        use="noise",
        title="Unseen faces with Gaussian noise, and what restores them",
        note="Figure 9 of kovenko2020, ours: noise of standard deviation 0.3, as in training.",
        caption="Faces with noise, restored (their figure 9)",
        alt="Rows of anime faces: with Gaussian noise, restored by the autoencoder and by classical methods, original.",
    ),
    Use(
        name="denoised-dropout",
        row="kovenko-denoise-dropout",
        use="dropout",
        title="Unseen faces with dropout, and what restores them",
        note="Figure 10 of kovenko2020, ours: three numbers in ten are set to 0, as in training.",
        caption="Faces with dropped pixels, restored (their figure 10)",
        alt="Rows of anime faces: with pixels dropped, restored by the autoencoder and by inpainting, original.",
    ),
    Use(
        name="outliers",
        row="kovenko-vae-var1e-2",
        use="outliers",
        title="Unseen faces and outliers, by the KL of their code",
        note="Figure 16 of kovenko2020, ours: the classical VAE.",
        caption="Outliers and their scores (their figure 16)",
        alt="Test images and outliers with their scores, and a chart of how the scores of both are distributed.",
    ),
    Use(
        name="copies",
        row="kovenko-vae-var1e-2",
        use="copies",
        title="Faces made up by the VAE, above the training faces that are nearest to them",
        note="Not in kovenko2020: the classical VAE.",
        caption="Made-up faces and the training faces nearest to them",
        alt="Two rows of anime faces: samples, and below each the training image that is nearest to it.",
    ),
    Horizon(
        name="horizon",
        title="The claims of kovenko2020 as training goes on",
        note="Effect and 95 % interval on validation faces; the line is the claim's rule.",
        alt="Small charts, one for each part of a claim: its effect against images seen in training.",
    ),
)
