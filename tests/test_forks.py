"""A script run from a fork does what `python script` does."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autofaces import forks

pytestmark = pytest.mark.skipif(not forks.possible(), reason="Linux without a GPU is needed")


@pytest.mark.parametrize("device", ["/dev/nvidiactl", "/dev/null"])
def test_where_there_is_a_gpu_nothing_is_forked(device, monkeypatch):
    monkeypatch.setattr(forks, "GPUS", (device,))
    assert forks.possible() == (not Path(device).exists())


@pytest.fixture
def script(tmp_path) -> Path:
    (tmp_path / "neighbour.py").write_text("NAME = 'neighbour'\n")
    return tmp_path / "script.py"


def run(script: Path, *arguments: str, **env: str) -> int:
    return forks.run(script.name, list(arguments), str(script.parent), {**os.environ, **env})


def test_arguments_environment_folder_and_neighbours_are_as_python_gives_them(script, capfd):
    script.write_text(
        "import os, sys, neighbour\n"
        "if __name__ == '__main__':\n"
        "    print(sys.argv, os.getcwd(), os.environ.get('COLOUR'), neighbour.NAME)\n"
        "    os.environ['COLOUR'] = 'grey'\n"
    )
    for arguments, env in ((["a", "b c"], {"COLOUR": "red"}), ([], {})):
        assert run(script, *arguments, **env) == 0
        ours = capfd.readouterr().out
        command = [sys.executable, script.name, *arguments]
        there = subprocess.run(
            command, cwd=script.parent, env={**os.environ, **env}, text=True, capture_output=True, check=True
        )
        assert ours == there.stdout


@pytest.mark.parametrize(
    ("ending", "status", "message"),
    [
        ("sys.exit('error: no such face')", 1, "error: no such face\n"),
        ("sys.exit(3)", 3, ""),
        ("raise ValueError('nine eyes')", 1, "ValueError: nine eyes\n"),
        ("os.kill(os.getpid(), 9)", -9, ""),
        ("os.abort()", -signal.SIGABRT, ""),
    ],
)
def test_how_a_script_ends_is_told_and_the_next_run_works(ending, status, message, script, capfd):
    script.write_text(f"import os, sys\nif __name__ == '__main__' and sys.argv[1:]:\n    {ending}\n")
    assert run(script, "fail") == status
    assert capfd.readouterr().err.endswith(message)
    assert run(script) == 0


def test_a_script_that_cannot_be_imported_fails_at_each_run(script, capfd):
    script.write_text("import no_such_module\n")
    for _ in range(2):
        assert run(script) == 1
        assert "no_such_module" in capfd.readouterr().err


def test_what_one_run_has_loaded_is_there_for_the_next_and_nothing_else_is(script, capfd):
    script.write_text(
        "import sys, neighbour\n"
        "if __name__ == '__main__':\n"
        "    print('chunk' in sys.modules, 'colorsys' in sys.modules, neighbour.NAME)\n"
        "    import colorsys\n"
        "    neighbour.NAME = 'changed'\n"
    )
    assert [run(script) for _ in range(2)] == [0, 0]
    deadline = time.monotonic() + 20
    while run(script) == 0 and "True neighbour" not in (last := capfd.readouterr().out.splitlines()[-1]):
        assert time.monotonic() < deadline
    assert last == "False True neighbour"


def test_the_processes_end_with_the_one_that_asked(script):
    script.write_text("import os\nif __name__ == '__main__':\n    print(os.getppid())\n")
    code = "import os, sys\nfrom autofaces import forks\nif __name__ == '__main__':\n    "
    code += f"sys.exit(forks.run('script.py', [], {str(script.parent)!r}, dict(os.environ)))"
    asked = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True, timeout=60)
    assert not Path(f"/proc/{asked.stdout.strip()}").exists()
