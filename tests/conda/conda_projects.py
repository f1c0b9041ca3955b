"""The stand-in front end as a person finds it, and projects whose jobs run in the environments that it makes."""

import os
import subprocess
import sys
from pathlib import Path

import stand_in_channel
import stand_in_conda

sys.path.append(str(Path(__file__).resolve().parents[1] / "workflow"))
from workbench import REPO, Desk, Project

ENVIRONMENTS = sorted((REPO / "envs").glob("*.yaml"))


class FrontEnd:
    """A `conda` to put on the PATH; it sees no GPU, whatever the machine has, unless it is told to."""

    def __init__(self, root):
        self.root, self.journal = root, root / "starts.txt"
        self.commands = stand_in_conda.install_front_end(root)
        stand_in_channel.make_channels(root / "channels", ENVIRONMENTS, stand_in_conda.platform())

    def environment(self, **further):
        """Return what a process has to see; no environment of somebody's own is active in it."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("CONDA", "SNAKEMAKE_CONDA"))}
        path = f"{self.commands}{os.pathsep}{os.environ['PATH']}"
        return ours | {"PATH": path, "CONDA_OVERRIDE_CUDA": "", stand_in_channel.JOURNAL: str(self.journal)} | further

    def type(self, command, **further):
        """Run a command line as a person would type it in the repository."""
        environment = self.environment(**further)
        return subprocess.run(command, shell=True, cwd=REPO, env=environment, capture_output=True, text=True)

    def starts(self):
        """Return what the environments' Pythons ran, in order: script, prefix of the Python, activated prefix."""
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        fields = [line.split("\t") for line in lines]
        return [(script.split(".")[1], Path(own), Path(active)) for own, active, script in fields if ".py" in script]


class InConda:
    """Mixed into who runs Snakemake: with the stand-in front end on the PATH."""

    further = {}

    def environment(self, **steering):
        mine = {name: value for name, value in super().environment(**steering).items() if name.startswith("MMM_FAKE")}
        return self.front_end.environment(**mine, **self.further)

    def started(self):
        """Return the starts of Python in environments since this one was made."""
        return self.front_end.starts()[self.earlier :]


class CondaProject(InConda, Project):
    def __init__(self, folder, workflow, front_end):
        super().__init__(folder, workflow)
        self.front_end, self.earlier = front_end, len(front_end.starts())

    def made(self, folder=None):
        """Return the environments that Snakemake made, by prefix: the name of the file that it keeps beside each."""
        contents = {file.read_text(): file.stem for file in (self.workflow / "envs").glob("*.yaml")}
        folder = folder or self.folder / ".snakemake" / "conda"
        prefixes = [path for path in folder.glob("*") if path.is_dir()]
        return {path: contents[path.with_name(f"{path.name}.yaml").read_text()] for path in prefixes}


class CondaDesk(InConda, Desk):
    def __init__(self, folder, workflow, front_end):
        super().__init__(folder, workflow)
        self.front_end, self.earlier = front_end, len(front_end.starts())
