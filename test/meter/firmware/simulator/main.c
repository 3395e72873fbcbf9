/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * simulator FIRMWARE.elf NAME: runs the panel's firmware on a simulated Arduino Uno whose serial port is the
 * pseudo-terminal NAME. It is told on standard input what to do, a command a line, and answers each with a line
 * of JSON once it is done. Time stands still but for `run` and `speed`.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "device.h"
#include "drive.h"

/** Of the board's clock, between two looks at the world. */
#define SLICE 0.01
#define PAUSE_MS 10
#define CLOCK_TICK (1 / 16e6)

static FILE *answers;
static const char *name;
static int resets_on_open;
/** Of the board's clock to the true one; 0 stands still. */
static double speed;
/** Where both clocks were when the speed was set. */
static double board_origin;
static double true_origin;

static double true_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void look_at_device(void) {
  if (device_opened() && resets_on_open) board_reset();
}

static void run(double seconds) {
  const double until = board_seconds() + seconds;
  for (double left = seconds; left > CLOCK_TICK; left = until - board_seconds()) {
    look_at_device();
    board_run(left < SLICE ? left : SLICE);
  }
  look_at_device();
}

static void set_speed(double wanted) {
  speed = wanted;
  board_origin = board_seconds();
  true_origin = true_seconds();
}

static void garbage(int count) {
  while (count-- > 0) device_send((uint8_t)lrand48());
}

static void answer(void) {
  const struct board_status board = board_status();
  const double now = board_seconds();
  fprintf(answers,
         "{\"seconds\":%.6f,\"charge\":[%.6f,%.6f],\"lines\":%lu,\"lost\":%lu,\"resets\":%u,\"lamp\":%s,"
         "\"stack\":%u,\"open\":%s}\n",
         now, drive_charge(0, now), drive_charge(1, now), board.lines, board.lost, board.resets,
         board.lamp ? "true" : "false", board.stack, device_held() ? "true" : "false");
  fflush(answers);
}

static int obey(const char *command, const double values[2]) {
  const double now = board_seconds();
  const int on = values[0] != 0;
#define IS(word) (strcmp(command, word) == 0)
  if (IS("amps")) drive_amperes(now, values);
  else if (IS("hz")) drive_frequency(now, values[0]);
  else if (IS("harmonic")) return drive_harmonic(now, (unsigned)values[0], values[1]);
  else if (IS("dimmer")) drive_dimmer(now, values[0]);
  else if (IS("lag")) drive_lag(values[0]);
  else if (IS("sensors")) drive_sensors(values);
  else if (IS("rest")) drive_rest(values[0]);
  else if (IS("noise")) drive_noise(values[0]);
  else if (IS("run")) run(values[0]);
  else if (IS("speed")) set_speed(values[0]);
  else if (IS("reset")) board_reset();
  else if (IS("autoreset")) resets_on_open = on;
  else if (IS("stall")) board_stall();
  else if (IS("garbage")) garbage((int)values[0]);
  else if (IS("flip")) board_flip(values[0]);
  else if (IS("mute")) board_mute(on);
  else if (IS("blackout")) board_power_up();
  else if (IS("unplug")) device_unplug();
  else if (IS("plug")) device_plug(name), board_power_up(), set_speed(speed);
  else return IS("status");
#undef IS
  return 1;
}

/** Obeys all that came; ends with the standard input. */
static void read_commands(void) {
  static char buffer[256];
  static size_t length;
  const ssize_t count = read(STDIN_FILENO, buffer + length, sizeof buffer - 1 - length);
  if (count <= 0) {
    if (device_plugged()) device_unplug();
    exit(0);
  }
  length += (size_t)count;
  buffer[length] = '\0';
  for (char *end; (end = strchr(buffer, '\n')) != NULL;) {
    char command[16] = "";
    double values[2] = {0, 0};
    *end = '\0';
    const int words = sscanf(buffer, "%15s %lf %lf", command, &values[0], &values[1]);
    if (words < 1 || !obey(command, values)) {
      fprintf(stderr, "no such command: %s\n", buffer);
      exit(2);
    }
    answer();
    length -= (size_t)(end + 1 - buffer);
    memmove(buffer, end + 1, length + 1);
  }
}

/** Milliseconds that the board is ahead of where its speed wants it. */
static int ahead(void) {
  const double late = (true_seconds() - true_origin) * speed - (board_seconds() - board_origin);
  // What was missed while the machine had no time for us is not made up for.
  if (late > 1) set_speed(speed);
  return late >= 0 ? 0 : 1 + (int)(-late / speed * 1000);
}

int main(int count, char **arguments) {
  if (count != 3) return fprintf(stderr, "usage: simulator FIRMWARE.elf NAME\n"), 2;
  name = arguments[2];
  // simavr has words for the standard output, too.
  answers = fdopen(dup(STDOUT_FILENO), "w");
  dup2(STDERR_FILENO, STDOUT_FILENO);
  board_start(arguments[1]);
  device_plug(name);
  answer();
  for (;;) {
    const int running = speed > 0 && device_plugged();
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    const int wait = running ? ahead() : PAUSE_MS;
    if (poll(&input, 1, wait) > 0) read_commands();
    look_at_device();
    if (running && ahead() == 0) board_run(SLICE);
  }
}
