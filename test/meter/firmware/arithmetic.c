/**
 * The firmware's arithmetic on this computer, against exact integers and doubles. Without an argument it
 * checks all and says how far off it ever was; with `lines` it formats what it reads: boot, seq, metered_ms, mA1,
 * mA2, As1 and As2 of each line.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../meter/firmware/arithmetic/crc.h"
#include "../../../meter/firmware/arithmetic/isqrt.h"
#include "../../../meter/firmware/arithmetic/line.h"
#include "../../../meter/firmware/arithmetic/rms.h"
#include "../../../meter/firmware/sensors.h"

#define TURN (2 * 3.14159265358979323846)
#define STEPS_PER_VOLT (1024 / 5.0)

static double between(double from, double to) { return from + (to - from) * rand() / RAND_MAX; }

/** An integer is the nearest to a root when the square lies between those of its neighbouring halves. */
static void check_root(uint32_t square) {
  const uint64_t root = isqrt(square);
  assert(root == 0 || root * root - root < square);
  assert(root == UINT16_MAX || square <= root * root + root);
}

static void check_roots(void) {
  for (uint32_t square = 0; square < 1 << 20; square++) check_root(square);
  for (uint64_t root = 0; root <= UINT16_MAX; root++)
    for (uint64_t square = root * root; square <= root * root + 2 * root; square += root / 2 + 1)
      for (uint64_t near = square; near < square + 3 && near <= UINT32_MAX; near++) check_root((uint32_t)near);
  check_root(UINT32_MAX);
}

/** A window with what its codes truly are. */
struct trial {
  struct window window;
  double sum, squares;
};

static void sample(struct trial *trial, double value) {
  const uint16_t code = value < 0 ? 0 : value > ADC_MOST ? ADC_MOST : (uint16_t)value;
  window_add(&trial->window, code);
  trial->sum += code;
  trial->squares += (double)code * code;
}

static double true_milliamperes(const struct trial *trial, uint32_t milliamperes_per_volt) {
  const double mean = trial->sum / WINDOW_SAMPLES;
  const double variance = trial->squares / WINDOW_SAMPLES - mean * mean;
  return sqrt(fmax(variance, 0)) / STEPS_PER_VOLT * milliamperes_per_volt;
}

/** Waves of any amplitude, offset, harmonic and noise, clipped ones too. */
static struct trial any_wave(void) {
  struct trial trial = {0};
  const double rest = between(380, 644), amplitude = between(0, 1) < 0.5 ? between(0, 60) : between(0, 700);
  const double turn = (between(0, 1) < 0.5 ? 50 : 60) * between(0.99, 1.01) / SAMPLE_RATE, phase = between(0, 1);
  const double third = between(0, 0.5), fifth = between(0, 0.3), noise = between(0, 1) < 0.5 ? 0 : between(0, 8);
  for (unsigned i = 0; i < WINDOW_SAMPLES; i++) {
    const double angle = TURN * (phase + turn * i);
    const double wave = sin(angle) + third * sin(3 * angle) + fifth * sin(5 * angle);
    sample(&trial, rest + amplitude * wave + between(-noise, noise));
  }
  return trial;
}

static void check_one(const struct trial *trial, uint32_t gain, double *worst) {
  const struct channel channel = CHANNEL(gain, 0);
  const double shown = rms_milliamperes(&trial->window, &channel);
  const double wrong = fabs(shown - true_milliamperes(trial, gain));
  // Half a mA, and half of 1/64 step of the ADC; the gain itself is rounded, too.
  assert(wrong <= 0.51 + 0.51 * gain / STEPS_PER_VOLT / 64 + shown * 1e-4);
  if (gain == ACS712_30 && wrong > *worst) *worst = wrong;
}

static void check_rms(void) {
  static const uint32_t gains[] = {ACS712_05, ACS712_20, ACS712_30, SCT_013_000, SCT_013_030, 107000};
  double worst = 0;
  for (int i = 0; i < 2000; i++) {
    const struct trial trial = any_wave();
    for (size_t n = 0; n < sizeof gains / sizeof *gains; n++) check_one(&trial, gains[n], &worst);
  }
  // The largest sums there can be.
  for (int extreme = 0; extreme < 3; extreme++) {
    struct trial trial = {0};
    for (unsigned i = 0; i < WINDOW_SAMPLES; i++) sample(&trial, 1023.0 * (extreme == 2 ? i & 1 : (unsigned)extreme));
    assert(trial.window.clipped);
    for (size_t n = 0; n < sizeof gains / sizeof *gains; n++) check_one(&trial, gains[n], &worst);
  }
  printf("RMS: at most %.2f mA off, ACS712-30A\n", worst);
}

