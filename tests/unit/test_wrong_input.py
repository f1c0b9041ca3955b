"""Bad input: each kind ends in one clear line that names file, line or column and the cure; nothing is written."""

from pathlib import Path

import pytest

from mmm_builder.errors import InputError
from mmm_builder.profiling.profile import profile_file
from mmm_builder.settings import Columns
from scripts.data_analyzer import analyze_file

WRONG_INPUT = Path(__file__).parent / "wrong_input"


def profile_of(table, folder, **given):
    file = folder / "data.csv"
    table.to_csv(file, index=False)
    return profile_file(file, Columns(**given), 0.2, path_as_given="data.csv")


WRONG_FILES = {
    "wrong_empty.csv": "the file is empty; export the data again",
    "wrong_header_only.csv": "the file has a header but no data rows",
    "wrong_binary.csv": "this is a damaged workbook or zip archive",
    "wrong_zero_bytes.csv": "not readable as text (it holds zero bytes)",
    "wrong_one_column.csv": "only one column found; separate the columns",
    "wrong_no_header.csv": "line 1 holds numbers where column names belong; add a header line",
    "wrong_duplicate_header.csv": "line 1 has the column name 'tv_spend' twice (columns 3 and 4); rename or remove one",
    "wrong_long_line.csv": "line 3 has 5 fields, the header has 3; put fields that hold the separator in quotes",
    "wrong_open_quote.csv": "line 3 opens a quote that is not closed; close or remove it",
    "wrong_no_date.csv": "no column holds dates (columns: 'sales', 'tv_spend', 'radio_spend'); add one like 2024-01-31",
    "wrong_week_numbers.csv": "no date column: 'week' (line 2) holds '1', which is not a date",
    "wrong_date.csv": "column 'year' (line 5): '201x' is not a date like the others (1 such lines)",
    "wrong_date_missing.csv": "column 'year' (line 4): the date is missing",
    "wrong_conflict.csv": "lines 4 and 8 are both of 2012-01-01 and differ in column 'sales' ('130', '999'); keep one",
    "wrong_too_short.csv": "9 years from 2010-01-01 to 2018-01-01 are too short a history; give at least 10",
    "wrong_no_target.csv": "no column looks like the KPI among 'tv_spend', 'radio_spend'; name it with --target",
    "wrong_text_target.csv": "no numeric target: 'sales' holds text",
    "wrong_target_cell.csv": "column 'sales' (line 4): '13o' is not a number; write numbers with '.' as",
    "wrong_constant_target.csv": "the target 'sales' is constant in the training periods",
    "wrong_no_channel.csv": "no media channel found among 'sales', 'price'; name them with --channels",
    "wrong_negative_spend.csv": "column 'tv_spend' (line 6): spend is negative, '-5'; correct it, or take",
    "wrong_long_form.csv": "column 'spend' (line 7): '1o' is not a number; write numbers with '.' as",
    "wrong_weekday.csv": "(line 4): 2020-01-21 is a Tuesday, the other weeks start on a Monday",
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), WRONG_FILES.items())
def test_wrong_files_are_refused_with_one_clear_line(tmp_path, name, expected):
    with pytest.raises(InputError) as error:
        analyze_file(WRONG_INPUT / name, output=tmp_path / "profile.json")
    assert expected in str(error.value)
    assert str(error.value).startswith(str(WRONG_INPUT / name))
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_every_wrong_file_has_its_message():
    assert {path.name for path in WRONG_INPUT.iterdir()} == set(WRONG_FILES)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"target": "Revenue"}, "--target: there is no column 'Revenue' (did you mean 'revenue'?)"),
        ({"date": "datum"}, "--date: there is no column 'datum' (did you mean 'date'?)"),
        ({"channels": ("tv_spent",)}, "--channels: there is no column 'tv_spent' (did you mean 'tv_spend'?)"),
        ({"controls": ("promo",), "target": "promo"}, "column 'promo' is named by --target and by --controls"),
        ({"channels": ("date",)}, "column 'date' holds the dates or panel units, it can have no other role"),
        ({"date": "revenue"}, "no date column: 'revenue' (line 2) holds"),
        ({"target": "nothing"}, "the target 'nothing' is constant in the training periods"),
        ({"target": "words"}, "the target 'words' holds text, not numbers"),
        ({"channels": ("nothing",)}, "column 'nothing' holds no values at all, nothing to learn from"),
        ({"channels": ("silent",)}, "column 'silent' does not vary in the training periods, nothing to learn from"),
        ({"channels": ("words",)}, "column 'words' (line 2): 'word 0' is not a number"),
        ({"controls": ("nothing",)}, "column 'nothing' holds no values at all, so that it explains nothing"),
        ({"controls": ("late",)}, "column 'late' does not vary in the training periods, so that it explains nothing"),
        ({"channels": ("loss",)}, "column 'loss' (line 2): media is negative, '-1'"),
    ],
)
def test_wrong_overrides_are_refused(tmp_path, weekly_table, given, expected):
    weekly_table = weekly_table.assign(
        nothing="",
        silent=0,
        words=[f"word {i}" for i in range(120)],
        late=(weekly_table.index > 100).astype(int),
        loss=-1 - weekly_table.index,
    )
    with pytest.raises(InputError) as error:
        profile_of(weekly_table, tmp_path, **given)
    assert expected in str(error.value)


