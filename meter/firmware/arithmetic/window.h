/** What is measured over, and what is kept of the samples. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define PHASES 2

/**
 * Per second and phase: neither a multiple of the mains' frequency nor of its half, so that the samples of one cycle
 * lie between those of the others. Else the edge that a dimmer cuts would fall between the same two samples for ever.
 */
#define SAMPLE_RATE UINT16_C(2780)
/** Whole cycles of the mains at 50 Hz (5 of them) and at 60 Hz (6), so that neither needs a switch. */
#define WINDOW_SAMPLES UINT16_C(278)
#define WINDOW_MS UINT16_C(100)
_Static_assert(WINDOW_SAMPLES * UINT32_C(1000) == SAMPLE_RATE * (uint32_t)WINDOW_MS, "a window's samples take its time");

#define ADC_MOST UINT16_C(1023)
#define ADC_MIDDLE INT16_C(512)

/** The samples of one phase, about the middle of the ADC's range so that 32 bits hold the sum of their squares. */
struct window {
  uint32_t squares;
  int32_t sum;
  /** A sample was at an end of the range: the current may have been greater than was seen. */
  bool clipped;
};

static inline void window_add(struct window *window, uint16_t code) {
  const int16_t sample = (int16_t)code - ADC_MIDDLE;
  window->sum += sample;
  window->squares += (uint32_t)((int32_t)sample * sample);
  if (code == 0 || code == ADC_MOST) window->clipped = true;
}
