"""Text to numbers: any usual way to write one, the decimal mark by evidence of the training rows, signs for nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmm_builder.reading import number_cells
from mmm_builder.reading.numerals import decimal_mark, is_nothing, nothing_mask, read_numbers, to_numbers


def read(separator=";", decimal=None, training=None, **columns):
    cells = pd.DataFrame(columns, dtype="str")
    training = np.ones(len(cells), dtype=bool) if training is None else np.array(training)
    return read_numbers(cells, training, separator, decimal)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,234.5", "12", "0.25"], [1234.5, 12, 0.25]),
        (["1.234,5", "12", "0,25"], [1234.5, 12, 0.25]),
        (["1 234,5", "1\u202f234\u00a0567,8"], [1234.5, 1234567.8]),
        (["1'234.50", "1’000"], [1234.5, 1000]),
        (["12,34,567.5", "1,00,000"], [1234567.5, 100000]),
        (["2.754.371,67 €", "€ 12,5", "(4,5)", "-3,5", "−2,5"], [2754371.67, 12.5, -4.5, -3.5, -2.5]),
        (["7.3%", "$1.5", "10 USD", "руб. 5.5", "1.5e3"], [7.3, 1.5, 10, 5.5, 1500]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        ([".5", "5."], [0.5, 5]),
        (["1.234,50-", "5,- €", "12,–", "+3,5", "–7"], [-1234.5, 5, 12, 3.5, -7]),
        (["-$5.5", "$-5", "$(1,234.50)", "(€ 3.5)", "US$ 7.25"], [-5.5, -5, -1234.5, -3.5, 7.25]),
        (["R$ 1.234,50", "12,5 zł", "3,5 Kč", "kr 1 000,5", "9 lei", "5,5 TL"], [1234.5, 12.5, 3.5, 1000.5, 9, 5.5]),
        (["￥1,234.5", "１２．５", "3円", "4 원", "5元", "฿6", "HK$7"], [1234.5, 12.5, 3, 4, 5, 6, 7]),
        (["٣٫٥", "۱۲", "१२.५"], [3.5, 12, 12.5]),
        (["1.5K", "2M", "3bn", "0.5 B", "4 k"], [1500, 2e6, 3e9, 5e8, 4000]),
        (["1,5 Mio. €", "2 Mrd", "3 Tsd.", "4 T€", "5,5 тыс. руб.", "2 млн", "1,5 mld", "6 mil"],
         [1.5e6, 2e9, 3e3, 4e3, 5500, 2e6, 1.5e9, 6e3]),
        (["1.5万", "2億円", "3亿", "4만", "5.5억원", "6千円"], [15000, 2e8, 3e8, 4e4, 5.5e8, 6000]),
        (["1,2E+06", "3,5e-1", "7"], [1.2e6, 0.35, 7]),
        (["1.2E+06", "12", "1E3"], [1.2e6, 12, 1000]),
        (["5 шт.", "3 GRP", "12件", "4.5건", "1.5*"], [5, 3, 12, 4.5, 1.5]),
    ],
)  # fmt: skip
def test_numbers_in_any_usual_form(cells, expected):
    numbers = read(x=cells)
    assert numbers.values["x"].tolist() == pytest.approx(expected)
    assert not numbers.wrong["x"].any()
    assert not numbers.warnings


NOTHING = """- -- – — . .. … ? n/a N/A NA n.a. nan NULL None nil #N/A #DIV/0! #REF! #NAME? #VALUE! #N/D #BEZUG! #NV
#WERT! #¡VALOR! #¿NOMBRE? #Н/Д #ДЕЛ/0! #ЗНАЧ! #DEĞER! k.A. n.v. н/д нет n.d. b.d. brak s/d
なし 없음 无 暂无 <NA> (blank) $- -€"""


@pytest.mark.parametrize("cell", ["", " ", "$ -", *NOTHING.split()])
def test_signs_for_nothing(cell):
    numbers = read(x=[cell, "1.5"])
    assert np.isnan(numbers.values["x"][0])
    assert not numbers.wrong["x"].any()
    assert is_nothing(cell)


@pytest.mark.parametrize(
    "cell",
    ["abc", "12x", "1,2,3", "1_000", "inf", "1e999", "12 34", "--5", "1 2345", "(5", "5)", "(-5)", "-5-", "5 MB",
     "10 ml", "2020-01-06", "12:30", "TRUE", "yes", "1.2.3", "Q1", "#1", "9" * 120, "1'2", "½", "10²", "<1", "1/2"],
)  # fmt: skip
def test_what_is_no_number_is_marked(cell):
    numbers = read(x=[cell, "1.5", "2.5"])
    assert numbers.wrong["x"].tolist() == [True, False, False]
    assert np.isnan(numbers.values["x"][0])


@pytest.mark.parametrize(
    ("separator", "decimal", "expected"),
    [
        (";", None, 1234),
        (",", None, 1.234),
        ("\t", None, 1234),
        (None, None, 1234),
        (None, ".", 1.234),
        (";", ".", 1.234),
    ],
)
def test_without_evidence_the_file_settles_the_mark(separator, decimal, expected):
    numbers = read(separator, decimal, x=["1.234", "5.678"])
    assert numbers.values["x"][0] == expected
    assert [w.code for w in numbers.warnings] == ([] if decimal else ["decimal_uncertain"])


@pytest.mark.parametrize(
    ("x", "other", "expected"),
    [
        (["1.234", "5.678"], ["0,5", "1,25"], 1234),
        (["1.234", "5.678"], ["0.5", "1.25"], 1.234),
        (["1.234", "950", "17"], ["0.5", "1.25", "3.75"], 1234),
        (["1.234", "5.678", "0,5"], ["0.5", "1.25", "3.75"], 1234),
        (["1,234", "5,678"], ["v1.5", "Q1.2"], 1.234),
    ],
)
def test_a_column_is_settled_by_its_own_cells_else_by_the_other_columns(x, other, expected):
    assert read(x=x, other=other).values["x"][0] == expected


def test_a_single_odd_cell_does_not_settle_a_column():
    numbers = read(x=["1.5", *(f"{i}.{i + 100}" for i in range(1, 60))], other=["0,5"] * 60)
    assert numbers.values["x"][1] == 1101
    assert numbers.wrong["x"].tolist() == [True] + [False] * 59


def test_columns_with_another_mark_are_told():
    numbers = read(x=["0,5", "1,5"], y=["0,5", "2,5"], z=["0.5", "1.5"])
    assert numbers.decimal == ","
    assert numbers.values.iloc[1].tolist() == [1.5, 2.5, 1.5]
    assert [w.code for w in numbers.warnings] == ["decimal_mixed"]
    assert "'z'" in numbers.warnings[0].message


@given(
    st.lists(st.sampled_from(["1.234", "0,5", "0.5", "12", "x", "1.234.567", ""]), min_size=3, max_size=8), st.data()
)
def test_held_out_cells_settle_nothing(cells, data):
    training = np.arange(len(cells)) < data.draw(st.integers(1, len(cells) - 1))
    other = [cell if trains else "7,75" for cell, trains in zip(cells, training, strict=True)]
    first, second = read(x=cells, training=training), read(x=other, training=training)
    assert first.values[training].equals(second.values[training])
    assert (first.decimal, first.warnings) == (second.decimal, second.warnings)


@given(st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=1), st.sampled_from([",.", ".,", " ,", "'."]))
def test_writing_and_reading_a_number_changes_nothing(values, marks):
    group, point = marks
    cells = [f"{v:,.2f}".replace(",", "g").replace(".", point).replace("g", group) for v in values]
    numbers = read(x=cells)
    assert numbers.values["x"].tolist() == values
    assert not numbers.wrong["x"].any()
    assert numbers.decimal == point


@given(
    st.lists(st.text(st.sampled_from("0123456789.,-+ %€$()eEkM'\u00a0abN/A#!"), max_size=9), min_size=1, max_size=20)
)
def test_a_cell_is_read_the_same_alone_and_among_others(cells):
    column = pd.Series(cells, dtype="str")
    for mark in (".", ","):
        values, wrong = to_numbers(column, mark)
        alone = [to_numbers(pd.Series([cell], dtype="str"), mark) for cell in cells]
        assert np.array_equal(values, [v[0] for v, _ in alone], equal_nan=True)
        assert wrong.tolist() == [w[0] for _, w in alone]
        assert not (wrong & nothing_mask(column)).any()
        assert (values.isna() == (wrong | nothing_mask(column))).all()


NUMERALS = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["", "", "€ ", "$", "-", "-€", "("]),
    st.from_regex(r"[0-9]{1,4}([., \u00a0\u202f][0-9]{2,4}){0,3}([.,][0-9]{0,2})?(e[+-]?[0-9]{1,2})?", fullmatch=True),
    st.sampled_from(["", "", " €", "%", "\u00a0$", " EUR", "-", ")", "k", " ₽"]),
)


@given(st.lists(NUMERALS, min_size=1, max_size=30))
def test_reading_by_columns_and_one_by_one_give_the_same(cells):
    column = pd.Series(cells, dtype="str")
    for mark in (".", ","):
        values, wrong = to_numbers(column, mark)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                number_cells, "_by_columns", lambda c, _: (np.full(len(c), np.nan), np.zeros(len(c), dtype=bool))
            )
            one_by_one, wrong_one_by_one = to_numbers(column, mark)
        assert np.allclose(values, one_by_one, rtol=1e-15, atol=0, equal_nan=True)
        assert wrong.equals(wrong_one_by_one)


def test_the_mark_of_a_table_and_its_open_cell():
    assert decimal_mark(pd.DataFrame({"x": ["1.234", "5.678"]}, dtype="str"), ";") == (",", "1.234")
    assert decimal_mark(pd.DataFrame({"x": ["1.234", "0.5"]}, dtype="str"), ";") == (".", None)


def test_the_index_is_kept():
    column = pd.Series(["1", "x", ""], index=[3, 7, 9], dtype="str")
    assert [list(part.index) for part in (*to_numbers(column, "."), nothing_mask(column))] == [[3, 7, 9]] * 3
    assert nothing_mask(column.iloc[:0]).tolist() == []
