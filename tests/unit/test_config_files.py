"""`config_iter_N.yaml`: written whole and commented, read back, edited by hand, refused with a clear line."""

from pathlib import Path

import pytest
import yaml
from model_cases import MODELS, Model
from trainings import profile_of, sampler, small_client, spec_of

import config_generator
import model_trainer
from mmm_builder.config_files import COMMENTS, fingerprint, read_spec, read_yaml, write_spec
from mmm_builder.distributions import HalfNormal
from mmm_builder.errors import InputError
from mmm_builder.modelling.priors import mean
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.modelling.transforms import ADSTOCKS, SATURATIONS
from mmm_builder.policy.changes import apply_changes
from mmm_builder.simulation.simulator import simulate_client
from mmm_builder.spec import Change, ModelSpec

WRONG = Path(__file__).parent / "wrong_config"

MESSAGES = {
    "wrong_key": r"unknown key 'channels.0.adstok' \(did you mean 'adstock'\?\)",
    "wrong_top_key": r"unknown key 'seasonalty' \(did you mean 'seasonality'\?\); key 'seasonality' is missing|"
    r"key 'seasonality' is missing; unknown key 'seasonalty' \(did you mean 'seasonality'\?\)",
    "wrong_sampler": r"'sampler.chains': input should be greater than or equal to 2, got 1; 'sampler.target_accept': "
    r"input should be less than 1, got 1.5",
    "wrong_model_type": r"'model_type': 'v4' is not known.*; known: v3, v3_proper, simple, v1, v2$",
    "wrong_prior": r"'channels.0.coefficient.sigma': input should be greater than 0, got -0.3$",
    "wrong_prior_family": r"'channels.0.coefficient.dist': 'Cauchy' is not known \(did you mean 'HalfCauchy'\?\)",
    "wrong_alpha_prior": r"'channels.0.adstock.alpha.dist': 'HalfNormal' is not known; known: Beta",
    "wrong_number": r"'seasonality.order': .*valid integer.*'two'",
    "wrong_nan": r"'trend.slope.sigma': input should be .*",
    "wrong_no_channel": r"'channels': tuple should have at least 1 item.*",
    "wrong_syntax": r"not readable as YAML \(.*line 3.*\)",
    "wrong_empty": r"input should be an object",
}
"""What is said about each file in `wrong_config`; each is a whole configuration with one mistake."""


@pytest.fixture
def spec(model: Model) -> ModelSpec:
    """Return a model's spec with everything else that a configuration may hold."""
    pulse = {"date": "2021-05-03", "coefficient": {"dist": "Normal", "mu": 0.0, "sigma": 1.0}}
    told = Change(key="likelihood.nu", old=None, new=pulse["coefficient"], reason="so: that # it", predicted_effect="é")
    gone = Change(key="controls[holiday]", old={"column": "holiday"}, new=None, reason="weak", predicted_effect="")
    pulses = Change(key="pulses[2021-05-03]", old=None, new=pulse, reason="", predicted_effect="")
    shifts = Change(key="level_shifts[2021-06-07]", old=None, new=pulse | {"date": "2021-06-07"}, reason="",
                    predicted_effect="")  # fmt: skip
    return apply_changes(model.case()[1], [pulses, shifts], 2).model_copy(update={"changes": (told, gone)})


@pytest.mark.parametrize("model", MODELS, ids=str)
class TestEverySpec:
    def test_what_is_written_is_read(self, spec, tmp_path):
        write_spec(tmp_path / "config.yaml", spec)
        assert read_spec(tmp_path / "config.yaml") == spec
        assert fingerprint(read_spec(tmp_path / "config.yaml")) == fingerprint(spec)

    def test_is_complete_and_commented(self, spec, tmp_path):
        write_spec(tmp_path / "config.yaml", spec)
        text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
        written = yaml.safe_load(text)
        assert set(written) == set(spec.model_dump(exclude_none=True))
        for key in COMMENTS.keys() & written.keys():
            assert f"# {COMMENTS[key]}\n{key}:" in text
        for channel in written["channels"]:
            assert channel.get("coefficient", channel.get("roas"))["dist"]
            assert ("adstock" in channel) == bool(ADSTOCKS[spec.adstock].parameters)
            assert ("saturation" in channel) == bool(SATURATIONS[spec.saturation].parameters)


def test_hand_edits_and_comments_are_taken(tmp_path):
    path = tmp_path / "config.yaml"
    write_spec(path, small_client()[1])
    text = path.read_text(encoding="utf-8")
    text = text.replace("  order: 2\n", "  order: 3   # sharper\n# a note\n").replace("sigma: 0.7", "sigma: 1")
    path.write_text(text + "\n", encoding="utf-8")
    spec = read_spec(path)
    assert spec.seasonality.order == 3
    assert spec.channels[0].saturation.half_saturation.sigma == 1.0


