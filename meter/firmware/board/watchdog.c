#include <avr/io.h>
#include <avr/wdt.h>

/**
 * Runs before main(), with no stack to return to: the watchdog may still be at its shortest after a reset of
 * its own, and MCUSR would hold it there.
 */
__attribute__((naked, used, section(".init3"))) void watchdog_start(void);
void watchdog_start(void) {
  MCUSR = 0;
  // Off first: simavr would keep the shortest time.
  wdt_disable();
  wdt_enable(WDTO_2S);
}
