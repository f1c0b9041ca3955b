"""Lift tests: the file and what is wrong with it, what the model takes them for, and what comes of them."""

import logging

import numpy as np
import pytest
import xarray as xr
from trainings import Compiled, small_client, small_panel

from config_generator import generate_config
from mmm_builder.config_files import read_spec
from mmm_builder.errors import InputError
from mmm_builder.lift_tests import COLUMNS, read_lift_tests, usable_tests
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.prediction import channel_contributions
from mmm_builder.modelling.transforms import geometric_adstock
from mmm_builder.running.engine import with_absolute_paths
from mmm_builder.spec import LiftTest
from profiles import channel, data_profile

HEADER = ",".join(COLUMNS)
PROFILE = data_profile(channels=(channel("tv"), channel("search")))
"""Weeks from 2022-01-03 to 2023-12-25; the last training week starts on 2023-07-31."""

GOOD = "tv,2022-02-07,2022-03-06,1000,500,100"


def usable(folder, *lines, header=HEADER, profile=PROFILE):
    path = folder / "tests.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return usable_tests(path, read_lift_tests(path), profile)


class TestTheFile:
    def test_what_stands_in_it_is_read(self, tmp_path):
        tests, notes = usable(tmp_path, GOOD, "", "search,2022-02-07,2022-03-06,-20.5,-3.25,1")
        assert tests == (
            LiftTest(channel="tv", start="2022-02-07", end="2022-03-06", spend_change=1000, lift=500,
                     standard_error=100),
            LiftTest(channel="search", start="2022-02-07", end="2022-03-06", spend_change=-20.5, lift=-3.25,
                     standard_error=1),
        )  # fmt: skip
        assert notes == ()

    def test_semicolons_decimal_commas_other_columns_and_orders(self, tmp_path):
        header = "name;lift;channel;start;end;standard_error;spend_change"
        (found,), _ = usable(tmp_path, "spring;1,5;tv;2022-02-07;2022-03-06;0,5;10", header=header)
        assert (found.lift, found.standard_error, found.spend_change) == (1.5, 0.5, 10.0)

    @pytest.mark.parametrize(("line", "message"), [
        ("tw,2022-02-07,2022-03-06,1,1,1", "there is no channel 'tw'"),
        ("serch,2022-02-07,2022-03-06,1,1,1", r"no channel 'serch' \(did you mean 'search'\?\)"),
        ("tv,07.02.2022,2022-03-06,1,1,1", "'start': a date is written 2024-12-24, got '07.02.2022'"),
        ("tv,2022-04-07,2022-03-06,1,1,1", "start 2022-04-07 is after end 2022-03-06"),
        ("tv,2022-02-07,2022-03-06,0,1,1", "spend_change is 0"),
        ("tv,2022-02-07,2022-03-06,1k,1,1", "spend_change '1k' is not a number"),
        ("tv,2022-02-07,2022-03-06,1,1", "standard_error '' is not a number"),
        ("tv,2022-02-07,2022-03-06,1,1,-1", "'standard_error': input should be greater than 0, got -1"),
        ("tv,2020-02-07,2020-03-06,1,1,1", "is not in the data, which run from 2022-01-03 to 2023-12-25"),
        ("tv,2024-02-07,2024-03-06,1,1,1", "is not in the data"),
    ])  # fmt: skip
    def test_what_is_wrong_is_told_with_file_and_line(self, tmp_path, line, message):
        with pytest.raises(InputError, match=message) as caught:
            usable(tmp_path, GOOD, line)
        assert "tests.csv, line 3: " in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_test_twice_is_told(self, tmp_path):
        with pytest.raises(InputError, match="line 3: the same test as in line 2"):
            usable(tmp_path, GOOD, GOOD)

    def test_a_missing_column_is_named(self, tmp_path):
        with pytest.raises(InputError, match=r"line 1: there is no column 'channel' \(is it 'chanel'\?\)"):
            usable(tmp_path, header=HEADER.replace("channel", "chanel"))

    def test_no_file(self, tmp_path):
        with pytest.raises(InputError, match=r"lift_tests: .*none\.csv does not exist"):
            read_lift_tests(tmp_path / "none.csv")

    @pytest.mark.parametrize(("end", "kept"), [("2023-08-06", True), ("2023-08-07", False), ("2024-02-01", False)])
    def test_what_reaches_into_the_held_out_periods_is_left_out_and_told(self, tmp_path, caplog, end, kept):
        """The last training week ends on 2023-08-06."""
        tests, notes = usable(tmp_path, f"tv,2023-07-03,{end},1,1,1")
        assert (len(tests) == 1, len(notes) == 0, not caplog.messages) == (kept, kept, kept)
        assert all("held-out periods, which start on 2023-08-07" in note for note in notes)

    @pytest.mark.parametrize(("start", "end", "whole"), [
        ("2022-02-07", "2022-02-20", True), ("2022-02-07", "2022-02-14", True),
        ("2022-02-08", "2022-02-20", False), ("2022-02-07", "2022-02-19", False), ("2022-02-09", "2022-02-15", False),
    ])  # fmt: skip
    def test_parts_of_weeks_are_told_with_the_whole_ones(self, tmp_path, start, end, whole):
        if whole:
            assert len(usable(tmp_path, f"tv,{start},{end},1,1,1")[0]) == 1
            return
        with pytest.raises(InputError, match=r"line 2: .* within a period .* \(2022-02-07 to 2022-02-20, or") as caught:
            usable(tmp_path, f"tv,{start},{end},1,1,1")
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(("dates", "start", "end", "whole"), [
        (("2021-01-01", "2023-04-01", "2023-12-01"), "2022-02-01", "2022-03-31", True),
        (("2021-01-01", "2023-04-01", "2023-12-01"), "2022-02-01", "2022-03-28", False),
        (("2021-01-31", "2023-04-30", "2023-12-31"), "2022-02-01", "2022-03-31", True),
        (("2021-01-31", "2023-04-30", "2023-12-31"), "2021-01-01", "2021-01-31", True),
        (("2021-01-31", "2023-04-30", "2023-12-31"), "2022-02-28", "2022-03-31", True),
        (("2021-01-31", "2023-04-30", "2023-12-31"), "2022-02-15", "2022-03-31", False),
    ])  # fmt: skip
    def test_months_are_whole_whichever_day_their_rows_are_dated_by(self, tmp_path, dates, start, end, whole):
        months = dict(zip(("start", "train_end", "end"), dates, strict=True))
        profile = data_profile(frequency="monthly", n_periods=36, n_train=28, **months)
        if whole:
            assert len(usable(tmp_path, f"tv,{start},{end},1,1,1", profile=profile)[0]) == 1
            return
        with pytest.raises(InputError, match=r"\(2022-02-01 to 2022-03-31, or the dates of their rows\)"):
            usable(tmp_path, f"tv,{start},{end},1,1,1", profile=profile)

    def test_a_lift_of_the_wrong_sign_is_told(self, tmp_path, caplog):
        with caplog.at_level(logging.WARNING):
            tests, _ = usable(tmp_path, "tv,2022-02-07,2022-03-06,-1000,500,100")
        assert len(tests) == 1
        assert "what the KPI lost" in caplog.text