@pytest.mark.parametrize("column", ["TV, руб. [RUB]", "yes", "2021", "a: b # c", "- x", '"'])
def test_column_names_survive_yaml(column, tmp_path):
    spec = small_client()[1]
    spec = spec.model_copy(update={"channels": (spec.channels[0].model_copy(update={"column": column}),)})
    write_spec(tmp_path / "config.yaml", spec)
    assert read_spec(tmp_path / "config.yaml") == spec


class TestWrongFiles:
    def test_every_file_has_its_message(self):
        assert {p.stem for p in WRONG.glob("*.yaml")} == set(MESSAGES)

    @pytest.mark.parametrize("name", MESSAGES)
    def test_is_refused_with_file_key_and_cure(self, name):
        path = WRONG / f"{name}.yaml"
        with pytest.raises(InputError, match=MESSAGES[name]) as caught:
            read_spec(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)

    def test_missing_file(self, tmp_path):
        with pytest.raises(InputError, match=r"none\.yaml: the file does not exist"):
            read_yaml(tmp_path / "none.yaml")

    @pytest.mark.parametrize(("kind", "section"), [("channel", "channels"), ("control", "controls")])
    def test_column_that_is_not_in_the_data(self, kind, section):
        """Only data can tell: the trainer does, before it samples."""
        panel, spec, _ = small_client()
        entries = getattr(spec, section)
        typo = entries[0].model_copy(update={"column": "TV2"})
        with pytest.raises(InputError, match=rf"iteration 1: the data have no {kind} column 'TV2'; known: "):
            model_trainer.train(panel, spec.model_copy(update={section: (typo, *entries[1:])}))


class TestGenerator:
    def first(self, model_type="v3", **options):
        table, truth = simulate_client(1, **({"n_periods": 104, "n_channels": 4} | options))
        return spec_of(table, truth, model_type), truth

    @pytest.mark.parametrize("model_type", RECIPES)
    def test_first_model_is_modest_and_complete(self, model_type):
        spec, truth = self.first(model_type)
        assert [c.column for c in spec.channels] == [c.column for c in truth.channels]
        assert [c.column for c in spec.controls] == [c.column for c in truth.controls]
        assert (spec.iteration, spec.seasonality.order, spec.likelihood.kind) == (1, 2, "normal")
        at_typical_spend = SATURATIONS[RECIPES[model_type].saturation].at_typical_spend
        expected = at_typical_spend * sum(mean(c.coefficient) for c in spec.channels)
        assert expected == pytest.approx(mean(HalfNormal(sigma=0.3)), abs=1e-3)

    def test_no_season_without_a_whole_year(self):
        table, truth = simulate_client(1, n_periods=100, n_channels=2, frequency="daily")
        assert spec_of(table, truth).seasonality.order == 0

    def test_priors_of_retention_follow_the_cadence(self):
        means = [self.first(frequency=f, n_periods=n)[0].channels[0].adstock.alpha for f, n in
                 (("daily", 400), ("weekly", 104), ("monthly", 40))]  # fmt: skip
        assert [m.alpha / (m.alpha + m.beta) for m in means] == sorted(
            (m.alpha / (m.alpha + m.beta) for m in means), reverse=True
        )

    def test_unknown_model_type_names_the_nearest(self):
        table, truth = simulate_client(1, n_periods=104, n_channels=2)
        with pytest.raises(InputError, match=r"model_type: 'simpel' is not known \(did you mean 'simple'\?\)"):
            config_generator.first_spec(
                profile_of(table, truth), model_type="simpel", prior_preset="default", sampler=sampler()
            )

    def test_sampler_out_of_range_is_refused(self, tmp_path):
        table, truth = simulate_client(1, n_periods=104, n_channels=2)
        (tmp_path / "profile.json").write_text(profile_of(table, truth).to_json(), encoding="utf-8")
        with pytest.raises(InputError, match=r"sampler: 'chains': input should be greater than or equal to 2, got 1"):
            config_generator.generate_config(config=tmp_path / "c.yaml", profile=tmp_path / "profile.json", chains=1)
        assert not (tmp_path / "c.yaml").exists()

    def test_neither_profile_nor_previous(self, tmp_path):
        with pytest.raises(InputError, match="give --profile for the first iteration, or --previous and --decision"):
            config_generator.generate_config(config=tmp_path / "c.yaml")
