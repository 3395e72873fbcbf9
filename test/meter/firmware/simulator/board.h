/* SPDX-License-Identifier: GPL-3.0-or-later */
/** An Arduino Uno: the ATmega328P of simavr with its sensors, its serial port and its ways of being reset. */
#pragma once
#include <stdint.h>

/** Loads an ELF file; the power is on. */
void board_start(const char *firmware);
/** Seconds of the board's own clock; stands still without power. */
double board_seconds(void);
/** Runs on for a time. */
void board_run(double seconds);

/** As DTR does it: the bootloader runs, clears MCUSR and leaves its traces in the memory. */
void board_reset(void);
/** Power comes back after it was lost, and with it another content of the memory; the EEPROM keeps its own. */
void board_power_up(void);
/** Silences the ADC, as a runaway program could; the timer goes on waking the processor. */
void board_stall(void);

void board_mute(int mute);
/** The likelihood of a wrong bit in each byte sent. */
void board_flip(double likelihood);

struct board_status {
  unsigned long lines;
  /** Bytes that nobody was there to read. */
  unsigned long lost;
  /** Of any kind. */
  unsigned resets;
  int lamp;
  /** The most bytes that were ever on the stack. */
  unsigned stack;
};
struct board_status board_status(void);