def test_the_first_configuration_holds_the_tests_and_says_which_are_left_out(tmp_path):
    (tmp_path / "profile.json").write_text(PROFILE.to_json(), encoding="utf-8")
    (tmp_path / "tests.csv").write_text(f"{HEADER}\n{GOOD}\ntv,2023-11-06,2023-12-03,1,1,1\n", encoding="utf-8")
    config = tmp_path / "config_iter_1.yaml"
    generate_config(config=config, profile=tmp_path / "profile.json", lift_tests=tmp_path / "tests.csv")
    assert [t.start for t in read_spec(config).lift_tests] == ["2022-02-07"]
    assert "# - lift test of tv, 2023-11-06 to 2023-12-03, left out" in config.read_text(encoding="utf-8")


def test_the_engine_takes_the_file_from_where_it_was_started(tmp_path):
    assert with_absolute_paths({"lift_tests": "tests.csv"}, tmp_path) == {"lift_tests": str(tmp_path / "tests.csv")}


# --- what the model takes it for -------------------------------------------------------------------------------------

WINDOW = slice(30, 34)


def with_test(panel, spec, change: float, **told):
    """Return the spec with one test of its first channel, over four weeks."""
    dates = panel["date"].values.astype("datetime64[D]")
    test = {"channel": spec.channels[0].column, "start": str(dates[WINDOW][0]), "end": str(dates[WINDOW][-1]),
            "spend_change": change, "lift": 1.0, "standard_error": 1.0}  # fmt: skip
    return spec.model_copy(update={"lift_tests": (LiftTest(**(test | told)),)})


def scaled(panel: xr.Dataset, factor: float) -> xr.Dataset:
    """Return the panel with the first channel's spend in the window multiplied."""
    spend = panel["spend"].copy()
    spend[{"date": WINDOW, "channel": 0}] *= factor
    return panel.assign(spend=spend)


def with_exposures(panel, spec, per_unit: float):
    first = spec.channels[0]
    seen = (per_unit * panel["spend"].sel(channel=[first.column])).rename(channel="exposure")
    channels = (first.model_copy(update={"exposure_column": "seen"}), *spec.channels[1:])
    return panel.assign(exposures=seen.assign_coords(exposure=["seen"])), spec.model_copy(update={"channels": channels})


