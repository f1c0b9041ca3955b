"""The ways to write a date, as patterns over cells in the common form of `date_text`."""

import re
from typing import Literal, NamedTuple

Grain = Literal["day", "week", "month", "quarter", "year"]


class Form(NamedTuple):
    """One way to write a date.

    The pattern's groups: y year, m month, L its letter, d day, q quarter, w ISO week, u its weekday, n month or week;
    a, b, c day, month and year in an order to be settled; serial, epoch. Of a range of days the first counts; m2, L2,
    d2, y2, a2, b2, c2 are of the last. plain: it may as well be any number.
    """

    grain: Grain
    pattern: re.Pattern[str]
    plain: bool = False


_Y4 = r"(?:1[89]|2[01])\d\d"
_PARTS = {
    "Y": rf"(?P<y>{_Y4})", "YY": rf"(?P<y>{_Y4}|\d\d)", "M": r"(?P<m>\d{1,2})", "D": r"(?P<d>\d{1,2})",
    "L": "(?P<L>[A-L])", "N": r"(?P<n>0?[1-9]|[1-5]\d)", "W": r"(?P<w>\d{1,2})", "Q": "(?P<q>[1-4])",
    "U": "(?P<u>[1-7])", "A": r"(?P<a>\d{1,2})", "B": r"(?P<b>\d{1,2})", "C": rf"(?P<c>{_Y4}|\d\d?)",
    "M2": r"(?P<m2>\d{1,2})", "D2": r"(?P<d2>\d{1,2})", "L2": "(?P<L2>[A-L])", "Y2": rf"(?P<y2>{_Y4})",
    "A2": r"(?P<a2>\d{1,2})", "B2": r"(?P<b2>\d{1,2})", "C2": rf"(?P<c2>{_Y4}|\d\d)",
    "to": "[-~/ ]", "-": "[-/. ]", "week": "[Wwsv]", "quarter": "[Qqtk]", "month": "[Mm]",
}  # fmt: skip

_WEEK = rf"(?:(?:{_Y4}[-/. ]?)?[Wwsv]\d{{1,2}}[ /])?"


def _form(grain: Grain, pattern: str, plain: bool = False) -> Form:
    """Return a form whose pattern names its parts in angle brackets; days may have week and weekday around them."""
    inner = re.sub(r"(?<!P)<([\w-]+)>", lambda name: _PARTS[name[1]], pattern)
    return Form(
        grain, re.compile(_WEEK + f"[WXMkv]*(?:{inner})[WXMkv]*" if grain == "day" and not plain else inner), plain
    )


FORMS = (
    _form("day", r"<Y>(?P<s>[-/. ])<M>(?P=s)<D>"),
    _form("day", r"<Y>(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)"),
    _form("day", r"<A>(?P<s>[-/. ])<B>(?P=s)<C>"),
    _form("day", r"<D><L><YY>"),
    _form("day", r"<L><D><-><YY>"),
    _form("day", r"<Y>m?<L><D>"),
    _form("day", r"<Y>[. ]<D><L>"),
    _form("day", r"<Y>(?P<s>[-/.])<M>(?P=s)<D><to>(?:\d{4}(?P=s))?(?:\d{1,2}(?P=s))?\d{1,2}"),
    _form("day", r"<Y>(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)<to>\d{8}"),
    _form("day", r"<A>(?P<s>[-/.])<B>(?:(?P=s)<C>?)?<to><A2>(?P=s)<B2>(?P=s)<C2>"),
    _form("day", r"<D>\.?[-~]\d{1,2}\.<M>\.<YY>"),
    _form("day", r"<D>\.?(?:<L><Y>?)?<to>?<D2>\.?<L2><Y2>"),
    _form("day", r"<L><D>(?: <Y>)?<to>?<L2>?<D2> <Y2>"),
    _form("day", r"<Y><L><D>(?:[-~ ]\d{1,2}|<to>?(?:\d{4})?[A-L]\d{1,2})"),
    _form("day", r"<Y><->?<week><W>-?<U>"),
    _form("week", r"<Y><->?<week><W>"),
    _form("week", r"<week><W><-><YY>"),
    _form("week", r"<W>[Ww]<YY>"),
    _form("week", r"<Y><-><W>[Ww]"),
    _form("week", r"[Ww]<Y><-><W>"),
    _form("month", r"<L><YY>"),
    _form("month", r"<Y>m?<L>"),
    _form("month", r"<Y><month><M>"),
    _form("month", r"<month><M><-><Y>"),
    _form("month", r"<M>M<Y>"),
    _form("month", r"<Y>[-/ ]<N>"),
    _form("month", r"<N>[-/ ]<Y>"),
    _form("month", r"<Y>\.<N>", plain=True),
    _form("month", r"<N>\.<Y>", plain=True),
    _form("month", r"<Y>(?P<n>0[1-9]|[1-5]\d)", plain=True),
    _form("quarter", r"<Y><->?<quarter><Q>"),
    _form("quarter", r"<quarter><Q>(?:<->|(?=\d{4}))<YY>"),
    _form("quarter", r"<Q><quarter><YY>"),
    _form("quarter", r"<Y><-><Q>Q"),
    _form("quarter", r"(?P<y>\d\d)[Qq]<Q>"),
    _form("year", r"<Y>(?:\.0)?", plain=True),
    _form("day", r"(?P<a>[0-3]\d)(?P<b>[0-3]\d)(?P<c>(?:19|20)\d\d)", plain=True),
    _form("day", r"(?P<serial>\d{5})(?:\.0)?", plain=True),
    _form("day", r"(?P<epoch>\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19})(?:\.0)?", plain=True),
)  # fmt: skip
