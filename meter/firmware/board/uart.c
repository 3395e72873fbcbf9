#include "uart.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "../arithmetic/line.h"

#ifndef BAUD
#define BAUD 9600
#endif
#include <util/setbaud.h>
_Static_assert(UINT32_C(10) * LINE_SIZE * 1000 / BAUD < LINE_MS, "a line must be out before the next one");

static const char *volatile next;

ISR(USART_UDRE_vect) {
  const char *byte = next;
  UDR0 = *byte++;
  next = byte;
  if (*byte == '\0') UCSR0B &= ~_BV(UDRIE0);
}

void uart_start(void) {
  UBRR0 = UBRR_VALUE;
  UCSR0A = USE_2X ? _BV(U2X0) : 0;
  UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
  UCSR0B = _BV(TXEN0);
}

void uart_send(const char *text) {
  next = text;
  UCSR0B |= _BV(UDRIE0);
}
