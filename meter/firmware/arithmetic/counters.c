#include "counters.h"

#define MICRO UINT32_C(1000000)

void counters_add(struct counters *counters, const uint32_t milliamperes[PHASES]) {
  counters->seq++;
  counters->metered_ms += LINE_MS;
  for (uint8_t phase = 0; phase < PHASES; phase++) {
    const uint32_t rest = counters->rest[phase] + milliamperes[phase] * LINE_MS;
    counters->charge[phase] += rest / MICRO;
    counters->rest[phase] = rest % MICRO;
  }
}

uint32_t mean_milliamperes(uint32_t sum, uint32_t starting_milliamperes) {
  const uint32_t mean = (sum + LINE_WINDOWS / 2) / LINE_WINDOWS;
  return mean < starting_milliamperes ? 0 : mean;
}
