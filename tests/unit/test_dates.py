"""Dates as people write them, in any usual form and language: what is read, what is refused."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from mmm_builder.errors import InputError
from mmm_builder.provenance import SCRIPTS
from mmm_builder.reading.calendar_words import calendar_words
from mmm_builder.reading.dates import parse_dates

WEEKS = pd.date_range("2015-11-23", periods=60, freq="7D")
MONTHS = pd.date_range("2015-11-01", periods=30, freq="MS")
LANGUAGES = calendar_words()["languages"] + ["zh", "ja", "ko"]


def parsed(cells):
    return parse_dates(pd.Series(list(cells), index=range(2, len(cells) + 2)), "data.csv: column 'date'")


# --- days, months, quarters, weeks, by hand --------------------------------------------------------------------

WRITTEN = yaml.safe_load((Path(__file__).parent / "written_dates.yaml").read_text(encoding="utf-8"))
CELLS = [(cell, named) for named, text in WRITTEN.items() for cell in re.split(r"; |\n", text.strip())]


@pytest.mark.parametrize(("cell", "named"), CELLS)
def test_one_date_in_many_forms_and_languages(cell, named):
    found = parsed([cell])
    assert f"{found.dates.iloc[0]:%Y-%m-%d} {found.grain}" == named


MONTHS_OF_A_YEAR = """
    Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec
    January February March April May June July August September October November December
    янв фев мар апр май июн июл авг сен окт ноя дек
    Янв. Февр. Март Апр. Май Июнь Июль Авг. Сент. Окт. Нояб. Дек.
    января февраля марта апреля мая июня июля августа сентября октября ноября декабря
    январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
    січ лют бер кві тра чер лип сер вер жов лис гру
    січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень
    січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
    Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez
    Januar Februar März April Mai Juni Juli August September Oktober November Dezember
    Jän Feber Mrz Apr Mai Juni Juli Aug Sept Okt Nov Dez
    janv févr mars avr mai juin juil août sept oct nov déc
    janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
    ene feb mar abr may jun jul ago sep oct nov dic
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    jan fev mar abr mai jun jul ago set out nov dez
    janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
    gen feb mar apr mag giu lug ago set ott nov dic
    gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
    sty lut mar kwi maj cze lip sie wrz paź lis gru
    styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień
    stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia
    Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara
    Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık
    OCAK ŞUBAT MART NİSAN MAYIS HAZİRAN TEMMUZ AĞUSTOS EYLÜL EKİM KASIM ARALIK
    jan feb mrt apr mei jun jul aug sep okt nov dec
    januari februari maart april mei juni juli augustus september oktober november december
    januari februari mars april maj juni juli augusti september oktober november december
    januar februar marts april maj juni juli august september oktober november december
    jan feb mars apr mai juni juli aug sep okt nov des
    tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu
    tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu
    led úno bře dub kvě čvn čvc srp zář říj lis pro
    leden únor březen duben květen červen červenec srpen září říjen listopad prosinec
    ledna února března dubna května června července srpna září října listopadu prosince
    ian feb mar apr mai iun iul aug sep oct nov dec
    ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie
    jan feb már ápr máj jún júl aug szep okt nov dec
    január február március április május június július augusztus szeptember október november december
    Ιαν Φεβ Μαρ Απρ Μαϊ Ιουν Ιουλ Αυγ Σεπ Οκτ Νοε Δεκ
    Ιανουάριος Φεβρουάριος Μάρτιος Απρίλιος Μάιος Ιούνιος Ιούλιος Αύγουστος Σεπτέμβριος Οκτώβριος Νοέμβριος Δεκέμβριος
    一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月
    1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月
    1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월
