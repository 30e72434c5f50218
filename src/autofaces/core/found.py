"""What is found by the name of its file: networks, of which each has one."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def networks() -> list[str]:
    """The names of all networks, sorted."""
    return sorted(path.stem for path in (PACKAGE / "networks").glob("[!_]*.py"))


def class_name(network: str) -> str:
    """The class that a network's file defines: dcgan_pooled -> DcganPooled."""
    return "".join(word.capitalize() for word in network.split("_"))
