/**
 * The two sensors, chosen by the Makefile: GAIN_1, GAIN_2 in mA at 1 V on the analogue pin; NOISE_1, NOISE_2 in
 * mA of what a phase shows without a current.
 */
#pragma once
#include "arithmetic/rms.h"

#define ACS712_05 5405  // 185 mV/A
#define ACS712_20 10000 // 100 mV/A
#define ACS712_30 15152 // 66 mV/A
#define SCT_013_000 60606 // 100 A : 50 mA, into a burden of 33 Ω: 2000 turns / 33 Ω
#define SCT_013_030 30000 // 30 A : 1 V, its burden is inside

#ifndef GAIN_1
#define GAIN_1 ACS712_30
#endif
#ifndef GAIN_2
#define GAIN_2 GAIN_1
#endif
#ifndef NOISE_1
#define NOISE_1 0
#endif
#ifndef NOISE_2
#define NOISE_2 NOISE_1
#endif
/** A meter must not count what its sensors only imagine: less than this, mA, is nothing. */
#ifndef STARTING_CURRENT
#define STARTING_CURRENT 50
#endif

// 32768 is the root of the largest variance: their product must fit 32 bits.
#define GAIN_FITS(gain) ((gain) > 0 && RMS_GAIN(gain) < (UINT32_MAX - 8000) / 32768)
_Static_assert(GAIN_FITS(GAIN_1) && GAIN_FITS(GAIN_2), "GAIN must be 1 to 107000 mA/V");

static const struct channel CHANNELS[PHASES] = {CHANNEL(GAIN_1, NOISE_1), CHANNEL(GAIN_2, NOISE_2)};
