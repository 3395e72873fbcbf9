#pragma once
#include "window.h"

/** All that a reader must find again after a reset; every count wraps at 2^32. */
struct counters {
  /** Another one after each loss of power. */
  uint8_t boot;
  /** Windows, each of which makes a line. */
  uint32_t seq;
  /** The time they took: what nobody measured is not in it. */
  uint32_t metered_ms;
  /** Whole ampere-seconds, and what is left over in microampere-seconds. */
  uint32_t charge[PHASES];
  uint32_t rest[PHASES];
};

/** Counts one window of these currents. */
void counters_add(struct counters *counters, const uint32_t milliamperes[PHASES]);
