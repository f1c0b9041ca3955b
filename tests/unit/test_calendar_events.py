"""Holidays and given events: named days of the data's calendar that the training rows hold."""

import datetime as dt

import pytest

from mmm_builder.errors import InputError
from mmm_builder.event_files import with_listed_events
from mmm_builder.model_parts import ModelParts
from mmm_builder.modelling.calendar_events import ROWS_PER_HOLIDAY, merged, model_events, public_holidays
from profiles import data_profile

WEEKLY = data_profile()
DAILY = data_profile(
    frequency="daily", start="2022-01-01", end="2023-12-31", n_periods=730, n_train=584, train_end="2023-08-07"
)
MONTHLY = data_profile(
    frequency="monthly", start="2021-01-01", end="2023-12-01", n_periods=36, n_train=28, train_end="2023-04-01"
)
COUNTRIES = ("US", "GB", "DE", "CN", "JP", "KR", "IN", "SA", "BR", "RU", "CO", "LK")


def event(*days: str) -> tuple[dt.date, ...]:
    return tuple(dt.date.fromisoformat(day) for day in days)


class TestHolidays:
    @pytest.mark.parametrize("country", COUNTRIES)
    @pytest.mark.parametrize("profile", [WEEKLY, DAILY, MONTHLY], ids=lambda p: p.frequency)
    def test_of_any_country_are_few_english_and_within_the_calendar(self, country, profile):
        found = model_events(profile, {}, country)
        assert 0 < len(found) <= max(profile.n_train // ROWS_PER_HOLIDAY, 1)
        start, end = dt.date.fromisoformat(profile.start), dt.date.fromisoformat(profile.end) + dt.timedelta(days=31)
        for name, days in found.items():
            assert name.isascii() or country in ("BR", "CO", "TR")
            assert list(days) == sorted(set(days))
            assert all(start <= day < end for day in days)
            assert any(day < dt.date.fromisoformat(profile.train_end) + dt.timedelta(days=31) for day in days)

    def test_those_of_held_out_periods_are_known(self):
        christmas = model_events(DAILY, {}, "US")["Christmas Day"]
        assert dt.date(2023, 12, 25) in christmas

    def test_a_day_off_in_place_of_a_holiday_is_no_holiday_of_its_own(self):
        found = public_holidays("US", range(2020, 2023))
        assert found["Independence Day"] == event("2020-07-04", "2021-07-04", "2022-07-04")
        assert not [name for name in found if "observed" in name]

    def test_where_the_holiday_is_always_moved_it_is_where_it_was_moved_to(self):
        moved = public_holidays("CO", [2022])["Saint Joseph's Day"]
        assert moved == event("2022-03-21")

    def test_those_that_rows_hardly_tell_apart_are_one(self):
        assert "Christmas Day, Boxing Day" in model_events(WEEKLY, {}, "GB")
        assert {"Christmas Day", "Boxing Day"} <= set(model_events(DAILY, {}, "GB"))

    def test_part_of_a_country(self):
        assert set(public_holidays("DE-BY", [2023])) - set(public_holidays("DE", [2023]))

    def test_a_given_event_of_the_name_goes_before_it(self):
        found = model_events(DAILY, {"Christmas Day": ["2022-12-24"]}, "US")
        assert found["Christmas Day"] == event("2022-12-24")


class TestMerging:
    def test_nothing_is_lost(self):
        events = {f"holiday {k}": event(f"2022-{k:02d}-15", f"2023-{k:02d}-15") for k in range(1, 13)}
        few = merged(events, data_profile(n_train=20))
        assert len(few) == 20 // ROWS_PER_HOLIDAY
        assert sorted(day for days in few.values() for day in days) == sorted(
            d for days in events.values() for d in days
        )
        assert all(name in " ".join(few) for name in events)

    def test_the_nearest_go_together(self):
        events = {"a": event("2022-03-01"), "b": event("2022-03-05"), "c": event("2022-09-01")}
        assert set(merged(events, data_profile(n_train=10))) == {"a, b", "c"}


class TestGiven:
    def test_events_that_no_training_period_holds_are_left_out(self):
        given = {"launch": ["2023-10-02"], "sale": ["2022-06-01", "2023-10-02"], "long ago": ["2001-01-01"]}
        assert model_events(WEEKLY, given, None) == {"sale": event("2022-06-01", "2023-10-02")}

    def test_the_last_training_period_counts_to_its_end(self):
        last = WEEKLY.train_end  # a Monday
        inside, outside = (dt.date.fromisoformat(last) + dt.timedelta(days=k) for k in (6, 7))
        given = {"in": [inside.isoformat()], "out": [outside.isoformat()]}
        assert list(model_events(WEEKLY, given, None)) == ["in"]

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_a_csv_file_says_the_same_as_a_list(self, tmp_path, separator):
        rows = [("name", "date"), ("Sale", "2022-06-01"), ("Launch", "2022-09-01"), ("Sale", "2023-06-01")]
        path = tmp_path / "events.csv"
        path.write_text("\ufeff" + "\n".join(separator.join(row) for row in rows), encoding="utf-8")
        listed = [{"name": "Sale", "dates": ["2022-06-01", "2023-06-01"]}, {"name": "Launch", "dates": ["2022-09-01"]}]
        assert with_listed_events(ModelParts(events=str(path))) == ModelParts.parse({"events": listed}, "model")

    @pytest.mark.parametrize(("text", "message"), [
        ("name,date\nSale,\n", r"events.csv \(line 2\): no date; give columns name and date"),
        ("event,day\nSale,2022-06-01\n", r"events.csv \(line 2\): no name"),
        ("name,date\nSale,1.6.2022\n", "a date is written 2024-12-24, got '1.6.2022'"),
    ])  # fmt: skip
    def test_a_wrong_csv_file_is_one_line(self, tmp_path, text, message):
        (tmp_path / "events.csv").write_text(text)
        with pytest.raises(InputError, match=message):
            with_listed_events(ModelParts(events=str(tmp_path / "events.csv")))
