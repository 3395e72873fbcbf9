#include "counters.h"

#define MICRO UINT32_C(1000000)

void counters_add(struct counters *counters, const uint32_t milliamperes[PHASES]) {
  counters->seq++;
  counters->metered_ms += WINDOW_MS;
  for (uint8_t phase = 0; phase < PHASES; phase++) {
    const uint32_t rest = counters->rest[phase] + milliamperes[phase] * WINDOW_MS;
    counters->charge[phase] += rest / MICRO;
    counters->rest[phase] = rest % MICRO;
  }
}
