"""Principal components: what as many numbers as a network's code hold without a network, for each data set."""

from autofaces.papers import EACH, Compared, Paper

PAPER = Paper(
    title="Principal components",
    asks="How good are as many numbers as the code of a data set's main model, without a network? They are the leading "
    "principal components of the training images, and no paper's; claim K9 compares with them.",
    legend="PCA baseline",
)

CLAIMS = ()

FIGURES = (
    Compared(
        name="{dataset}-reconstructions",
        dataset=EACH,
        side=64,
        title="Unseen images of {dataset} from their principal components",
        note="The baseline.",
        caption="Unseen images from their principal components ({dataset})",
        alt="Two rows of images of {dataset}: originals, and what as many principal components as a code make of them.",
    ),
)
