#include "rms.h"

#include "isqrt.h"

/** Bits behind the point of a variance; its root has half of them. The largest variance, 512², leaves room for them. */
#define FRACTION_BITS 12

/** sum² / samples without 64 bits: with sum = mean × samples + rest. */
static uint32_t squares_of_mean(int32_t sum) {
  const uint32_t magnitude = sum < 0 ? -(uint32_t)sum : (uint32_t)sum;
  const uint32_t mean = magnitude / WINDOW_SAMPLES;
  const uint32_t rest = magnitude % WINDOW_SAMPLES;
  return mean * mean * WINDOW_SAMPLES + 2 * mean * rest + rest * rest / WINDOW_SAMPLES;
}

static uint32_t variance(const struct window *window) {
  const uint32_t squares = window->squares - squares_of_mean(window->sum);
  const uint32_t whole = squares / WINDOW_SAMPLES;
  const uint32_t rest = squares % WINDOW_SAMPLES;
  return (whole << FRACTION_BITS) + (rest << FRACTION_BITS) / WINDOW_SAMPLES;
}

uint32_t rms_milliamperes(const struct window *window, const struct channel *channel) {
  const uint32_t noisy = variance(window);
  const uint32_t clean = noisy > channel->noise ? noisy - channel->noise : 0;
  return (isqrt(clean) * channel->gain + 8000) / 16000;
}
