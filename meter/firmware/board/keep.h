/** What outlives a reset but not a loss of power, and the number that tells one from the other. */
#pragma once
#include <stdbool.h>

#include "../arithmetic/counters.h"

/** Finds the counters of before the reset; false when the power was lost. */
bool keep_restore(struct counters *counters);

void keep_save(const struct counters *counters);

/** Another number at each call. */
uint8_t keep_next_boot(void);
