#include "line.h"

#include "crc.h"

static char *put_number(char *end, uint32_t number) {
  char digits[10];
  uint8_t count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (count > 0) *end++ = digits[--count];
  return end;
}

static char *put_field(char *end, uint32_t number) {
  *end++ = ',';
  return put_number(end, number);
}

static char *put_checksum(char *end, const char *line) {
  uint16_t crc = 0;
  for (const char *byte = line; byte < end; byte++) crc = crc16_add(crc, (uint8_t)*byte);
  *end++ = '*';
  for (uint8_t digit = 0; digit < 4; digit++) {
    const uint8_t value = crc >> 12;
    *end++ = (char)(value < 10 ? '0' + value : 'A' + value - 10);
    crc <<= 4;
  }
  return end;
}

static uint32_t printable(uint32_t milliamperes) {
  return milliamperes < LINE_MOST_MILLIAMPERES ? milliamperes : LINE_MOST_MILLIAMPERES;
}

void line_format(char line[LINE_SIZE], const struct counters *counters, const uint32_t milliamperes[PHASES]) {
  char *end = line;
  for (uint8_t phase = 0; phase < PHASES; phase++) {
    end = put_number(end, (printable(milliamperes[phase]) + 500) / 1000);
    *end++ = ' ';
  }
  *end++ = ';';
  *end++ = '1';
  end = put_field(end, counters->boot);
  end = put_field(end, counters->seq);
  end = put_field(end, counters->metered_ms);
  for (uint8_t phase = 0; phase < PHASES; phase++) end = put_field(end, printable(milliamperes[phase]));
  for (uint8_t phase = 0; phase < PHASES; phase++) end = put_field(end, counters->charge[phase]);
  end = put_checksum(end, line);
  *end++ = '\n';
  *end = '\0';
}