static void check_noise(void) {
  double worst = 0;
  for (int i = 0; i < 2000; i++) {
    const struct trial trial = any_wave();
    const double noise = floor(between(1, 400)), shown = true_milliamperes(&trial, ACS712_30);
    const struct channel channel = CHANNEL(ACS712_30, (uint32_t)noise);
    const double clean = sqrt(fmax(shown * shown - noise * noise, 0));
    const double wrong = fabs(rms_milliamperes(&trial.window, &channel) - clean);
    // The floor is known to half of 1/64 step of the ADC, which weighs the more the less is left above it; and
    // the gain is rounded.
    const double step = 1000.0 / 66 * 5000 / 1024 / 64;
    assert(wrong * fmax(clean, wrong) <= (noise + shown) * step + noise + shown * shown * 3e-5);
    if (clean > 1000 && wrong > worst) worst = wrong;
  }
  printf("noise floor in quadrature: at most %.2f mA off above 1 A\n", worst);
}

static void check_starting_current(void) {
  struct trial trial = {0};
  for (unsigned i = 0; i < WINDOW_SAMPLES; i++) sample(&trial, 512 + (i & 1));
  const struct channel channel = CHANNEL(ACS712_30, 0);
  const uint32_t shown = rms_milliamperes(&trial.window, &channel);
  assert(shown == 37 && !trial.window.clipped);
  struct trial still = {0};
  for (unsigned i = 0; i < WINDOW_SAMPLES; i++) sample(&still, 700);
  assert(rms_milliamperes(&still.window, &channel) == 0);
  const struct channel noisy = CHANNEL(ACS712_30, shown + 1);
  assert(rms_milliamperes(&trial.window, &noisy) == 0);

  const uint32_t sum = LINE_WINDOWS * shown;
  assert(mean_milliamperes(sum, shown) == shown && mean_milliamperes(sum, shown + 1) == 0);
  assert(mean_milliamperes(sum + LINE_WINDOWS / 2, 0) == shown + 1);
  assert(mean_milliamperes(sum + LINE_WINDOWS / 2 - 1, 0) == shown);
  assert(mean_milliamperes(LINE_WINDOWS * UINT32_C(267500), 50) == 267500);
}

static void check_counters(void) {
  struct counters counters = {.boot = 7};
  const uint32_t milliamperes[PHASES] = {12345, 67};
  for (int i = 0; i < 72000; i++) counters_add(&counters, milliamperes);
  assert(counters.boot == 7 && counters.seq == 72000 && counters.metered_ms == 86400000);
  assert(counters.charge[0] == 1066608 && counters.charge[1] == 5788 && counters.rest[1] == 800000);

  const struct counters last = {.seq = UINT32_MAX, .metered_ms = UINT32_MAX - 1000, .charge = {UINT32_MAX, 5}};
  counters = last;
  const uint32_t most[PHASES] = {300000, 0};
  counters_add(&counters, most);
  assert(counters.seq == 0 && counters.metered_ms == 199 && counters.charge[0] == 359 && counters.charge[1] == 5);
}

static void check_line(void) {
  uint16_t crc = 0;
  for (const char *byte = "123456789"; *byte != '\0'; byte++) crc = crc16_add(crc, (uint8_t)*byte);
  assert(crc == 0xBB3D);

  char line[LINE_SIZE];
  const struct counters all = {255, UINT32_MAX, UINT32_MAX, {UINT32_MAX, UINT32_MAX}, {0, 0}};
  const uint32_t most[PHASES] = {UINT32_MAX, UINT32_MAX};
  line_format(line, &all, most);
  assert(strlen(line) == LINE_SIZE - 1);
  assert(strncmp(line, "99 99 ;1,255,4294967295,4294967295,99499,99499,4294967295,4294967295*", 69) == 0);
  printf("the longest line: %s", line);

  // Whole amperes are the nearest ones of what the line says in mA.
  static const struct {
    uint32_t milliamperes[PHASES];
    const char *start, *fields;
  } roundings[] = {
      {{499, 500}, "0 1 ;", ",499,500,"},
      {{1499, 1500}, "1 2 ;", ",1499,1500,"},
      {{99498, 99500}, "99 99 ;", ",99498,99499,"},
  };
  const struct counters none = {0};
  for (size_t n = 0; n < sizeof roundings / sizeof *roundings; n++) {
    line_format(line, &none, roundings[n].milliamperes);
    assert(strncmp(line, roundings[n].start, strlen(roundings[n].start)) == 0);
    assert(strstr(line, roundings[n].fields) != NULL);
  }
}

static void format_lines(void) {
  struct counters counters = {0};
  uint32_t milliamperes[PHASES];
  while (scanf("%" SCNu8 "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32, &counters.boot,
               &counters.seq, &counters.metered_ms, &milliamperes[0], &milliamperes[1], &counters.charge[0],
               &counters.charge[1]) == 7) {
    char line[LINE_SIZE];
    line_format(line, &counters, milliamperes);
    fputs(line, stdout);
  }
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "lines") == 0) {
    format_lines();
    return 0;
  }
  check_roots();
  check_rms();
  check_noise();
  check_starting_current();
  check_counters();
  check_line();
  return 0;
}
