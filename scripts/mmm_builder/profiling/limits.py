"""From where on a quality check warns: one limit each, chosen so that clean data stay silent."""

YEARS_MIN = 2
"""Fewest years of training periods from which season and trend can be told apart."""
PERIODS_PER_PARAMETER_MIN = 4.0
"""Fewest training periods for each parameter of the default model."""

ACTIVE_PERIODS_MIN = 8
"""Fewest training periods with media from which an effect can be told from chance."""
ACTIVE_SHARE_MIN = 0.05
"""Smallest share of the training periods with media."""

COLLINEAR_MIN = 0.9
"""Absolute correlation from which two columns are told to move together."""
VIF_MAX = 10.0
"""Variance inflation above which a channel is told to be made up of others."""

VARIATION_MIN = 0.05
"""Smallest coefficient of variation of media that can teach anything."""
SAME_FIGURE_MAX = 0.9
"""Largest share of the training periods with one and the same figure, zeros apart."""

SEASON_R2_MAX = 0.8
"""Share of a channel's variance explained by the yearly season from which the two are one."""
SEASON_CORRELATION_MAX = 0.85
"""Correlation of a channel with the KPI's season from which the two are one."""
SEASONAL_KPI_R2 = 0.3
"""Share of the KPI's variance that is season, from which that matters."""

BLOCKS_MIN = 8
"""Fewest stretches of time over which level and spread of the KPI are compared."""
LEVEL_RANGE_MIN = 1.5
"""How many times the lowest level the highest must be for that."""
SPREAD_SLOPE_MIN = 0.6
"""Growth of the logarithm of the spread with the logarithm of the level (1: in proportion)."""
SPREAD_CORRELATION_MIN = 0.7
"""Rank correlation of spread and level from which the one grows with the other."""

THOUSAND = (500.0, 2000.0)
"""Factors that look like thousands written for units, or a thousands mark read as a decimal one."""
HUNDRED = (80.0, 125.0)
"""Factors that look like cents written for units, or a decimal mark lost."""
THOUSAND_GAP, HUNDRED_GAP = 30.0, 16.0
"""How far apart, as a factor, the nearest values of the two scales must be."""
SPEND_OVER_KPI_MAX = 10.0
"""How many times the KPI the spend may add up to, where the KPI may be money."""
KPI_OVER_SPEND_MAX = 1000.0
"""How many times the spend the KPI may add up to."""
