/** The two analogue pins, A0 and A1, sampled in turn by a timer. */
#pragma once
#include <stdbool.h>

#include "../arithmetic/window.h"

void sampler_start(void);

/** Hands over the newest full window of both phases, once; false while there is none. */
bool sampler_take(struct window windows[PHASES]);
