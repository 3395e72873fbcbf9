#pragma once
#include "counters.h"

/** The longest line, with its line feed and the 0 behind it. */
#define LINE_SIZE 75
/** More has no place in the line, which gives whole amperes two digits; charge counts on as it is. */
#define LINE_MOST_MILLIAMPERES UINT32_C(99499)

/**
 * Writes `3 7 ;1,<boot>,<seq>,<metered_ms>,<mA1>,<mA2>,<As1>,<As2>*CCCC\n`. The two whole amperes come
 * first, so that a reader who knows nothing of the rest reads them; the CRC covers all before the `*`.
 */
void line_format(char line[LINE_SIZE], const struct counters *counters, const uint32_t milliamperes[PHASES]);
