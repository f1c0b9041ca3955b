"""What the written analysis is put together from: diagrams, figures, markdown."""

import finished_runs as finished
import kf_rules
import pytest
import run_records as runs

from mmm_builder.reporting.diagrams import continuant, occurrent
from mmm_builder.reporting.figures import figure_key, sense_of, shown, shown_limit
from mmm_builder.reporting.history import iteration_record
from mmm_builder.reporting.markdown import clause, code, table, text
from mmm_builder.reporting.phrases import FILES, phrasebook
from mmm_builder.reporting.run_record import band

BOOKS = {language: phrasebook(language) for language in FILES}


@pytest.fixture(scope="module")
def one_record(tmp_path_factory):
    made = finished.read_run(tmp_path_factory.mktemp("run"), runs.profile(), [finished.iteration(1, r2=0.3)])
    return iteration_record(made[0])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 10, 11, 12, 40, 100])
@pytest.mark.parametrize("language", FILES)
def test_diagrams_keep_their_size_whatever_the_number_of_iterations(one_record, language, n):
    records = [one_record.model_copy(update={"iteration": i}) for i in range(1, n + 1)]
    say = BOOKS[language]
    (diagram,) = kf_rules.diagrams(occurrent(records, "budget_exhausted", say))
    assert kf_rules.diagram_problems(diagram, "LR") == []
    for i in (1, n):
        assert f'"{say("node.iteration", n=i)}"' in diagram


@pytest.mark.parametrize("types", [("search",), ("search", "tv"), tuple("abcdefg")])
@pytest.mark.parametrize("order", [0, 2])
@pytest.mark.parametrize("language", FILES)
def test_the_diagram_of_parts_keeps_its_size(language, types, order):
    kinds = ("search", "video_tv", "social", "display", "radio", "direct_mail", "other")
    channels = tuple((f"c{i}", kinds[i], 1 / len(types)) for i in range(len(types)))
    (diagram,) = kf_rules.diagrams(
        continuant("my data (1)", runs.profile(channels=channels), runs.spec(1, order=order), BOOKS[language])
    )
    assert kf_rules.diagram_problems(diagram, "TD") == []


@pytest.mark.parametrize(
    ("key", "value", "limits", "printed"),
    [
        ("r2", 0.6213, (), "0.62"),
        ("r2", 0.5497, (0.55,), "0.5497"),
        ("r2", 0.55, (0.55,), "0.55"),
        ("worst_rhat", 1.0203, (1.02,), "1.0203"),
        ("min_ess", 99.7, (100.0,), "99.7"),
        ("min_ess", 1834.2, (100.0,), "1834"),
        ("oos_mape", 9.44, (20.0,), "9.4 %"),
        ("coverage_80", 0.765, (), "76 %"),
        ("overfitting_index", -0.001, (), "0.00"),
        ("oos_rmse", 91234.56, (), "91235"),
        ("crps", 0.0543219, (), "0.05432"),
        ("divergences", 3, (0,), "3"),
    ],
)
def test_figures_are_printed_alike_and_never_hide_their_verdict(key, value, limits, printed):
    assert shown(key, value, *limits) == printed


@pytest.mark.parametrize(("limit", "printed"), [(1.02, "1.020"), (1.0005, "1.0005"), (0.4, "0.40")])
def test_limits_are_printed_as_given(limit, printed):
    assert shown_limit("worst_rhat" if limit > 1 else "oos_r2", limit) == printed


@pytest.mark.parametrize(
    ("value", "limit", "verdict", "sense"),
    [(0.5, 0.55, "fail", "≥"), (0.6, 0.55, "pass", "≥"), (0.8, 0.7, "review", "≤"), (None, 0.55, "unassessed", "≥")],
)
def test_the_sense_of_a_limit_follows_the_verdict(value, limit, verdict, sense):
    assert sense_of("r2", value, limit, verdict) == sense


def test_checks_know_their_figures():
    assert [figure_key(c.code) for c in runs.summary().checks[3:6]] == ["r2", "r2", "residual_outlier"]


def test_markdown_takes_any_name():
    assert code("a|b") == "`a|b`"
    assert table(["h"], [[code("a|b")]]).endswith("| `a\\|b` |")
    assert code("a `b`") == "`` a `b` ``"
    assert code("") == "` `"
    assert text("a\n| <b> *c*") == "a | \\<b> \\*c\\*"
    assert clause("It is so. ") == "It is so"


def test_a_band_needs_actual_values():
    table = runs.series("2024-01-01", 20, 1)
    found = band(table)
    assert found.n == 20
    assert 0 <= found.share <= 1
    assert band(table.iloc[:0]) is None
    miss = (table["actual"] - table["predicted"]).abs().idxmax()
    assert found.worst_date == f"{table['date'][miss]:%Y-%m-%d}"
