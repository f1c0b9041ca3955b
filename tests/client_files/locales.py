"""How each language's exports look: dates, numbers, encodings, separators, and the words around the table."""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
from babel.dates import format_date

Dates = Callable[[pd.Timestamp], str]
NARROW, HARD = "\u202f", "\u00a0"
"""Blanks that group thousands: narrow no-break and no-break space."""


class Locale(NamedTuple):
    """Conventions of one language; `days`: date formats of daily and weekly files, `months`: of monthly ones."""

    babel: str
    days: tuple[str, ...]
    months: tuple[str, ...]
    decimals: tuple[str, ...]
    groups: tuple[str, ...]
    encodings: tuple[str, ...]
    currencies: tuple[str, ...]
    title: str
    total: str
    places: tuple[str, ...]
    brands: tuple[str, ...]


EUROPE = ("utf-8", "utf-8-sig", "cp1252", "latin-1")
ISO = ("%Y-%m-%d",)
BRANDS = ("Alma", "Nordic", "Vita", "Sunny", "Terra")

LOCALES = {
    "en": Locale(
        "en", (*ISO, "%m/%d/%Y", "%-m/%-d/%Y", "%-m/%-d/%y", "%Y/%m/%d", "%d-%b-%Y", "%b %d, %Y", "%Y%m%d",
               "%Y-%m-%d %H:%M:%S", "%a, %d %b %Y"),
        ("%b %Y", "%B %Y", "%b-%y", "%Y-%m", "%m/%Y", "%-m/1/%Y"), (".",), (",",),
        ("utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"), ("$", "USD"), "Marketing performance report", "Total",
        ("North", "South", "East", "West", "Midwest", "Pacific"), BRANDS,
    ),
    "gb": Locale(
        "en_GB", (*ISO, "%d/%m/%Y", "%d/%m/%y", "%d-%b-%y", "%d %B %Y"), ("%b %Y", "%B %Y", "%b-%y", "01/%m/%Y"),
        (".",), (",",), ("utf-8", "utf-8-sig", "latin-1", "cp1252"), ("£", "GBP"), "Weekly media report", "Grand total",
        ("London", "Scotland", "Wales", "Midlands", "Yorkshire"), BRANDS,
    ),
    "in": Locale(
        "en_IN", (*ISO, "%d-%m-%Y", "%d/%m/%Y", "%d-%b-%Y"), ("%b-%Y", "%b %y"), (".",), ("lakh",),
        ("utf-8", "utf-8-sig"), ("₹", "INR"), "Media spends", "Total",
        ("Mumbai", "Delhi", "Chennai", "Kolkata", "Pune"), BRANDS,
    ),
    "ru": Locale(
        "ru", (*ISO, "%d.%m.%Y", "%d.%m.%y", "babel:d MMMM y", "babel:d MMM y 'г.'"),
        ("babel:LLLL y", "babel:LLL y", "%m.%Y", "01.%m.%Y"), (",",), (HARD, " ", NARROW),
        ("cp1251", "utf-8-sig", "utf-8", "utf-16"), ("₽", "руб."), "Отчет по рекламе", "Итого",
        ("Москва", "Урал", "Сибирь", "Юг", "Центр"), ("Альма", "Север", "Вита", "Терра"),
    ),
    "de": Locale(
        "de", (*ISO, "%d.%m.%Y", "%d.%m.%y", "babel:d. MMMM y", "babel:dd. MMM y"),
        ("babel:LLLL y", "babel:LLL y", "%m.%Y", "%m/%Y", "01.%m.%Y"), (",",), (".",), EUROPE, ("€", "EUR"),
        "Auswertung Werbung", "Summe", ("Bayern", "Hessen", "Berlin", "Sachsen", "Hamburg"), BRANDS,
    ),
    "ch": Locale(
        "de_CH", (*ISO, "%d.%m.%Y", "babel:d. MMMM y"), ("babel:LLLL y", "%m.%Y"), (".",), ("'", "’"), EUROPE,
        ("CHF", "Fr."), "Mediaauswertung", "Total", ("Zürich", "Bern", "Basel", "Genf", "Tessin"), BRANDS,
    ),
    "fr": Locale(
        "fr", (*ISO, "%d/%m/%Y", "%d/%m/%y", "babel:d MMMM y", "babel:d MMM y"),
        ("babel:LLLL y", "babel:LLL y", "%m/%Y", "01/%m/%Y"), (",",), (NARROW, HARD, " "), EUROPE, ("€", "EUR"),
        "Bilan des campagnes", "Total", ("Bretagne", "Alsace", "Provence", "Normandie", "Corse"), BRANDS,
    ),
    "es": Locale(
        "es", (*ISO, "%d/%m/%Y", "%d-%m-%Y", "babel:d 'de' MMMM 'de' y"),
        ("babel:LLLL y", "babel:LLL y", "%m/%Y", "01/%m/%Y"), (",",), (".",), EUROPE, ("€", "EUR"),
        "Informe de medios", "Total", ("Madrid", "Valencia", "Galicia", "Aragón", "Murcia"), BRANDS,
    ),
    "mx": Locale(
        "es_MX", (*ISO, "%d/%m/%Y", "babel:d MMM y"), ("babel:LLLL y", "%m/%Y"), (".",), (",",), EUROPE, ("$", "MXN"),
        "Reporte de pauta", "Total general", ("CDMX", "Jalisco", "Puebla", "Sonora", "Yucatán"), BRANDS,
    ),
    "pt": Locale(
        "pt_BR", (*ISO, "%d/%m/%Y", "%d/%m/%y", "babel:d 'de' MMMM 'de' y"),
        ("babel:LLLL y", "babel:LLL y", "%m/%Y", "01/%m/%Y"), (",",), (".",), EUROPE, ("R$", "BRL"),
        "Relatório de mídia", "Total", ("São Paulo", "Bahia", "Paraná", "Ceará", "Goiás"), BRANDS,
    ),
    "it": Locale(
        "it", (*ISO, "%d/%m/%Y", "%d-%m-%Y", "babel:d MMMM y"), ("babel:LLLL y", "babel:LLL y", "%m/%Y", "01/%m/%Y"),
        (",",), (".",), EUROPE, ("€", "EUR"), "Riepilogo campagne", "Totale",
        ("Lazio", "Veneto", "Puglia", "Liguria", "Umbria"), BRANDS,
    ),
    "pl": Locale(
        "pl", (*ISO, "%d.%m.%Y", "%d-%m-%Y", "babel:d MMMM y"), ("babel:LLLL y", "babel:LLL y", "%m.%Y"), (",",),
        (HARD, " "), ("cp1250", "utf-8", "utf-8-sig"), ("zł", "PLN"), "Raport mediowy", "Razem",
        ("Mazowsze", "Śląsk", "Pomorze", "Kujawy", "Podlasie"), BRANDS,
    ),
    "tr": Locale(
        "tr", (*ISO, "%d.%m.%Y", "%d/%m/%Y", "babel:d MMMM y"), ("babel:LLLL y", "babel:LLL y", "%m.%Y"), (",",),
        (".",), ("cp1254", "utf-8", "utf-8-sig"), ("₺", "TL"), "Medya raporu", "Toplam",
        ("İstanbul", "Ankara", "İzmir", "Bursa", "Adana"), BRANDS,
    ),
    "zh": Locale(
        "zh", (*ISO, "%Y年%-m月%-d日", "%Y年%m月%d日", "%Y/%-m/%-d", "%Y%m%d"), ("%Y年%-m月", "%Y-%m", "%Y/%m"), (".",),
        (",",), ("gb18030", "utf-8-sig", "utf-8"), ("¥", "元"), "媒体投放报告", "合计",
        ("北京", "上海", "广东", "四川", "浙江"), ("星云", "海蓝", "绿洲", "晨光"),
    ),
    "ja": Locale(
        "ja", (*ISO, "%Y年%-m月%-d日", "%Y/%m/%d", "%Y/%-m/%-d"), ("%Y年%-m月", "%Y/%m", "%Y-%m"), (".",), (",",),
        ("cp932", "utf-8-sig", "utf-8"), ("¥", "円"), "広告レポート", "合計",
        ("東京", "大阪", "福岡", "北海道", "愛知"), ("アルマ", "ノルド", "ヴィタ", "テラ"),
    ),
    "ko": Locale(
        "ko", (*ISO, "%Y년 %-m월 %-d일", "%Y. %-m. %-d.", "%Y.%m.%d", "%Y/%m/%d"), ("%Y년 %-m월", "%Y-%m", "%Y.%m"),
        (".",), (",",), ("cp949", "utf-8-sig", "utf-8"), ("₩", "원"), "매체 집행 보고서", "합계",
        ("서울", "부산", "대구", "광주", "제주"), ("알마", "노르딕", "비타", "테라"),
    ),
    "nl": Locale(
        "nl", (*ISO, "%d-%m-%Y", "%d/%m/%Y", "babel:d MMMM y"), ("babel:LLLL y", "%m-%Y"), (",",), (".",), EUROPE,
        ("€", "EUR"), "Mediarapport", "Totaal", ("Utrecht", "Gelderland", "Zeeland", "Drenthe"), BRANDS,
    ),
    "sv": Locale(
        "sv", (*ISO, "%Y%m%d", "babel:d MMMM y"), ("babel:LLLL y", "%Y-%m"), (",",), (HARD, " "), EUROPE, ("kr", "SEK"),
        "Medierapport", "Summa", ("Skåne", "Småland", "Dalarna", "Gotland"), BRANDS,
    ),
}  # fmt: skip

