#pragma once
#include <stdint.h>

/** The square root, rounded to the nearest integer; at most 65535. */
uint16_t isqrt(uint32_t square);
