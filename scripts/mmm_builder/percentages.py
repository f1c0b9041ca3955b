"""Shares as people read them."""


def percent(share: float, decimals: int = 0, *, sign: str = "") -> str:
    """Return a share in per cent with a space before the sign: `34 %`; sign : `+` to show that of gains too."""
    return f"{100 * share:{sign}.{decimals}f} %"
