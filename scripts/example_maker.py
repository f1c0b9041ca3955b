"""Stage: the shipped example, a retailer simulated with known truth (`data/README.md` says what it is like)."""

import re
from pathlib import Path
from typing import Annotated

import pandas as pd

from mmm_builder.errors import InputError
from mmm_builder.files import whole, write_text
from mmm_builder.simulation.client_truth import Truth
from mmm_builder.simulation.simulator import simulate_client
from mmm_builder.stage import hand_over

SEED = 2035
"""Near the middle of the seeds 2021 to 2040 by R² on training and held-out rows: neither a lucky one nor an unlucky."""

# Peaks at the turn of the seasons, at its sharpest before Christmas; dips in January, April and the summer holidays.
# Most of its variance is in the fourth harmonic, which a model with two Fourier pairs can't follow.
JANUARY_TO_DECEMBER = (-0.18, -0.02, 0.12, -0.09, 0.00, 0.12, -0.13, -0.10, 0.16, -0.04, -0.06, 0.22)

EXAMPLE = {
    "n_periods": 208,
    "frequency": "weekly",
    "start": "2021-01-04",
    "media_share": 0.27,
    "trend": 0.10,
    "harmonics": 5,
    "monthly_season": JANUARY_TO_DECEMBER,
    "r2": 0.71,
    "outliers": ({"row": 94, "share": -0.35},),
    "controls": (
        {"column": "avg_price", "kind": "price", "effect": -0.016},
        {"column": "promotion", "kind": "promotion", "effect": 0.07},
        {"column": "holiday", "kind": "event", "effect": 0.10},
    ),
    "channels": (
        {
            "column": "google_search_spend", "channel_type": "search", "pattern": "always_on",
            "mean_spend": 36_000.0, "growth": 0.3, "follows_season": 1.5,
            "adstock_alpha": 0.55, "half_saturation": 0.8, "roas": 2.4,
        },
        {
            "column": "meta_social_spend", "channel_type": "social", "pattern": "pulses",
            "mean_spend": 36_000.0, "growth": 0.3, "follows_season": 0.5,
            "adstock_alpha": 0.45, "half_saturation": 0.9, "roas": 2.1,
        },
        {
            "column": "tiktok_social_spend", "channel_type": "social", "pattern": "pulses",
            "mean_spend": 14_000.0, "growth": 0.5,
            "adstock_alpha": 0.4, "half_saturation": 0.9, "roas": 2.2,
        },
        {
            "column": "display_programmatic_spend", "channel_type": "display", "pattern": "always_on",
            "mean_spend": 12_000.0, "growth": 0.2,
            "adstock_alpha": 0.35, "half_saturation": 1.0, "roas": 0.8,
        },
        {
            "column": "youtube_video_spend", "channel_type": "video_tv", "pattern": "flights",
            "mean_spend": 26_000.0, "growth": 0.3,
            "adstock_alpha": 0.4, "half_saturation": 1.0, "roas": 1.8,
        },
        {
            "column": "tv_spend", "channel_type": "video_tv", "pattern": "flights",
            "mean_spend": 64_000.0,
            "adstock_alpha": 0.55, "half_saturation": 1.1, "roas": 1.7,
        },
    ),
}  # fmt: skip

TRUTH_BLOCK = re.compile(r"(<!-- truth: [^>]*-->\n).*?(<!-- end of truth -->)", re.DOTALL)


def make_example() -> tuple[pd.DataFrame, Truth]:
    """Return the example's table (208 weeks) and its truth."""
    return simulate_client(SEED, **EXAMPLE)


def truth_as_markdown(truth: Truth) -> str:
    """Return the truth as the tables of `data/README.md`."""
    lines = [
        "| channel | type | α | λ (currency) | λ / unit | β (revenue a week) | spend | contribution | share | ROAS |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {c.column} | {c.channel_type} | {c.adstock_alpha:.2f} | {c.half_saturation:,.0f} "
        f"| {c.half_saturation_relative:.2f} | {c.coefficient:,.0f} | {c.spend:,.0f} | {c.contribution:,.0f} "
        f"| {c.share:.1%} | {c.roas:.2f} |"
        for c in truth.channels
    ]
    spend, contribution = (sum(getattr(c, key) for c in truth.channels) for key in ("spend", "contribution"))
    lines += [
        f"| all media | | | | | | {spend:,.0f} | {contribution:,.0f} | {truth.media_share:.1%} "
        f"| {contribution / spend:.2f} |",
        "",
        "| part of revenue | true value |",
        "|---|---|",
        f"| intercept (first week, no media, price 50, no promotion, no holiday) | {truth.intercept:,.0f} |",
        f"| trend, first week to last | {truth.trend:+,.0f} |",
    ]
    lines += [f"| {c.column}, per unit | {c.coefficient:+,.0f} |" for c in truth.controls]
    lines += [
        f"| season, harmonic {k}: sine, cosine | {p.sine:+,.0f}, {p.cosine:+,.0f} |"
        for k, p in enumerate(truth.season, start=1)
    ]
    lines += [f"| outlier in the week of {o.date} | {o.effect:+,.0f} |" for o in truth.outliers]
    lines += [f"| noise, standard deviation | {truth.noise_sd:,.0f} |"]
    return "\n".join(lines) + "\n"


def example_files(
    *,
    csv: Annotated[Path, "the table"] = Path("data/example.csv"),
    truth: Annotated[Path, "the truth behind it, as JSON"] = Path("data/example_truth.json"),
    readme: Annotated[Path, "the text whose truth tables are brought up to date"] = Path("data/README.md"),
) -> None:
    """Make the shipped example anew: table, truth and the truth tables of its README.

    Run it from the repository root after a change of the simulator or of EXAMPLE.
    """
    table, true = make_example()
    text = readme.read_text(encoding="utf-8")
    if not TRUTH_BLOCK.search(text):
        raise InputError(
            f"{readme}: no lines '<!-- truth: … -->' and '<!-- end of truth -->' to put the tables between"
        )
    with whole(csv) as part:
        table.convert_dtypes().to_csv(part, index=False, date_format="%Y-%m-%d", lineterminator="\n")
    write_text(truth, true.to_json())
    write_text(readme, TRUTH_BLOCK.sub(lambda found: found[1] + truth_as_markdown(true) + found[2], text))


if __name__ == "__main__":
    hand_over(example_files, globals().get("snakemake"))
