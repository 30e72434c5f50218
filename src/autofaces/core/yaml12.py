"""YAML as DVC reads and writes it."""

import re

import yaml


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML 1.2 numbers: 1e-05, as DVC writes it, is a number there, and text to PyYAML. Ten times quicker in C.

    A key that stands twice is an error, as it is to DVC: the first value would be lost in silence.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            if first := seen.get(key.value) if isinstance(key, yaml.ScalarNode) else None:
                raise yaml.constructor.ConstructorError(
                    None,
                    None,
                    f"the key {key.value!r} stands twice, first in line {first.start_mark.line + 1}; take one out",
                    key.start_mark,
                )
            seen[str(key.value)] = key
        return super().construct_mapping(node, deep)


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:float"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"),
    list("-+0123456789."),
)
