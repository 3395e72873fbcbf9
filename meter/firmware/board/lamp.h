/** The board's own lamp, on pin 13. */
#pragma once
#include <avr/io.h>
#include <stdbool.h>

static inline void lamp_start(void) { DDRB |= _BV(DDB5); }

static inline void lamp_show(bool lit) {
  if (lit)
    PORTB |= _BV(PORTB5);
  else
    PORTB &= (uint8_t)~_BV(PORTB5);
}
