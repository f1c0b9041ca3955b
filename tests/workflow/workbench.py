"""A copy of the workflow whose slow stages are replaced by fakes, and a project that runs it and counts the jobs."""

import datetime
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import yaml

REPO = Path(__file__).resolve().parents[2]
FAKES = Path(__file__).parent / "fakes"
sys.path.append(str(FAKES))
from faking import STOPS_AT  # noqa: E402

REMEDY_THAT_STOPS_AT = {n: name for name, n in STOPS_AT.items()}
COPIED = ("Snakefile", "rules", "scripts", "envs", "profiles", "config")
CSV = "date,revenue,tv\n2024-01-01,100,10\n2024-01-08,120,0\n"


def copy_with_fakes(target):
    """Copy the workflow to `target` and lay the fakes over it."""
    target.mkdir(parents=True)
    for name in COPIED:
        copy = shutil.copytree if (REPO / name).is_dir() else shutil.copy2
        copy(REPO / name, target / name)
    for fake in FAKES.glob("*.py"):
        shutil.copy2(fake, target / "scripts" / fake.name)
    # The real file holds the engine as well, which the tests need as it is.
    rules = target / "rules" / "iterate.smk"
    text = rules.read_text()
    assert text.count("scripts/iteration_engine.py") == 1
    rules.write_text(text.replace("scripts/iteration_engine.py", "scripts/decider.py"))
    return target


CONDA = """#!/bin/bash
case "$*" in
  *--version*) echo "conda 25.1.1" ;;
  *channel_priority*) echo '{"get": {"channel_priority": "strict"}}' ;;
  *info*) echo '{"conda_prefix": "PREFIX", "root_prefix": "PREFIX", "platform": "linux-64", "envs": [],
    "envs_dirs": ["PREFIX/envs"]}' ;;
  *) exit 1 ;;
esac
"""


def with_answering_conda(folder):
    """Write a conda that only answers questions, its environments beside it; return the PATH where it is found."""
    return with_program(folder, "conda", CONDA.replace("PREFIX", str(folder.parent)))


def with_program(folder, name, text):
    """Write an executable; return the PATH on which it is found before all others."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


class Project:
    """A working directory with data, a configuration and the copied workflow beside it."""

    seconds = 240

    def __init__(self, folder, workflow):
        self.folder, self.workflow = folder, workflow
        self.journal = folder / "journal.txt"
        self.results = folder / "results"

    def prepare(self, runs=("a",), **settings):
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in runs:
            (self.folder / f"{name}.csv").write_text(CSV + f"2024-01-15,{len(name) + ord(name[0])},5\n")
        self.settings = {"runs": {name: {"csv": f"{name}.csv"} for name in runs}, "max_iterations": 3, **settings}
        self.configure()
        return self

    def configure(self, **changes):
        self.settings |= changes
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.settings))
        return self

    def stop_at(self, n):
        return self.configure(policy={"disabled_remedies": [REMEDY_THAT_STOPS_AT[n]]})

    def command(self, *options):
        return [
            sys.executable, "-m", "snakemake", "--snakefile", str(self.workflow / "Snakefile"),
            "--directory", str(self.folder), "--configfile", str(self.folder / "config.yaml"), "--cores", "2", *options,
        ]  # fmt: skip

    def environment(self, **steering):
        return os.environ | {"MMM_FAKE_STEER": json.dumps(steering), "MMM_FAKE_JOURNAL": str(self.journal)}

    def run(self, *options, **steering):
        """Run Snakemake; return its end and how often each stage ran, by `stage folder`."""
        before = len(self.lines())
        done = subprocess.run(
            self.command(*options),
            env=self.environment(**steering),
            capture_output=True,
            text=True,
            timeout=self.seconds,
        )
        done.jobs = Counter(self.lines()[before:])
        return done

    def lines(self):
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def report(self, name="a"):
        return json.loads((self.results / name / "skill_report.json").read_text())


def jobs(stage, run="a", iterations=()):
    """Return the journal lines of a stage over iterations of a run, or of the run itself."""
    places = [f"results/{run}/artifacts_iter_{n}" for n in iterations] or [f"results/{run}"]
    return {f"{stage} {place}" for place in places}


def ran(counted, stage, run="a"):
    """Return the iterations in which a stage ran, in order."""
    start = f"{stage} results/{run}/artifacts_iter_"
    return sorted(int(line.removeprefix(start).split("/")[0]) for line in counted if line.startswith(start))


def write_sales(path, weeks=120):
    """Write a file that the real reader takes: weekly revenue, two channels and a price."""
    draw = random.Random(7)
    rows = ["date,revenue,tv_spend,search_spend,price"]
    for week in range(weeks):
        day = datetime.date(2022, 1, 3) + datetime.timedelta(weeks=week)
        tv = draw.choice([0, 80, 120, 150]) + draw.random()
        rows.append(f"{day},{draw.gauss(1000, 50):.1f},{tv:.1f},{draw.uniform(10, 50):.1f},{draw.uniform(4, 6):.2f}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")
    return path


class Desk:
    """A folder with a client's file, where somebody types commands or calls the engine."""

    def __init__(self, folder, workflow):
        self.folder, self.workflow = folder, workflow
        self.csv = write_sales(folder / "client data" / "sales.csv")
        self.output = folder / "out put"
        self.journal = folder / "journal.txt"

    def environment(self, **steering):
        return os.environ | {"MMM_FAKE_STEER": json.dumps(steering), "MMM_FAKE_JOURNAL": str(self.journal)}

    def command(self, script, *arguments):
        return [sys.executable, str(self.workflow / "scripts" / script), *map(str, arguments)]

    def type(self, script, *arguments, cwd=None, environment=None, **steering):
        environment = self.environment(**steering) | (environment or {})
        before = len(self.lines())
        done = subprocess.run(
            self.command(script, *arguments), cwd=cwd or self.folder, env=environment, capture_output=True, text=True
        )
        done.jobs = self.lines()[before:]
        return done

    def start(self, script, *arguments, **steering):
        """Start a script that an interrupt reaches, also where the tests were started in the background."""
        return subprocess.Popen(
            self.command(script, *arguments), cwd=self.folder, env=self.environment(**steering),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip

    def call(self, code, cwd, **steering):
        """Run Python code that imports the engine, with the project's folder on the path."""
        environment = self.environment(**steering) | {"PYTHONPATH": str(self.workflow)}
        return subprocess.run(
            [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, check=True
        )

    def lines(self):
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def wait_for(self, line, seconds=60):
        began = time.time()
        while line not in self.lines():
            assert time.time() - began < seconds, f"no {line!r} in {self.lines()}"
            time.sleep(0.1)


def trained(lines):
    """Return the iterations that were trained in the output folder itself."""
    return [int(line.rsplit("_", 1)[1]) for line in lines if line.startswith("train artifacts_iter_")]
