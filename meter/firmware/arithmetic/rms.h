#pragma once
#include "window.h"

/** The current of a phase's sensor at 1 V on the analogue pin, mA, and what it shows when there is none, mA. */
#define CHANNEL(milliamperes_per_volt, noise_milliamperes)                  \
  {                                                                         \
    .gain = RMS_GAIN(milliamperes_per_volt),                                \
    .noise = RMS_NOISE(noise_milliamperes, RMS_GAIN(milliamperes_per_volt)) \
  }

/** µA/16 of 1/64 step of the ADC, which has 1024 of them in 5 V. */
#define RMS_GAIN(milliamperes_per_volt) (((milliamperes_per_volt) * UINT32_C(625) + 256) / 512)
/** The square of a noise in 1/64 steps. */
#define RMS_NOISE(milliamperes, gain) (RMS_STEPS(milliamperes, gain) * RMS_STEPS(milliamperes, gain))
#define RMS_STEPS(milliamperes, gain) (((milliamperes) * UINT32_C(16000) + (gain) / 2) / (gain))

/** One phase's constants, from CHANNEL(). */
struct channel {
  uint32_t gain;
  uint32_t noise;
};

/**
 * The RMS of a full window's alternating current, mA: whatever direct current the sensor rests at is
 * removed, and its noise is subtracted in quadrature.
 */
uint32_t rms_milliamperes(const struct window *window, const struct channel *channel);
