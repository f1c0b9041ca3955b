"""Encodings of short files, whose only text outside ASCII is the header: the names come back as they were written."""

import random

import pytest

from mmm_builder.errors import InputError
from mmm_builder.reading.encodings import find_encoding

HEADERS = {
    "cp1252": [
        "Zeitraum|Nettoerlös|Kinowerbung|Straßenbahn|Rundfunk|Preisnachlaß",
        "Kalenderwoche|Bruttoumsätze|Plakatflächen|Ausgaben für Suchwörter|Schulferien",
        "tag|bestellmenge|google_kosten|fernsehwerbedruck_übrige|außentemperatur",
        "Période|Recettes|Publicité télévisée|Cinéma|Mots-clés|Remise moyenne",
        "jour|commandes|coût display|coût vidéo|vacances scolaires|météo",
        "Semana|Facturación|Televisión|Publicidad exterior|Señalización|Días de lluvia",
        "Mes|Pedidos|Inversión en buscadores|Campaña de otoño|Tamaño del descuento",
        "Semana|Faturação|Anúncios de televisão|Promoção|Verão|Preço médio",
        "Mês|Receita|Mídia paga|Impressões|Alcance orgânico|Férias",
        "Settimana|Ricavi|Pubblicità|Città|Attività promozionali|Qualità",
        "Vecka|Intäkter|Tv-reklam|Sökmotor|Utomhusreklam|Påskhelg",
        "Uge|Omsætning|Biografreklame|Søgeord|Udendørs|Påskeferie",
    ],
    "cp1250": [
        "Tydzień|Przychód ze sprzedaży|Telewizja|Wyszukiwarki|Święto|Obniżka ceny",
        "Miesiąc|Liczba zamówień|Nakłady na prasę|Koszt kampanii społecznościowej|Pogoda",
        "data|wartość koszyka|wyświetlenia|zasięg|kliknięcia|promocja świąteczna",
        "Týden|Obrat v tisících|Televizní reklama|Tisk|Vyhledávání|Sváteční dny",
        "datum|počet nákupů|výdaje na sociální sítě|rozhlasové spoty|průměrná cena",
        "Hét|Bevétel|Televíziós hirdetés|Óriásplakát|Keresőmarketing|Akciós időszak",
        "Săptămână|Încasări|Reclamă la televizor|Panouri stradale|Căutări plătite|Preţ mediu",
        "Tjedan|Prodaja|Televizijsko oglašavanje|Društvene mreže|Praznični dani|Sniženje",
    ],
    "cp1251": [
        "Неделя|Товарооборот|Телевизионная реклама|Поисковая реклама|Скидочная акция",
        "дата|число покупок|блогеры|радиоролики|наружка|температура воздуха",
        "Period|Выручка без НДС|TV|Digital|Сезонность",
        "Тиждень|Дохід від продажу|Телереклама|Пошукова реклама|Знижки",
        "Седмица|Оборот|Телевизионна реклама|Търсене|Празнични дни",
    ],
    "cp1254": [
        "Hafta|Satış hasılatı|Televizyon reklamı|Açıkhava|Arama ağı|Bayram haftası",
        "tarih|sipariş sayısı|görüntülü reklam gideri|sosyal ağ harcaması|yağış",
        "Dönem|Ciro|Gazete ilanı|İnternet bütçesi|Şubat kampanyası",
    ],
    "gb18030": [
        "统计周期|成交总额|电视投放费用|地铁广告|短视频推广|满减活动",
        "日期|支付订单数|搜索竞价|朋友圈|平均售价|降水量",
        "week|gmv|线下门店|直播带货|holiday",
    ],
    "cp932": [
        "週|売上金額|テレビスポット|駅看板|検索連動型広告|値引き率",
        "日付|購入件数|動画広告費|折込チラシ|平均気温",
        "month|revenue|新聞広告|交通広告|price",
    ],
    "cp949": [
        "주간|매출금액|텔레비전 광고비|옥외 간판|검색 광고비|할인율",
        "날짜|구매건수|동영상 광고|전단지|평균기온",
        "week|revenue|배너비용|인플루언서|price",
    ],
}
CASES = [(encoding, header) for encoding, headers in HEADERS.items() for header in headers]


def table(header, separator=";"):
    """Return 60 rows of plain numbers under a header."""
    rng = random.Random(header)
    rows = [
        separator.join([f"2023-{1 + i // 28:02d}-{1 + i % 28:02d}", *(f"{rng.random():.2f}" for _ in range(5))])
        for i in range(60)
    ]
    return "\n".join([header.replace("|", separator), *rows])


def reads_back(data, encoding):
    return data.decode(find_encoding(data, "f")[0]) == data.decode(encoding)


@pytest.mark.parametrize(("encoding", "header"), CASES)
@pytest.mark.parametrize("written", [str, str.upper], ids=["as it is", "in capitals"])
def test_a_header_alone_tells_its_encoding(encoding, header, written):
    assert reads_back(table(written(header)).encode(encoding), encoding)


def test_nearly_any_single_name_tells_its_encoding():
    names = {(encoding, name) for encoding, header in CASES for name in header.split("|") if not name.isascii()}
    right = [reads_back(f"{name},x\n1,2\n".encode(encoding), encoding) for encoding, name in sorted(names)]
    assert sum(right) >= 0.95 * len(right)


@pytest.mark.parametrize(("encoding", "header"), CASES)
def test_unicode_is_known_by_its_mark_or_its_bytes(encoding, header):
    for page in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        assert reads_back(table(header).encode(page), page)


@pytest.mark.parametrize("encoding", ["cp1250", "cp1252", "cp1254", "latin-1"])
@pytest.mark.parametrize("text", ["Zürich £ 5", "Preis in €", "Temp. (°C)", "§ 12", "1\xa0234,5"])
def test_signs_beside_ascii_are_no_letters_of_another_language(encoding, text):
    try:
        data = f"date,{text}\n1,2\n".encode(encoding)
    except UnicodeEncodeError:
        pytest.skip("the encoding has no such sign")
    assert reads_back(data, encoding)


@pytest.mark.parametrize(
    "header", ["Woche|Umsätze|Außenwerbung|Hörfunk|Plakatflächen", "日期|成交总额|电视投放费用", "Дата|Оборот|Радио"]
)
def test_a_damaged_line_of_utf8_is_named(header):
    data = table(header).encode() + "\nÄrger".encode("cp1252")
    with pytest.raises(InputError, match="line 62 is not readable as utf-8"):
        find_encoding(data, "f")


@pytest.mark.parametrize("data", [b"a,b\n1\0,2\n", bytes(range(1, 32)) * 300])
def test_bytes_that_are_no_text_are_refused(data):
    with pytest.raises(InputError, match="not readable as text"):
        find_encoding(data, "f")


def test_a_doubtful_encoding_is_told():
    (doubt,) = find_encoding("xã,b\n1,2\n".encode("cp1252"), "f")[1]
    assert doubt.code == "encoding_uncertain"
    assert "'xă' or 'xã'" in doubt.message
    assert find_encoding("Außenwerbung,b\n1,2\n".encode("cp1252"), "f")[1] == []
