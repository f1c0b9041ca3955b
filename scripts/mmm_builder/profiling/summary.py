"""A profile in a few lines, for people."""

from ..data_profile import DataProfile
from ..percentages import percent


def profile_summary(profile: DataProfile) -> str:
    """Return the profile as a few lines to read."""
    unit = f", one series per {profile.panel_column!r}" if profile.panel_column else ""
    lines = [
        f"{profile.source.path}: {profile.n_periods} {profile.frequency} periods, "
        f"{profile.start} to {profile.end}{unit}",
        f"  trained on     {profile.n_train} periods, to {profile.train_end}",
        f"  date           {profile.date_column}",
        f"  target         {profile.target_column}",
    ]
    if profile.sealed:
        lines.append(f"  sealed         {profile.sealed.start} to {profile.sealed.end}, cut off before all else")
    for channel in profile.channels:
        share = "" if channel.share_of_spend is None else f", {percent(channel.share_of_spend)} of spend"
        beside = f", exposure {channel.exposure_column}" if channel.exposure_column else ""
        lines.append(f"  channel        {channel.column} ({channel.channel_type}, {channel.measure}{share}{beside})")
    for control in profile.controls:
        ahead = "" if control.known_ahead else ", not known ahead"
        lines.append(f"  control        {control.column} ({control.kind}{ahead})")
    lines += [f"  ignored        {column.column}: {column.reason}" for column in profile.ignored]
    lines += [f"  warning        {warning.message}" for warning in profile.warnings]
    return "\n".join(lines)
