"""What a change moved, for its reviewer: verdicts, parts of claims that crossed their rule, rows by their error.

Rows whose inputs differ are told (code, settings, or data that such stages made). Where the same inputs gave other
numbers the machine differs, and one line says in how many rows: in none if both were reproduced on one machine.
"""

from pathlib import Path

from autofaces.pipeline.verify import ABLATION, CLAIMS, GONE, NEW, findings, keeps, not_run, state, turned


def between(base: str, other: str | None = None, root: Path = Path()) -> list[str]:
    """What moved from one commit, or folder of a checkout, to another; None: to the workspace, the folder `root`."""
    old, new = state(base, root), state(other or "", root)
    before, after = ({part["id"]: part for part in side.read(CLAIMS)} for side in (old, new))
    told = [f"compare: {old.name} -> {new.name}"]
    if other is None and (idle := not_run(root, new.lock)):
        told.append(f"stages that have not run: {len(idle)} ({next(iter(idle.values()))}): `make repro` first")
    found = findings(old, new)
    evaluated = ("evaluate@", ABLATION)
    measured = (*evaluated, "outliers@")
    rows = [(f.stage.partition("@")[2], f) for f in found.values() if f.stage.startswith(measured)]
    ours = {key for key, f in rows if f.largest and f.moved}
    machine = {key: f for key, f in rows if f.largest and not f.moved}

    verdicts, crossed, noise = [], [], []
    for name in [key for key in after if key in before]:
        a, b = before[name], after[name]
        words, of = turned(a, b), {*b["experiments"]}
        if a["rule"] == b["rule"] and of & machine.keys() and not of & ours:
            noise += [name] * bool(words)
            continue
        verdicts += [f"  {name:<12}  {words}"] * bool(words and "-" not in name)
        was, now = keeps(a), keeps(b)
        parts = any(key.startswith(f"{name}-") for key in after)
        if None not in (was, now) and not parts and (words or was != now):
            outcome = words if was == now else f"now {'kept' if now else 'broken'}"
            rule = b["rule"] if a["rule"] == b["rule"] else f"{b['rule']} (was {a['rule']})"
            crossed.append(f"  {name:<12}  {a['effect']:.4g} -> {b['effect']:.4g}, rule {rule}: {outcome}")

    def causes(name: str) -> list[str]:
        return [cause for m in found[name].moved for cause in (causes(m) if m in found else [m])]

    errors = []
    for key, f in rows:
        if f.moved and f.largest and f.stage.startswith(evaluated):
            a, b = (side.measured(f.stage).get("mse") for side in (old, new))
            if not a or not b:  # an ablation that one of them did not run
                continue
            why = ", ".join(dict.fromkeys(cause.removeprefix("src/autofaces/") for cause in causes(f.stage)))
            errors.append((abs(b / a - 1), f"  {key:<34}  {a:.4g} -> {b:.4g} ({100 * (b / a - 1):+.1f} %): {why}"))
    largest = [line for _, line in sorted(errors, reverse=True)[:12]]
    told += ["claims whose verdict changed:", *verdicts] if verdicts else []
    told += ["parts of claims that crossed their rule:", *crossed] if crossed else []
    told += [f"rows whose error (mse) moved most, of {len(errors)} whose inputs differ:", *largest] if errors else []
    for word, parts in ((NEW, after.keys() - before), (GONE, before.keys() - after)):
        names = [f.stage for f in found.values() if f.state == word] + sorted(parts)
        told += [f"{word}: {', '.join(names)}"] if names else []
    told += ["nothing moved"] if len(told) == 1 else []
    if machine:
        key = max(machine, key=lambda key: machine[key].largest)
        noisy = f", verdicts of {', '.join(noise)}" if noise else ""
        most = f"at most {100 * machine[key].largest:.1f} % ({key} {machine[key].metric})"
        told.append(f"same inputs, other machine: {len(machine)} row{'s' * (len(machine) > 1)}{noisy}; {most}")
    return [f"{line:.100}" for line in told]
