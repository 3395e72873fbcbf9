/** Two current sensors in, a line with their currents and the charge counted so far out, every 1.2 s; its lamp warns of too much current. */
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "arithmetic/line.h"
#include "board/keep.h"
#include "board/lamp.h"
#include "board/sampler.h"
#include "board/uart.h"
#include "sensors.h"

int main(void) {
  struct counters counters;
  if (!keep_restore(&counters)) {
    counters = (struct counters){.boot = keep_next_boot()};
    keep_save(&counters);
  }
  lamp_start();
  uart_start();
  sampler_start();
  set_sleep_mode(SLEEP_MODE_IDLE);
  sei();
  for (;;) {
    struct window windows[PHASES];
    while (!sampler_take(windows)) sleep_mode();
    // Here and nowhere else: whatever keeps a window from being filled ends in a reset.
    wdt_reset();
    uint32_t milliamperes[PHASES];
    for (uint8_t phase = 0; phase < PHASES; phase++)
      milliamperes[phase] = rms_milliamperes(&windows[phase], &CHANNELS[phase], STARTING_CURRENT);
    counters_add(&counters, milliamperes);
    keep_save(&counters);
    static char line[LINE_SIZE];
    line_format(line, &counters, milliamperes);
    uart_send(line);
    lamp_show(windows[0].clipped || windows[1].clipped);
  }
}
