"""The sets of priors: what each says of retention, and that it says the same at every cadence."""

import itertools
import typing

import numpy as np
import pytest

from benchmarks import priors as benchmark
from mmm_builder.modelling.priors import frozen, mean, preset, presets, to_cadence
from mmm_builder.provenance import SCRIPTS
from mmm_builder.spec import PERIODS_PER_YEAR, ChannelType, PresetName

TYPES = typing.get_args(ChannelType)
LEVELS = [0.1, 0.5, 0.9]


def test_the_presets_are_those_that_can_be_chosen():
    assert set(presets()) == set(typing.get_args(PresetName))


def test_presets_differ_in_retention_alone():
    others = [p.model_copy(update={"adstock_alpha": {}}) for p in presets().values()]
    assert all(other == others[0] for other in others)


@pytest.mark.parametrize("kind", TYPES)
def test_decay_words_are_the_defaults_numbers_on_decay(kind):
    default, words = (frozen(preset(name).adstock_alpha[kind]) for name in ("default", "decay_words"))
    np.testing.assert_allclose(words.ppf(LEVELS), 1.0 - default.ppf(LEVELS)[::-1])


def test_decay_words_say_what_the_words_say():
    """Search decays fastest, then social, display, and video/TV slowest."""
    table = preset("decay_words").adstock_alpha
    means = [mean(table[kind]) for kind in ("search", "social", "display", "video_tv")]
    assert means == sorted(means)


@pytest.mark.parametrize(("kinds", "lower", "upper"), [
    (("video_tv",), 0.3, 0.8), (("ooh", "print", "radio", "direct_mail", "other"), 0.1, 0.4),
])  # fmt: skip
def test_robyns_ranges_hold_80_per_cent(kinds, lower, upper):
    for kind in kinds:
        found = frozen(preset("robyn_ranges").adstock_alpha[kind]).ppf([0.1, 0.9])
        np.testing.assert_allclose(found, [lower, upper], atol=0.002)


@pytest.mark.parametrize("kind", ["search", "social", "display", "email", "affiliate", "influencer"])
def test_robyns_range_of_digital_is_centred_and_holds_90_per_cent(kind):
    prior = preset("robyn_ranges").adstock_alpha[kind]
    assert mean(prior) == pytest.approx(0.15, abs=0.001)
    assert frozen(prior).ppf(0.9) == pytest.approx(0.3, abs=0.001)


@pytest.mark.parametrize(("name", "frequency"), list(itertools.product(presets(), PERIODS_PER_YEAR)))
def test_every_preset_says_the_same_at_every_cadence(name, frequency):
    weeks = PERIODS_PER_YEAR["weekly"] / PERIODS_PER_YEAR[frequency]
    for kind in TYPES:
        weekly = preset(name).adstock_alpha[kind]
        converted = frozen(to_cadence(weekly, frequency)).ppf(LEVELS)
        np.testing.assert_allclose(converted, frozen(weekly).ppf(LEVELS) ** weeks, atol=0.004)


@pytest.mark.parametrize("kind", TYPES)
def test_the_document_shows_the_numbers_of_the_file(kind):
    shown = (SCRIPTS.parent / "docs" / "priors.md").read_text(encoding="utf-8")
    alphas = [presets()[name].adstock_alpha[kind] for name in ("default", "decay_words", "robyn_ranges")]
    cells = " | ".join(f"Beta({a.alpha:g}, {a.beta:g})" for a in alphas)
    assert f"| `{kind}` | {cells} |" in shown


# --- benchmarks/priors.py --------------------------------------------------------------------------------------------


def record(client: str, name: str, alpha: float, crps: float, group: str = "public, truth known"):
    """Return what is kept of a fit that found α with an interval of ± 0.1, where α is 0.5 and the return 2."""
    return {
        "client": client, "group": group, "preset": name, "crps": crps, "oos_r2": 0.5, "divergences": 0,
        "alpha": {"tv": [alpha, alpha - 0.1, alpha + 0.1]}, "roas": {"tv": [2.0, 1.0, 3.0]},
        "truth": {"alpha": {"tv": 0.5}, "roas": {"tv": 2.0}},
    }  # fmt: skip


class TestFigures:
    def records(self):
        return [record(c, n, alpha, crps) for c in "ab" for n, alpha, crps in
                (("default", 0.55, 10.0), ("decay_words", 0.7, 20.0), ("robyn_ranges", 0.45, 5.0))]  # fmt: skip

    def test_errors_and_coverage_follow_from_the_fits(self):
        wrong = [r for r in self.records() if r["preset"] == "decay_words"]
        assert benchmark.recovery(wrong, "alpha") == (pytest.approx(0.2), pytest.approx(0.2), 0.0, 2)
        assert benchmark.recovery(wrong, "roas") == (0.0, 0.0, 1.0, 2)
        assert benchmark.recovery([], "alpha")[3] == 0

    def test_crps_is_over_that_of_the_default(self):
        of = {n: [r for r in self.records() if r["preset"] == n] for n in presets()}
        assert [benchmark.skill(of[n], of["default"]) for n in presets()] == pytest.approx([1.0, 2.0, 0.5])

    def test_the_document_keeps_what_people_wrote(self, tmp_path, monkeypatch):
        monkeypatch.setattr(benchmark, "all_fitted", lambda *given: self.records())
        path = tmp_path / "priors.md"
        path.write_text(f"above\n{benchmark.BEGIN}\nold figures\n{benchmark.END}\nbelow\n", encoding="utf-8")
        benchmark.main(["--output", str(path)])
        text = path.read_text(encoding="utf-8")
        assert text.startswith("above\n")
        assert text.endswith("\nbelow\n")
        assert "old figures" not in text
        assert "| `decay_words` | 0.20 | +0.20 | 0% |" in text
