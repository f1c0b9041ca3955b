"""The picture of the rules in the README against the graph that Snakemake draws of a finished run."""

import itertools
import re

import pytest
from workbench import REPO, Project

OPTIONS = {"train_cpu": "train", "train_gpu": "train"}
"""Rules of which the configuration chooses one, by their name in the picture."""


def drawn():
    """Return the arrows of the README's picture."""
    (picture,) = re.findall(r"```mermaid\n(.*?)```", (REPO / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    chains = [re.split(r" -->(?:\|\w+\|)? ", line.strip()) for line in picture.splitlines()[1:]]
    return {arrow for chain in chains for arrow in itertools.pairwise(chain)}


@pytest.fixture(scope="module")
def graph(tmp_path_factory, workflow):
    """Return the edges between rules of a finished run with a sealed period, as Snakemake tells them."""
    project = Project(tmp_path_factory.mktemp("sealed") / "project", workflow)
    done = project.prepare(max_iterations=2, sealed_periods=2).run()
    assert done.returncode == 0, done.stderr
    told = project.run("--rulegraph", "mermaid-js").stdout
    names = {node: OPTIONS.get(name, name) for node, name in re.findall(r"(id\d+)\[(\w+)", told)}
    edges = {(names[a], names[b]) for a, b in re.findall(r"(id\d+) --> (id\d+)", told)}
    return {(a, b) for a, b in edges if a != b and b != "all"}


def test_every_rule_is_in_the_picture():
    rules = {
        OPTIONS.get(name, name)
        for file in (REPO / "rules").glob("*.smk")
        for name in re.findall(r"^ *(?:rule|checkpoint) (\w+):", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {rule for arrow in drawn() for rule in arrow} == rules


def test_every_arrow_is_a_file_handed_on(graph):
    assert drawn() - graph == set()


def test_every_rule_waits_for_what_the_picture_says(graph):
    """Whatever a rule takes files from comes before it in the picture."""
    before: dict[str, set[str]] = {}
    for _ in drawn():
        for a, b in drawn():
            before.setdefault(b, set()).update({a}, before.get(a, set()))
    assert {(a, b) for a, b in graph if a not in before[b]} == set()
