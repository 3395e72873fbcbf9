#include "isqrt.h"

#include <stdbool.h>

uint16_t isqrt(uint32_t square) {
  // Digit by digit in base 2: no multiplication, no division.
  uint32_t root = 0;
  for (uint32_t digit = UINT32_C(1) << 30; digit != 0; digit >>= 2) {
    const uint32_t trial = root + digit;
    root >>= 1;
    if (square >= trial) {
      square -= trial;
      root += digit;
    }
  }
  const bool round_up = square > root && root < UINT16_MAX;
  return (uint16_t)(root + round_up);
}