def test_an_empty_column_without_a_role_is_ignored_with_the_reason(tmp_path, weekly_table):
    profile, _ = profile_of(weekly_table.assign(gdp="", notes="#N/A"), tmp_path)
    assert {i.column: i.reason for i in profile.ignored} == {
        "gdp": "no values in the training periods",
        "notes": "no values in the training periods",
    }


EMPTY = {
    "radio_spend": ("name the channels with --channels", {"channels": ("tv_spend", "search_spend")}),
    "tiktok_impressions": ("name the channels with --channels", {"channels": ("tv_spend", "search_spend")}),
    "YouTube": ("name the channels with --channels", {"channels": ("tv_spend", "search_spend")}),
    "orders": ("name the KPI with --target", {"target": "revenue"}),
}
"""Names that say media or KPI, with the cure and the override that settles the matter."""


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("cell", ["", "#N/A"])
def test_an_empty_column_of_media_or_kpi_is_refused_unless_the_role_is_settled_by_hand(
    tmp_path, weekly_table, name, cell
):
    cure, given = EMPTY[name]
    table = weekly_table.assign(**{name: cell})
    with pytest.raises(InputError) as error:
        profile_of(table, tmp_path)
    assert str(error.value) == f"data.csv: column {name!r} holds no values at all; fill it in, remove it, or {cure}"
    profile, _ = profile_of(table, tmp_path, **given)
    assert {i.column: i.reason for i in profile.ignored} == {name: "no values in the training periods"}


@pytest.mark.parametrize("what", ["missing.csv", "."])
def test_a_path_that_is_no_file_is_refused(tmp_path, what):
    with pytest.raises(InputError, match=r"does not exist; check the path|this is a folder; give the CSV file"):
        analyze_file(tmp_path / what, output=tmp_path / "profile.json")


@pytest.mark.parametrize("test_size", [0.0, 0.9])
def test_a_wrong_test_size_is_refused(tmp_path, weekly_table, test_size):
    weekly_table.to_csv(tmp_path / "data.csv")
    with pytest.raises(InputError, match="test_size"):
        analyze_file(tmp_path / "data.csv", output=tmp_path / "profile.json", test_size=test_size)


def test_long_cells_are_cut_in_messages(tmp_path, weekly_table):
    weekly_table = weekly_table.astype({"date": object})
    weekly_table.loc[7, "date"] = "x" * 500
    with pytest.raises(InputError) as error:
        profile_of(weekly_table, tmp_path)
    assert "(line 9): 'xxx" in str(error.value)
    assert len(str(error.value)) < 250