""".strip().splitlines()


@pytest.mark.parametrize("names", MONTHS_OF_A_YEAR)
def test_months_as_people_write_them(names):
    for write in ("{} 2021", "{}. 2021", "2021 {}", "{}-21"):
        found = parsed([write.format(name) for name in names.split()])
        assert found.dates.dt.month.tolist() == list(range(1, 13)), write


# --- whole columns ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00Z", "%d.%m.%Y",
        "%d.%m.%y", "%d/%m/%Y", "%d-%m-%y", "%m/%d/%Y", "%m/%d/%y", "%d %b %Y", "%d-%b-%y", "%B %d, %Y", "%G-W%V",
        "%y-%m-%d", "%y/%m/%d", "%y. %m. %d.", "%d%m%Y", "%G%V", "%V/%G", "%G-W%V-%u",
    ],
)  # fmt: skip
def test_weeks_in_any_form_are_read_alike(write):
    assert list(parsed(WEEKS.strftime(write)).dates) == list(WEEKS)


@pytest.mark.parametrize(
    "write",
    ["%b %Y", "%B %Y", "%b-%y", "%Y-%m", "%Y年%m月", "%m/%Y", "%Y-%m-01", "%d/%m/%Y", "%m/%d/%Y", "%Y%m", "%m.%Y"],
)
def test_months_in_any_form_are_read_alike(write):
    assert list(parsed(MONTHS.strftime(write)).dates) == list(MONTHS)


DAY_PATTERNS = (
    "full",
    "long",
    "medium",
    "short",
    "d MMM yyyy",
    "MMM d, yyyy",
    "EEE d MMM yyyy",
    "dd-MMM-yy",
    "y MMM d",
)
MONTH_PATTERNS = ("MMMM yyyy", "LLLL yyyy", "MMM yy", "LLL-yyyy", "yyyy LLLL", "MMM.yyyy")


@pytest.mark.parametrize("change", [str, str.upper, str.lower])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_language_writes_is_read_back(language, change):
    for patterns, days, grain in ((DAY_PATTERNS, WEEKS, "day"), (MONTH_PATTERNS, MONTHS, "month")):
        for pattern in patterns:
            found = parsed([change(format_date(day, pattern, locale=language)) for day in days])
            assert (list(found.dates), found.grain) == (list(days), grain), pattern


@pytest.mark.parametrize(
    ("cells", "dates"),
    [
        (["44197", "44204"], ["2021-01-01", "2021-01-08"]),
        (["44197.0", "44204.0"], ["2021-01-01", "2021-01-08"]),
        (["1609459200", "1610064000"], ["2021-01-01", "2021-01-08"]),
        (["1609459200000", "1610064000000"], ["2021-01-01", "2021-01-08"]),
        (["2021", "2022"], ["2021-01-01", "2022-01-01"]),
        (["202101", "202113"], ["2021-01-04", "2021-03-29"]),
        (["202101", "202112"], ["2021-01-01", "2021-12-01"]),
    ],
)
def test_numbers_that_may_be_dates_are_told(cells, dates):
    found = parsed(cells)
    assert (list(found.dates), found.plain) == ([pd.Timestamp(d) for d in dates], True)


def test_a_week_that_begins_in_the_year_before():
    cells = ["Dec 21 - Dec 27, 2020", "Dec 28 - Jan 3, 2021", "Mar 29 - Apr 4, 2021"]
    assert [f"{d:%Y-%m-%d}" for d in parsed(cells).dates] == ["2020-12-21", "2020-12-28", "2021-03-29"]
    cells = ["21.12.-27.12.2020", "28.12.-03.01.2021"]
    assert [f"{d:%Y-%m-%d}" for d in parsed(cells).dates] == ["2020-12-21", "2020-12-28"]


@pytest.mark.parametrize(("year", "last"), [(2015, 53), (2016, 52), (2020, 53), (2021, 52), (2026, 53)])
def test_years_have_their_iso_weeks_and_no_more(year, last):
    weeks = range(1, 55)
    found = parsed([f"{year}-W{week:02d}" for week in weeks]).dates
    assert list(found[:last]) == [pd.Timestamp(date.fromisocalendar(year, week, 1)) for week in weeks[:last]]
    assert found[last:].isna().all()


def test_times_are_those_of_the_cell_whatever_the_zone():
    found = parsed(["2021-03-28T23:30:00+01:00", "2021-03-29 11:15 PM", "2021-03-30", "2021-03-31 00:15"]).dates
    assert [f"{d:%d %H:%M}" for d in found] == ["28 23:30", "29 23:15", "30 00:00", "31 00:15"]


@pytest.mark.parametrize(("yy", "year"), [("00", 2000), ("15", 2015), ("68", 2068), ("69", 1969), ("99", 1999)])
def test_years_of_two_digits(yy, year):
    assert parsed([f"5 Mar {yy}"]).dates.iloc[0].year == year


# --- the order of day and month --------------------------------------------------------------------------------

FIRST_MONDAYS = pd.date_range("2020-01-01", periods=36, freq="WOM-1MON")
QUARTERS = pd.date_range("2015-01-01", periods=20, freq="QS")


@pytest.mark.parametrize("days", [MONTHS, FIRST_MONDAYS, QUARTERS, MONTHS + pd.Timedelta(days=9)])
@pytest.mark.parametrize("write", ["%d/%m/%Y", "%m/%d/%Y", "%m-%d-%y", "%d-%m-%y"])
def test_even_steps_tell_day_and_month_apart(days, write):
    found = parsed(days.strftime(write))
    assert list(found.dates) == list(days)
    assert ("day first" if write.startswith("%d") else "month first") in found.told


@pytest.mark.parametrize("write", ["%y-%m-%d", "%d.%m.%y", "%m/%d/%y"])
def test_days_of_years_of_two_digits(write):
    days = pd.date_range("2018-10-18", periods=388)
    assert list(parsed(days.strftime(write)).dates) == list(days)


def test_order_does_not_matter_to_one_date_a_year():
    assert parsed([f"01/02/{year}" for year in range(2000, 2012)]).dates.dt.year.tolist() == list(range(2000, 2012))


def test_points_say_day_first():
    assert list(parsed([f"01.{k:02d}.2020" for k in range(1, 13)]).dates.dt.month) == list(range(1, 13))


def test_open_order_of_day_and_month_is_refused():
    with pytest.raises(
        InputError, match=r"'date' \(line 2\): day and month of '01/01/2020' .* can't be told apart; write"
    ):
        parsed([f"01/{k:02d}/2020" for k in range(1, 13)])


@pytest.mark.parametrize(
    "cells", [["13/02/2020", "20/02/2020", "02/27/2020"], ["01/02/2020", "02/27/2020", "27/02/2020", "13/02/2020"]]
)
def test_both_orders_in_one_column_are_refused_with_lines(cells):
    with pytest.raises(
        InputError, match=r"lines \d and \d hold dates in different orders .*write all dates as YYYY-MM-DD"
    ):
        parsed(cells)


def test_a_cell_that_is_no_date_is_left_out():
    cells = [*WEEKS.strftime("%d/%m/%Y"), "32/01/2020", "n/a", ""]
    found = parsed(cells)
    assert list(found.dates[:60]) == list(WEEKS)
    assert found.dates[60:].isna().all()
    assert found.share == pytest.approx(60 / 62)


# --- what is no date -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2", "3"], ["1.5", "2.5"], ["tv", "radio"], ["", ""], [], ["Channel 12", "Channel 13"], ["FY2020 Q1"],
        ["H1 2020", "H2 2020"], ["12,345.67"], ["-2015"], ["$2015"], ["2015 €"], ["10:00", "11:00"], ["1799-12-31"],
        ["2201-01-01"], ["18-24", "25-34"], ["2021-13-01"], ["2021-02-30"], ["W54 2015"], ["1 234", "5 678"],
        ["15 Nov"], ["Q5 2020"], ["0.1543", "0.2071"], ["001", "002"], ["Geo10", "Geo11"], ["iPhone 12"], ["99999"],
    ],
)  # fmt: skip
def test_what_is_no_date(cells):
    assert parsed(cells) is None


def test_words_of_other_languages_are_loaded_only_for_dates_with_words():
    code = (
        "import sys, pandas as pd; from mmm_builder.reading.dates import parse_dates;"
        "[parse_dates(pd.Series(c, dtype=str), 'x') for c in"
        " (['2021-01-04'], ['4 Jan 2021'], ['2021年1月4日'], ['tv spend'], ['na'], ['12.5 €'])];"
        "print('babel' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


PIECES = """jan mar mai W KW Q1 неделя кв. г. 年 月 日 周 第 四半期 十一 2 04 12 31 2021 21 1999 - / . : T Z bis IV İ
 ( ) , 10:00 9999999999 1609459200 9223372036854775808 44197 ² ٣ ½ \u0301 '"""


@given(st.lists(st.lists(st.sampled_from([*PIECES.split(), " "]), max_size=7).map("".join), min_size=1, max_size=4))
def test_anything_is_a_date_or_none_or_one_clear_error(cells):
    try:
        found = parsed(cells)
    except InputError as error:
        found, message = None, str(error)
        assert message.startswith("data.csv: column 'date'")
    if found is not None:
        assert found.dates.dropna().dt.year.between(1800, 2199).all()
        assert len(found.dates) == len(cells)
