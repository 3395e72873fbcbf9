#pragma once
#include <stdint.h>

/** CRC-16/ARC: begins with 0, and "123456789" makes 0xBB3D. */
uint16_t crc16_add(uint16_t crc, uint8_t byte);
