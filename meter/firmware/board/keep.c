#include "keep.h"

#include <avr/cpufunc.h>
#include <avr/eeprom.h>
#include <stddef.h>

#include "../arithmetic/crc.h"

/** Another one whenever the layout of the counters is. */
#define LAYOUT UINT16_C(0x5701)

/**
 * Memory that nobody clears. Bootloaders clear MCUSR, so that the cause of a reset is not to be had: what
 * is still there and whole is still true. The Makefile puts it where bootloaders do not write.
 */
struct copy {
  uint16_t layout;
  struct counters counters;
  uint16_t crc;
};
static struct copy copies[2] __attribute__((section(".noinit")));

/** 100 000 writes of one cell are a loss of power each day for 270 years: no need to spread them. */
static uint8_t boots EEMEM;

static uint16_t checksum(const struct copy *copy) {
  const uint8_t *bytes = (const uint8_t *)copy;
  uint16_t crc = 0;
  for (uint8_t i = 0; i < offsetof(struct copy, crc); i++) crc = crc16_add(crc, bytes[i]);
  return crc;
}

bool keep_restore(struct counters *counters) {
  // The first is the newer one, unless the reset came while it was written.
  for (uint8_t i = 0; i < 2; i++) {
    if (copies[i].layout != LAYOUT || copies[i].crc != checksum(&copies[i])) continue;
    *counters = copies[i].counters;
    return true;
  }
  return false;
}

void keep_save(const struct counters *counters) {
  struct copy copy = {.layout = LAYOUT, .counters = *counters};
  copy.crc = checksum(&copy);
  for (uint8_t i = 0; i < 2; i++) {
    copies[i] = copy;
    // One after the other, so that one of them is whole at any moment.
    _MemoryBarrier();
  }
}

uint8_t keep_next_boot(void) {
  const uint8_t boot = eeprom_read_byte(&boots) + 1;
  eeprom_update_byte(&boots, boot);
  return boot;
}
