"""Rows of your own: those of params.yaml that say `paper: own`, next to each other for each data set."""

from autofaces.papers import EACH, Compared, Errors, Paper

PAPER = Paper(
    title="Rows of your own",
    asks="What comes of other models, objectives and data sets? These rows of params.yaml are of no paper, and decide "
    "no claim.",
    legend="own rows",
)

CLAIMS = ()

FIGURES = (
    Compared(
        name="{dataset}-reconstructions",
        dataset=EACH,
        side=64,
        title="The same unseen images of {dataset} through every row",
        note="Rows of params.yaml of no paper.",
        caption="The same unseen images through every row ({dataset})",
        alt="A grid of images of {dataset}: originals, and below them what each row makes of them, with its error.",
    ),
    Errors(
        name="{dataset}-errors",
        dataset=EACH,
        title="Error of every row on unseen images of {dataset}",
        note="Rows of params.yaml of no paper.",
        caption="Error of every row on unseen images ({dataset})",
        alt="A bar chart of the mean squared error of every row; the numbers stand in the table of experiments.",
    ),
)
