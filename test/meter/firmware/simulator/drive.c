/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive.h"

#include <math.h>
#include <stdlib.h>

#define HARMONICS 16
#define TURN (2 * M_PI)
#define REFERENCE_MV 5000.0
#define CODES 1024

static double amperes[PHASES];
static double sensitivity[PHASES] = {66, 66};
static double hertz = 60;
/** Part of the fundamental, by order. */
static double harmonics[HARMONICS] = {0, 1};
/** Of each half of a cycle, radians. */
static double dimmed;
static double lag = M_PI;
static double rest = 2500;
static double noise;

/** At the last change of the signal. */
static double since;
static double angle;
static double charge[PHASES];

/** What is left of a sine's square. */
static double undimmed(void) { return 1 - dimmed / M_PI + sin(2 * dimmed) / TURN; }

static double charge_at(int phase, double now) {
  double squares = 0;
  for (int nth = 1; nth < HARMONICS; nth++) squares += harmonics[nth] * harmonics[nth];
  return charge[phase] + amperes[phase] * sqrt(squares * undimmed()) * (now - since);
}

static double angle_at(double now) { return angle + TURN * hertz * (now - since); }

/** Ends what was driven so far, for something else to be driven from now on. */
static void change(double now) {
  for (int phase = 0; phase < PHASES; phase++) charge[phase] = charge_at(phase, now);
  angle = fmod(angle_at(now), TURN);
  since = now;
}

void drive_amperes(double now, const double wanted[PHASES]) {
  change(now);
  for (int phase = 0; phase < PHASES; phase++) amperes[phase] = wanted[phase];
}

void drive_frequency(double now, double wanted) {
  change(now);
  hertz = wanted;
}

int drive_harmonic(double now, unsigned nth, double part) {
  if (nth < 2 || nth >= HARMONICS) return 0;
  change(now);
  harmonics[nth] = part;
  return 1;
}

void drive_dimmer(double now, double degrees) {
  change(now);
  dimmed = degrees * M_PI / 180;
}

void drive_lag(double degrees) { lag = degrees * M_PI / 180; }

void drive_sensors(const double wanted[PHASES]) {
  for (int phase = 0; phase < PHASES; phase++) sensitivity[phase] = wanted[phase];
}

void drive_rest(double millivolts) { rest = millivolts; }

void drive_noise(double millivolts) { noise = millivolts; }

/** Normally distributed, the same series in each run. */
static double gauss(void) {
  return sqrt(-2 * log(1 - drand48())) * cos(TURN * drand48());
}

unsigned drive_code(int phase, double now) {
  const double at = angle_at(now) - (phase == 0 ? 0 : lag);
  const double half = fmod(at, M_PI);
  const int held = (half < 0 ? half + M_PI : half) < dimmed;
  double wave = 0;
  for (int nth = 1; nth < HARMONICS && !held; nth++)
    if (harmonics[nth] != 0) wave += harmonics[nth] * sin(nth * at);
  double millivolts = rest + sensitivity[phase] * amperes[phase] * M_SQRT2 * wave;
  if (noise != 0) millivolts += noise * gauss();
  const double code = floor(millivolts * CODES / REFERENCE_MV);
  return code < 0 ? 0 : code >= CODES ? CODES - 1 : (unsigned)code;
}

double drive_charge(int phase, double now) { return charge_at(phase, now); }