class TestWithoutTheChange:
    @pytest.mark.parametrize("share", [0.5, -0.5, 1.0])
    def test_the_change_is_taken_back_in_proportion(self, share):
        panel, spec, _ = small_client()
        spent = float(panel["spend"][WINDOW, 0].sum())
        design = make_design(panel, with_test(panel, spec, share * spent))
        expected = scaled(panel, 1.0 - share)["spend"][:, 0].values
        np.testing.assert_allclose(design.experiments.changed[0, 0], expected)

    @pytest.mark.parametrize("per_unit", [1.0, 40.0])
    def test_of_a_channel_that_went_dark_the_money_held_back_is_put_back(self, per_unit):
        panel, spec, _ = small_client()
        panel, spec = with_exposures(scaled(panel, 0.0), spec, per_unit)
        design = make_design(panel, with_test(panel, spec, -8_000.0))
        changed, inputs = design.experiments.changed[0, 0], design.inputs[0, 0]
        np.testing.assert_allclose(changed[WINDOW], per_unit * 2_000.0)
        np.testing.assert_array_equal(np.delete(changed, np.r_[WINDOW]), np.delete(inputs, np.r_[WINDOW]))

    def test_units_of_a_panel_get_back_what_they_usually_spend(self):
        panel, spec, _ = small_panel(n_units=3)
        panel = panel.assign(spend=panel["spend"] * np.array([1.0, 2.0, 5.0])[:, None, None])
        panel = panel.assign(spend=panel["spend"].where(~panel["date"].isin(panel["date"][WINDOW]), 0.0))
        design = make_design(panel, with_test(panel, spec, -8_000.0))
        back = design.experiments.changed[0][:, WINDOW].sum(axis=1)
        shown = design.is_training
        assert back.sum() == pytest.approx(8_000.0)
        np.testing.assert_allclose(
            back / back.sum(), design.spend[:, 0, shown].sum(axis=1) / design.spend[:, 0, shown].sum()
        )

    def test_more_than_was_spent_is_refused(self):
        panel, spec, _ = small_client()
        with pytest.raises(InputError, match="is more than the"):
            make_design(panel, with_test(panel, spec, 1e9))

    def test_dark_without_any_spend_elsewhere_is_refused(self):
        panel, spec, _ = small_client()
        silent = panel.assign(spend=panel["spend"] * [0.0, 1.0])
        with pytest.raises(InputError, match="no spend in any other training period"):
            make_design(silent, with_test(silent, spec, -100.0))

    def test_held_out_periods_are_refused(self):
        panel, spec, _ = small_client()
        with pytest.raises(InputError, match="holds no period, or a held-out one"):
            make_design(panel, with_test(panel, spec, 1.0, end=str(panel["date"].values[-1])[:10]))


# --- what comes of it ------------------------------------------------------------------------------------------------

ROAS = np.array([1.0, 4.0])


def collinear_client(dark: bool) -> tuple[xr.Dataset, np.ndarray, float, float]:
    """Return a client whose two channels are bought together, apart from a test of the first in four weeks.

    Returns the panel; true returns (channel,) over the training rows; the test's change of spend and its true lift.
    """
    panel, _, _ = small_client(n_periods=130, controls=())
    rng, shown = np.random.default_rng(3), panel["is_training"].values
    spend = panel["spend"].values.copy()
    spend[:, 1] = spend[:, 0] * np.exp(0.05 * rng.normal(size=len(spend)))
    untouched = spend.copy()
    spend[WINDOW, 0] *= 0.0 if dark else 2.0

    def saturated(of):
        carried = np.stack([geometric_adstock(series, 0.4) for series in of.T], axis=1)
        return carried / (np.median(untouched, axis=0) / 0.6 + carried)

    coefficient = ROAS * spend[shown].sum(axis=0) / saturated(spend)[shown].sum(axis=0)
    media = saturated(spend) * coefficient
    kpi = 3.0 * media.sum(axis=1).mean() + media.sum(axis=1)
    kpi += 0.6 * kpi.std() * rng.normal(size=len(kpi))
    lift = ((saturated(spend) - saturated(untouched)) * coefficient)[WINDOW, 0].sum()
    seen = panel.assign(spend=(("date", "channel"), spend), kpi=(("date",), np.where(shown, kpi, np.nan)))
    return seen, ROAS, float((spend - untouched)[WINDOW, 0].sum()), float(lift)


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_a_lift_test_moves_its_channel_to_the_truth_and_narrows_it(dark):
    panel, truth, change, lift = collinear_client(dark)
    spec = small_client(controls=())[1]
    tests = with_test(panel, spec, change, lift=lift, standard_error=0.1 * abs(lift))
    found = {}
    for name, of in (("without", spec), ("with", tests)):
        design = make_design(panel, of)
        draws = Compiled(design, of).draws(design, of, seed=1)
        shown, spend = design.is_training, design.spend[0, :, design.is_training].sum(axis=0)
        parts = [part[..., shown].sum(axis=-1) for _, part in channel_contributions(design, of, draws)]
        found[name] = np.concatenate(parts)[:, 0] / spend[0]
    off = {name: abs(np.median(draws) - truth[0]) for name, draws in found.items()}
    width = {name: np.ptp(np.quantile(draws, [0.1, 0.9])) for name, draws in found.items()}
    assert off["with"] < 0.7 * off["without"]
    assert width["with"] < 0.8 * width["without"]
    lower, upper = np.quantile(found["with"], [0.1, 0.9])
    assert lower < truth[0] < upper
