/* SPDX-License-Identifier: GPL-3.0-or-later */
/** What the sensors are given to measure: the currents of a household, and what their integral truly is. */
#pragma once

#define PHASES 2

/** Amperes RMS of the fundamental of each phase, before a dimmer. */
void drive_amperes(double now, const double amperes[PHASES]);
/** Hz of the mains. */
void drive_frequency(double now, double hertz);
/** Adds the nth harmonic to both phases, a part of their fundamental; with 0 it is gone. */
int drive_harmonic(double now, unsigned nth, double part);
/** From each crossing of zero on, a dimmer holds back that many degrees of a sine. */
void drive_dimmer(double now, double degrees);
/** How far the second phase lags the first one, degrees. */
void drive_lag(double degrees);
/** Millivolts per ampere of each sensor. */
void drive_sensors(const double sensitivity[PHASES]);
/** Millivolts that the sensors rest at. */
void drive_rest(double millivolts);
/** Millivolts RMS of white noise at each pin. */
void drive_noise(double millivolts);

/** What the ADC of a phase makes of its pin, 0 to 1023, `now` in seconds. */
unsigned drive_code(int phase, double now);
/** Ampere-seconds that flowed up to now. */
double drive_charge(int phase, double now);
