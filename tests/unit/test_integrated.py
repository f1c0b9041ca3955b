"""The integrated posterior: scale, density, mode and averages, against closed forms, differences and finer sums."""

import numpy as np
import pytest
from model_cases import KINDS, MODELS, Model
from scipy import stats
from test_priors import EXAMPLES, example

from mmm_builder.judging import scoring
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.likelihoods import LIKELIHOODS
from mmm_builder.modelling.parameters import Variable
from mmm_builder.modelling.priors import frozen
from mmm_builder.policy import averaging
from mmm_builder.policy.averaging import averaged
from mmm_builder.policy.integrated import Problem, columns_at, make_problem
from mmm_builder.policy.mode import find_mode, point_at
from mmm_builder.policy.noise_rows import NOISES, Fitted, plain_rows
from mmm_builder.policy.screening import of_summed_units
from mmm_builder.policy.standard_scale import REACH, named_values, parameters_of


def problem_of(model: Model) -> Problem:
    panel, spec = model.case()
    spec = of_summed_units(spec)
    return make_problem(make_design(panel, spec), spec)


def kpi_of(problem: Problem) -> np.ndarray:
    return problem.design.kpi_scaled[0, problem.shown]


def some_phi(problem: Problem) -> np.ndarray:
    return 0.7 * np.sin(1.0 + np.arange(problem.parameters.size))


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_prior_is_standard_normal_on_its_scale(name):
    parameters = parameters_of([Variable("x", (), (), (example(name),))])
    phi = np.array([-3.0, -1.23, 0.0, 0.77, 3.21])
    values = named_values(parameters, phi[:, None])["x"]
    assert values == pytest.approx(frozen(example(name)).ppf(stats.norm.cdf(phi)), rel=1e-3)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_scale_rises_within_its_tables_and_beyond(name):
    parameters = parameters_of([Variable("x", (), (), (example(name),))])
    values = named_values(parameters, np.linspace(-REACH - 2.0, REACH + 2.0, 200)[:, None])["x"]
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0.0).all()


def test_the_loss_is_that_of_the_closed_form():
    problem = problem_of(Model(entries=("lift_tests",)))
    phi, shown, y = some_phi(problem), problem.shown, kpi_of(problem)
    point = point_at(problem, phi, plain_rows(y))
    columns, mean = columns_at(problem, phi)
    sigma = named_values(problem.parameters, phi[None])["sigma"][0]
    n = len(shown)
    expected = mean[shown] + point.mean.effect[:n][shown]
    covariance = columns[shown] @ columns[shown].T + sigma**2 * np.eye(len(y))
    tests = problem.design.experiments
    lifts = stats.norm.logpdf((point.mean.effect[n:] * problem.design.kpi_scale - tests.lift) / tests.standard_error)
    found = stats.multivariate_normal(expected, covariance).logpdf(y) + stats.norm.logpdf(phi).sum() + lifts.sum()
    assert -point.loss == pytest.approx(found + len(lifts) * 0.5 * np.log(2.0 * np.pi))


@pytest.mark.parametrize("model", [m for m in MODELS if m.noise == "normal"], ids=str)
def test_gradients_are_differences(model):
    problem = problem_of(model)
    phi, rows, step = some_phi(problem), plain_rows(kpi_of(problem)), 1e-4
    slopes = [(point_at(problem, phi + d, rows).loss - point_at(problem, phi - d, rows).loss) / (2.0 * step)
              for d in step * np.eye(len(phi))]  # fmt: skip
    gradient = point_at(problem, phi, rows).gradient
    assert gradient == pytest.approx(np.array(slopes), rel=1e-2, abs=1e-3 * np.abs(gradient).max())


@pytest.mark.parametrize("model", KINDS, ids=str)
def test_the_mode_is_one(model):
    problem = problem_of(model)
    point, rows = find_mode(problem)
    rng = np.random.default_rng(0)
    moves = 0.3 * rng.normal(size=(20, len(point.phi)))
    if "nu_above_two" in problem.parameters.places:
        moves[:, problem.parameters.places["nu_above_two"]] = 0.0
    assert min(point_at(problem, point.phi + move, rows).loss for move in moves) > point.loss - 0.01


@pytest.mark.parametrize("model", KINDS, ids=str)
def test_a_few_draws_tell_what_many_tell(model, monkeypatch):
    problem = problem_of(model)
    point, rows = find_mode(problem)
    few = averaged(problem, point, rows)
    monkeypatch.setattr(averaging, "DRAWS", 4096)
    many = averaged(problem, point, rows)
    spread = np.sqrt(many.variance + many.noise["sigma"] ** 2).mean()
    assert np.sqrt(np.mean((few.mean - many.mean) ** 2)) < 0.1 * spread
    assert few.variance.mean() == pytest.approx(many.variance.mean(), rel=0.25)
    assert few.log_evidence == pytest.approx(many.log_evidence, abs=0.7)


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_scores_in_closed_form_are_those_of_draws(kind):
    mean, nothing = np.array([0.8, 1.0, 1.4]), np.zeros(3)
    actual, noise = np.array([0.7, 1.2, 1.4]), {"sigma": 0.2, "nu_above_two": 2.5}
    own = {name: noise[name] for name in LIKELIHOODS[kind].parameters}
    frozen_noise = LIKELIHOODS[kind].frozen(mean, **{name: np.array(value) for name, value in own.items()})
    drawn = frozen_noise.rvs((100_000, 3), random_state=1)
    assert NOISES[kind].crps(actual, mean, nothing, own).mean() == pytest.approx(scoring.crps(actual, drawn), rel=0.01)


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_doubt_of_the_mean_widens_a_forecast(kind):
    mean, noise = np.array([1.0]), {"sigma": 0.1, "nu_above_two": 3.0}
    sure, unsure = (NOISES[kind].crps(np.array([1.0]), mean, np.array([v]), noise)[0] for v in (0.0, 0.04))
    assert unsure > 1.5 * sure


def test_outlying_rows_weigh_less_with_heavy_tails():
    kpi = np.ones(40)
    kpi[7] = 3.0
    fitted = Fitted(kpi, np.ones(40), np.zeros(40), 0.1, lambda tail: float(np.exp(tail)))
    weights = NOISES["student_t"].rows(fitted).weights
    assert weights[7] < 0.05 * np.delete(weights, 7).min()


def test_noise_on_the_log_scale_grows_with_the_level():
    level = np.linspace(0.5, 2.0, 40)
    rows = NOISES["lognormal"].rows(Fitted(level, level, np.zeros(40), 0.1, None))
    assert 1.0 / np.sqrt(rows.weights) == pytest.approx(level)


def test_a_channel_that_spent_nothing_stays_at_its_prior():
    panel, spec = Model().case()
    silent = panel.assign(spend=panel["spend"] * np.array([1.0, 0.0]))
    problem = make_problem(make_design(silent, spec), spec)
    point, _ = find_mode(problem)
    own = problem.parameters.places["half_saturation"].start + 1
    assert point.phi[own] == pytest.approx(0.0, abs=1e-6)