VARIANTS = {"en": ("en", "en", "gb", "in"), "de": ("de", "de", "ch"), "es": ("es", "mx")}
"""Countries that share a language's names and differ in the rest."""

WEEK_LABELS = ("%G-W%V", "%GW%V", "%G W%V")
KW_LABELS = ("KW %V/%G", "KW%V %G")
QUARTERS = ("{y}-Q{q}", "Q{q} {y}", "{y}Q{q}", "Q{q}/{y}")


def date_format(form: str, locale: Locale) -> Dates:
    """Return the function that writes a date: strftime codes, `babel:` patterns, or `{y}`/`{q}` for quarters."""
    if form.startswith("babel:"):
        return lambda date: format_date(date, form.removeprefix("babel:"), locale=locale.babel)
    if "{q}" in form:
        return lambda date: form.format(y=date.year, q=date.quarter)
    if locale.babel.startswith("en") or not any(code in form for code in ("%b", "%B", "%a")):
        return lambda date: date.strftime(form)
    raise ValueError(f"{form!r} writes English months, use a babel pattern for {locale.babel}")


def group_thousands(digits: str, group: str) -> str:
    """Return whole-number digits with their thousands apart; `lakh` is the Indian way (12,34,567)."""
    if group != "lakh":
        return f"{int(digits):,}".replace(",", group) if group else digits
    head, tail = digits[:-3], digits[-3:]
    parts = []
    while head:
        parts.append(head[-2:])
        head = head[:-2]
    return ",".join([*reversed(parts), tail])
