"""The two loops that a sampler spends its time in, forward and backward, as machine code.

`saturate_*`: tabulated adstock (cubic pieces in a position on the grid of α), then saturation. `project_*`: the mean of
the KPI from saturated media and the rotated coordinates of the linear terms. Arrays are C-contiguous float64; series
s = unit · channels + channel first. Backward functions return gradients of what the forward ones were given.
"""

import math

import numba
import numpy as np

from .transforms import ARTANH_HALF

FAST = {"reassoc", "contract", "arcp", "nsz"}
"""Sums may be reordered; infinities and NaN keep their meaning."""

LINEAR, HILL, HILL_SLOPE, LOGISTIC = range(4)


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def saturate(curve, pieces, position, half_saturation, slope):
    """Return saturated media (series, row).

    pieces : (series, interval, power, row); position, half_saturation, slope : (series,)
    """
    n_series, n_intervals, _, n_rows = pieces.shape
    out = np.empty((n_series, n_rows))
    for i in range(n_series):
        k = _interval(position[i], n_intervals)
        s, half = position[i] - k, half_saturation[i]
        p0, p1, p2, p3 = pieces[i, k, 0], pieces[i, k, 1], pieces[i, k, 2], pieces[i, k, 3]
        if curve == LINEAR:
            for t in range(n_rows):
                out[i, t] = p0[t] + s * (p1[t] + s * (p2[t] + s * p3[t]))
        elif curve == HILL:
            for t in range(n_rows):
                a = p0[t] + s * (p1[t] + s * (p2[t] + s * p3[t]))
                out[i, t] = a / (half + a)
        elif curve == LOGISTIC:
            for t in range(n_rows):
                a = p0[t] + s * (p1[t] + s * (p2[t] + s * p3[t]))
                out[i, t] = math.tanh(ARTANH_HALF * a / half)
        else:
            for t in range(n_rows):
                a = p0[t] + s * (p1[t] + s * (p2[t] + s * p3[t]))
                out[i, t] = 0.5 + 0.5 * math.tanh(0.5 * slope[i] * math.log(a / half)) if a > 0.0 else 0.0
    return out


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def saturate_backward(curve, pieces, position, half_saturation, slope, given):
    """Return gradients of position, half_saturation and slope (series,), from the output's (series, row)."""
    n_series, n_intervals, _, n_rows = pieces.shape
    g_position, g_half, g_slope = np.zeros(n_series), np.zeros(n_series), np.zeros(n_series)
    for i in range(n_series):
        k = _interval(position[i], n_intervals)
        s, half = position[i] - k, half_saturation[i]
        p0, p1, p2, p3 = pieces[i, k, 0], pieces[i, k, 1], pieces[i, k, 2], pieces[i, k, 3]
        along, by_half, by_slope = 0.0, 0.0, 0.0
        if curve == LINEAR:
            for t in range(n_rows):
                along += given[i, t] * (p1[t] + s * (2.0 * p2[t] + 3.0 * s * p3[t]))
        elif curve == HILL:
            for t in range(n_rows):
                a = p0[t] + s * (p1[t] + s * (p2[t] + s * p3[t]))
                share = given[i, t] / ((half + a) * (half + a))
                along += share * half * (p1[t] + s * (2.0 * p2[t] + 3.0 * s * p3[t]))
                by_half -= share * a
        elif curve == LOGISTIC:
            for t in range(n_rows):
                a = p0[t] + s * (p1[t] + s * (p2[t] + s * p3[t]))
                h = math.tanh(ARTANH_HALF * a / half)
                share = given[i, t] * (1.0 - h * h) * ARTANH_HALF / half
                along += share * (p1[t] + s * (2.0 * p2[t] + 3.0 * s * p3[t]))
                by_half -= share * a / half
        else:
            for t in range(n_rows):
                a = p0[t] + s * (p1[t] + s * (p2[t] + s * p3[t]))
                if a > 0.0:
                    ratio = math.log(a / half)
                    odds = math.exp(-abs(slope[i] * ratio))  # or their inverse: the curve's slope is the same
                    change = given[i, t] * odds / ((1.0 + odds) * (1.0 + odds))
                    along += change * slope[i] / a * (p1[t] + s * (2.0 * p2[t] + 3.0 * s * p3[t]))
                    by_half -= change * slope[i] / half
                    by_slope += change * ratio
        g_position[i], g_half[i], g_slope[i] = along, by_half, by_slope
    return g_position, g_half, g_slope


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def project(saturated, coefficient, extra, rotated, q, q_training, r_inverse, offset, scale):
    """Return the KPI's mean (unit, row) and the coefficients of the linear terms (unit, term), see `Projection`.

    saturated : (series, row); coefficient : (unit, channel); extra : (unit, row) what else adds to the mean;
    rotated, offset : (unit, term); q : (unit, term, row); q_training, r_inverse : (unit, term, …); scale : (unit,)
    """
    n_units, n_terms, n_rows = q.shape
    n_channels = coefficient.shape[1]
    mean, linear = np.empty((n_units, n_rows)), np.empty((n_units, n_terms))
    projected = np.empty(n_terms)
    for g in range(n_units):
        curved = mean[g]
        for t in range(n_rows):
            curved[t] = extra[g, t]
        for c in range(n_channels):
            beta, series = coefficient[g, c], saturated[g * n_channels + c]
            for t in range(n_rows):
                curved[t] += beta * series[t]
        for p in range(n_terms):
            row, total = q_training[g, p], 0.0
            for t in range(n_rows):
                total += row[t] * curved[t]
            projected[p] = offset[g, p] + scale[g] * rotated[g, p] - total
        for p in range(n_terms):
            row, total = r_inverse[g, p], 0.0
            for m in range(n_terms):
                total += row[m] * projected[m]
            linear[g, p] = total
            row, weight = q[g, p], projected[p]
            for t in range(n_rows):
                curved[t] += weight * row[t]
    return mean, linear


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def project_backward(saturated, coefficient, q, q_training, r_inverse, scale, of_mean, of_linear):
    """Return gradients of saturated (series, row), coefficient (unit, channel), extra (unit, row), rotated.

    of_mean : (unit, row) and of_linear : (unit, term), the gradients of what `project` returned
    """
    n_units, n_terms, n_rows = q.shape
    n_channels = coefficient.shape[1]
    g_saturated, g_coefficient = np.empty_like(saturated), np.empty_like(coefficient)
    g_extra, g_rotated = np.empty((n_units, n_rows)), np.empty((n_units, n_terms))
    for g in range(n_units):
        curved = g_extra[g]
        for t in range(n_rows):
            curved[t] = of_mean[g, t]
        for p in range(n_terms):
            row, total = q[g, p], 0.0
            for t in range(n_rows):
                total += row[t] * of_mean[g, t]
            for m in range(n_terms):
                total += r_inverse[g, m, p] * of_linear[g, m]
            g_rotated[g, p] = scale[g] * total
            row = q_training[g, p]
            for t in range(n_rows):
                curved[t] -= total * row[t]
        for c in range(n_channels):
            series, beta, total = saturated[g * n_channels + c], coefficient[g, c], 0.0
            passed = g_saturated[g * n_channels + c]
            for t in range(n_rows):
                total += series[t] * curved[t]
                passed[t] = beta * curved[t]
            g_coefficient[g, c] = total
    # series beyond the units' channels (lift tests) have no part in the mean
    for i in range(n_units * n_channels, saturated.shape[0]):
        g_saturated[i] = 0.0
    return g_saturated, g_coefficient, g_extra, g_rotated


@numba.njit(cache=True)
def _interval(position, n_intervals):
    """Return the interval of the grid that a position falls into; a position that isn't a number gets the first."""
    return int(min(max(math.floor(position), 0.0), n_intervals - 1.0)) if position == position else 0
