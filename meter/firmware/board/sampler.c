#include "sampler.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

/** AVCC, the 5 V that feed the sensors too, is the reference: what moves both cancels out. */
#define PIN(phase) (_BV(REFS0) | (phase))

/** Per second, of the timer. */
#define TICK_RATE (PHASES * (uint32_t)SAMPLE_RATE)

static struct window filling[PHASES];
static struct window full[PHASES];
static volatile bool ready;

ISR(TIMER1_COMPA_vect) { ADCSRA |= _BV(ADSC); }

ISR(ADC_vect) {
  static uint8_t phase;
  static uint16_t samples;
  window_add(&filling[phase], ADC);
  // Chosen now, the next pin has until the timer's next tick to settle.
  phase ^= 1;
  ADMUX = PIN(phase);
  if (phase != 0 || ++samples < WINDOW_SAMPLES) return;
  samples = 0;
  for (uint8_t i = 0; i < PHASES; i++) {
    full[i] = filling[i];
    filling[i] = (struct window){0};
  }
  ready = true;
}

void sampler_start(void) {
  DIDR0 = _BV(ADC0D) | _BV(ADC1D);
  ADMUX = PIN(0);
  // 125 kHz, of which a conversion takes 13 clocks; the first one takes 25, and nobody wants it.
  ADCSRA = _BV(ADEN) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0) | _BV(ADSC);
  loop_until_bit_is_clear(ADCSRA, ADSC);
  ADCSRA |= _BV(ADIF) | _BV(ADIE);
  OCR1A = (F_CPU + TICK_RATE / 2) / TICK_RATE - 1;
  TCCR1B = _BV(WGM12) | _BV(CS10);
  TIMSK1 = _BV(OCIE1A);
}

bool sampler_take(struct window windows[PHASES]) {
  if (!ready) return false;
  ATOMIC_BLOCK(ATOMIC_FORCEON) {
    for (uint8_t i = 0; i < PHASES; i++) windows[i] = full[i];
    ready = false;
  }
  return true;
}
