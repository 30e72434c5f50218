"""Pydantic's reports of wrong settings, in our words."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

BRANCHES = {  # of a union, which pydantic adds to the location where it tried them, beside such as "literal['a','b']"
    *("bool", "int", "float", "str", "function-after"),
    *("constrained-int", "constrained-float", "constrained-str"),
}


def line(error: Any) -> str:
    """One line of a report: key, what was got, what is allowed."""
    where = ".".join(str(part) for part in error["loc"] if str(part) not in BRANCHES and "[" not in str(part))
    got = error["input"]
    match error["type"]:
        case "missing":
            return f"{where}: missing"
        case "extra_forbidden":
            return f"{where} = {got!r}: unknown key"
        case "value_error":
            return f"{where}: {error['ctx']['error']}" if where else str(error["ctx"]["error"])
        case "float_type" | "int_type" if isinstance(got, str) and _is_number(got):
            return f"{where} = {got!r}: this is text; write the number without quotes"
        case _:
            return f"{where} = {got!r}: {error['msg'][0].lower()}{error['msg'][1:]}"


def _is_number(text: str) -> bool:
    try:
        TypeAdapter(float).validate_python(text)
    except ValidationError:
        return False
    return True
