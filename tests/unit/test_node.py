"""What a job writes beside its outputs: nothing at home, where a cluster's nodes would meet."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_model import make_data

from mmm_builder.modelling.compiled import load_or_compile
from mmm_builder.modelling.pytensor_flags import that_change_results, with_defaults
from mmm_builder.running.node import CACHES, caches

FOLDER = Path(__file__).parent

COMPILE_AND_PLOT = """
import mmm_builder.modelling.compiling
from mmm_builder.modelling.compiled import load_or_compile
from mmm_builder.reporting import plots
from small_model import build, make_data
from pathlib import Path
import sys
import matplotlib.font_manager
load_or_compile("small model", lambda: build(make_data()), make_data(), Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """A job that imports what trains, compiles, judges and plots, with an empty home: its home, caches and product."""
    folder = tmp_path_factory.mktemp("job")
    home, scratch, kept = (folder / name for name in ("home", "scratch", "kept"))
    for made in (home, scratch):
        made.mkdir()
    paths = os.pathsep.join([str(FOLDER.parents[1] / "scripts"), str(FOLDER)])
    environment = {k: v for k, v in os.environ.items() if k != "PYTENSOR_FLAGS"}
    environment |= {"HOME": str(home), "TMPDIR": str(scratch), "PYTHONPATH": paths, **caches(scratch)}
    subprocess.run([sys.executable, "-W", "ignore", "-c", COMPILE_AND_PLOT, str(kept)], env=environment, check=True)
    return home, scratch, kept


def test_a_job_writes_nothing_at_home(job):
    home, scratch, _ = job
    assert not list(home.rglob("*"))
    assert list((scratch / CACHES["MPLCONFIGDIR"]).iterdir()), "the job was to leave its caches elsewhere"


def test_what_pytensor_wrote_goes_with_the_process(job):
    _, scratch, _ = job
    assert not list(scratch.glob("pytensor-*"))


def test_a_model_compiled_in_one_job_is_found_in_another(job, monkeypatch):
    _, _, kept = job
    monkeypatch.setenv("PYTENSOR_FLAGS", with_defaults(""))

    def build():
        raise AssertionError("this should not be built")

    assert load_or_compile("small model", build, make_data(), kept).n_dim > 0


@pytest.mark.parametrize("flags", ["", "cxx=", "floatX=float64", "cxx=g++,base_compiledir=/x", "compiledir=/x"])
def test_given_flags_are_kept_and_missing_ones_added_once(flags):
    completed = with_defaults(flags)
    given = [flag for flag in flags.split(",") if flag]
    assert completed.split(",")[: len(given)] == given
    keys = [flag.partition("=")[0] for flag in completed.split(",")]
    assert keys.count("cxx") == 1
    assert sum(key in ("base_compiledir", "compiledir") for key in keys) == 1
    assert with_defaults(completed) == completed


def test_places_are_no_part_of_what_is_compiled():
    assert that_change_results("cxx=,base_compiledir=/x,compiledir=/y") == []
    assert that_change_results("floatX=float32,cxx=g++") == ["floatX=float32", "cxx=g++"]
