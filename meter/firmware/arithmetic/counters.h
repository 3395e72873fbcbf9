#pragma once
#include "window.h"

/**
 * Windows that a line is of: 1.2 s. Its current is their mean, and not the RMS of them all: of what is switched on
 * and off meanwhile, only the mean is the charge.
 */
#define LINE_WINDOWS 12
#define LINE_MS (LINE_WINDOWS * WINDOW_MS)

/** All that a reader must find again after a reset; every count wraps at 2^32. */
struct counters {
  /** Another one after each loss of power. */
  uint8_t boot;
  /** Lines. */
  uint32_t seq;
  /** The time they took: what nobody measured is not in it. */
  uint32_t metered_ms;
  /** Whole ampere-seconds, and what is left over in microampere-seconds. */
  uint32_t charge[PHASES];
  uint32_t rest[PHASES];
};

/** Counts a line's time of these currents. */
void counters_add(struct counters *counters, const uint32_t milliamperes[PHASES]);

/** The mean of a line's windows from their sum, mA; what is below the starting current is 0. */
uint32_t mean_milliamperes(uint32_t sum, uint32_t starting_milliamperes);
