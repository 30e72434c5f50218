"""Volodymyr Kovenko, Ilona Bogach (2020): A Comprehensive Study of Autoencoders' Applications Related to Images."""

from autofaces.papers import Compared, Curves, Errors, Number, Numbers, Panel, Paper, Sprites, Use, splits
from autofaces.verdicts.rules import NEAR, Claim, above, below, difference, ratio, value

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
        "claim:K8-fpr",
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
)

CLAIMS = (
    Claim(
        "K1",
        "section 3.2, figure 4",
        "The autoencoder does not overfit.",
        "Error on test images over that on training images, both of the finished model: their curves mix its states. "
        "Not overfitted: less than 10 % more, a threshold of ours. The interval is that of the test images.",
        (value("kovenko-ae:generalisation_gap", below(1.1)),),
    ),
    Claim(
        "K2",
        "section 3.2, figure 5",
        "The autoencoder's reconstructions are blurry.",
        "Blurry: less sharp than the original. Beside it the coarse ratio, which checkerboard does not raise.",
        (
            value("kovenko-ae:sharpness_ratio", below(1), "sharp"),
            value("kovenko-ae:sharpness_ratio_coarse", None, "coarse"),
        ),
    ),
    Claim(
        "K3",
        "section 3.2, figures 9 and 10",
        "Denoising autoencoders restore images spoilt by Gaussian noise (0.3), and by dropout (0.3).",
        "PSNR gained over the spoilt image, also beyond what the average training image gains, which restores nothing. "
        "Classical methods stand beside: the paper does not claim to be better. Without an interval 0.2 dB is a tie.",
        (
            value("kovenko-denoise-noise:denoise_psnr_gain_db", above(0, 0.2), "noise"),
            difference(
                "kovenko-denoise-noise:denoise_psnr_gain_db",
                "kovenko-denoise-noise:denoise_psnr_gain_db_mean",
                above(0, 0.2),
                "noise-mean",
            ),
            value("kovenko-denoise-dropout:denoise_dropout_psnr_gain_db", above(0, 0.2), "drop"),
            difference(
                "kovenko-denoise-dropout:denoise_dropout_psnr_gain_db",
                "kovenko-denoise-dropout:denoise_dropout_psnr_gain_db_mean",
                above(0, 0.2),
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
        "Images with near codes are similar images.",
        "Share of the 5 nearest with the query's label: against chance, and against raw pixels, else the code adds "
        "nothing. Only LFW has labels in the real archives (persons), so an autoencoder trained there decides; anime "
        "faces have labels where they are synthetic, and stand beside.",
        (
            ratio(
                "ray-stacked:search_precision_at_5",
                "ray-stacked:search_precision_at_5_chance",
                above(1, NEAR),
                "chance",
            ),
            ratio(
                "ray-stacked:search_precision_at_5",
                "ray-stacked:search_precision_at_5_pixels",
                above(1, NEAR),
                "pixels",
            ),
            ratio("kovenko-ae:search_precision_at_5", "kovenko-ae:search_precision_at_5_chance", None, "anime-chance"),
            ratio("kovenko-ae:search_precision_at_5", "kovenko-ae:search_precision_at_5_pixels", None, "anime-pixels"),
        ),
    ),
    Claim(
        "K5",
        "section 4.2, figure 12",
        "Of the variances 0.1, 0.01 and 0.001 the middle one generates best: 0.1 ends at the average picture, 0.001 is "
        "hard to optimise.",
        "The distance of samples from test images must be lowest at 0.01. Average picture: samples differ less than "
        "half as much as test images, a threshold of ours. Hard to optimise: judged by what as many epochs generate.",
        (
            ratio("kovenko-vae-var1e-2:swd", "kovenko-vae-var1e-1:swd", below(1, NEAR), "0.1"),
            ratio("kovenko-vae-var1e-2:swd", "kovenko-vae-var1e-3:swd", below(1, NEAR), "0.001"),
            value("kovenko-vae-var1e-1:sample_diversity", below(0.5, NEAR), "average"),
        ),
    ),
    Claim(
        "K6",
        "section 4.2, figures 13 and 14",
        "The KL falls during warm-up and rises after it; warm-up with batch norm lowers the reconstruction loss on "
        "training and on unseen images.",
        "KL on validation images at the last row of warm-up over the first row, and at the end over the last row of "
        "warm-up; a history has no interval: within 5 % of the rule nothing is decided. Training loss: the last row's. "
        "As in the paper the warmed-up model also trains for 40 epochs more.",
        (
            ratio("kovenko-vae-warmup:kl_nats_warmed_up", "kovenko-vae-warmup:kl_nats_first", below(1, NEAR), "falls"),
            ratio("kovenko-vae-warmup:kl_nats_last", "kovenko-vae-warmup:kl_nats_warmed_up", above(1, NEAR), "rises"),
            ratio(
                "kovenko-vae-warmup:train_mse_over_variance",
                "kovenko-vae-var1e-2:train_mse_over_variance",
                below(1, NEAR),
                "training",
            ),
            ratio("kovenko-vae-warmup:mse", "kovenko-vae-var1e-2:mse", below(1), "unseen"),
        ),
    ),
    Claim(
        "K7",
        "section 4.2, figure 15",
        "Samples of the model with warm-up and batch norm are a bit sharper than those of the classical one.",
        "Sharpness of samples over that of test images, of both models. Without an interval within 5 %: inconclusive.",
        (
            ratio(
                "kovenko-vae-warmup:sample_sharpness_ratio",
                "kovenko-vae-var1e-2:sample_sharpness_ratio",
                above(1, NEAR),
            ),
        ),
    ),
    Claim(
        "K8",
        "section 4.2, figure 16",
        "An image is an outlier if its KL is above the median KL of images of the data set.",
        "Two things must hold: the KL ranks outliers above faces (AUROC above chance), and what is above the median is "
        "an outlier (less than a tenth of test images are, a threshold of ours; by construction it is half of them).",
        (
            value("kovenko-vae-var1e-2:outlier_auroc", above(0.5, NEAR), "auroc"),
            value("kovenko-vae-var1e-2:outlier_fpr_at_median", below(0.1, NEAR), "fpr"),
        ),
    ),
    Claim(
        "K9",
        "sections 1 and 3.1",
        "Autoencoders reduce dimensions better than principal components.",
        "Error of an end-to-end autoencoder over that of PCA with as many numbers. Said of autoencoders as such, so it "
        "must hold on each data set. On sketches only the VAE has a code of 16.",
        (
            ratio("ray-stacked:mse", "pca-lfw:mse", below(1), "lfw"),
            ratio("kovenko-ae:mse", "pca-anime:mse", below(1), "anime"),
            ratio("koenig-m1-nf64-bs64:mse", "pca-celeba:mse", below(1), "celeba"),
            ratio("kolotouros-sketch-vae:mse", "pca-cufs:mse", below(1), "cufs"),
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
)
