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

/** What the windows of one line come to. */
struct measured {
  uint32_t milliamperes[PHASES];
  bool clipped;
};

static struct measured measure(void) {
  struct measured all = {0};
  for (uint8_t count = 0; count < LINE_WINDOWS; count++) {
    struct window windows[PHASES];
    while (!sampler_take(windows)) sleep_mode();
    for (uint8_t phase = 0; phase < PHASES; phase++) {
      all.milliamperes[phase] += rms_milliamperes(&windows[phase], &CHANNELS[phase]);
      all.clipped |= windows[phase].clipped;
    }
  }
  for (uint8_t phase = 0; phase < PHASES; phase++)
    all.milliamperes[phase] = mean_milliamperes(all.milliamperes[phase], STARTING_CURRENT);
  return all;
}

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
  // Ends what a reset cut short, for the next line would else be lost with it.
  uart_send("\n");
  for (;;) {
    const struct measured measured = measure();
    // Here and nowhere else: whatever keeps a line from being measured ends in a reset.
    wdt_reset();
    counters_add(&counters, measured.milliamperes);
    keep_save(&counters);
    static char line[LINE_SIZE];
    line_format(line, &counters, measured.milliamperes);
    uart_send(line);
    lamp_show(measured.clipped);
  }
}
