/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "board.h"

#include <simavr/avr_adc.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "drive.h"

#define CLOCK 16000000
#define SUPPLY_MV 5000
#define RAM_START 0x100
#define RAM_END 0x900
/** Bootloaders clear and fill memory from below, and have their stack above. */
#define BOOT_VARIABLES_END 0x300
#define BOOT_STACK 0x8C0
/** What lies above is the stack's; painted, it tells how far that ever came. */
#define STACK_LOWEST 0x700
#define STACK_PAINT 0xA5
#define ADCSRA 0x7A
#define ADIE 0x08
#define LAMP 5

static avr_t *avr;
static avr_irq_t *analogue;
static int mute;
static double flip;
static struct board_status status;

/** simavr takes whole millivolts and has 1023 steps in the reference: these make it the wanted one of 1024. */
static uint32_t millivolts_for(unsigned code) { return (code * SUPPLY_MV + 1022) / 1023; }

static void on_conversion(avr_irq_t *irq, uint32_t value, void *param) {
  (void)irq, (void)param;
  const union {
    uint32_t value;
    avr_adc_mux_t mux;
  } chosen = {.value = value};
  const unsigned pin = chosen.mux.src;
  if (chosen.mux.kind != ADC_MUX_SINGLE || pin >= PHASES) return;
  avr_raise_irq(analogue + ADC_IRQ_ADC0 + pin, millivolts_for(drive_code((int)pin, board_seconds())));
}

static void on_byte(avr_irq_t *irq, uint32_t value, void *param) {
  (void)irq, (void)param;
  uint8_t byte = (uint8_t)value;
  if (mute) return;
  if (byte == '\n') status.lines++;
  if (flip > 0 && drand48() < flip) byte ^= (uint8_t)(1 << (lrand48() & 7));
  if (!device_send(byte)) status.lost++;
}

static void on_lamp(avr_irq_t *irq, uint32_t value, void *param) {
  (void)irq, (void)param;
  status.lamp = value != 0;
}

/** simavr would wait in real time. */
static void no_wait(avr_t *unused, avr_cycle_count_t cycles) { (void)unused, (void)cycles; }

/** simavr's own reset of this processor. */
static void (*reset_processor)(avr_t *);

static void on_reset(avr_t *processor) {
  status.resets++;
  reset_processor(processor);
}

static void measure_stack(void) {
  unsigned top = STACK_LOWEST;
  while (top < RAM_END && avr->data[top] == STACK_PAINT) top++;
  if (RAM_END - top > status.stack) status.stack = RAM_END - top;
}

static void paint(unsigned from, unsigned to) { memset(avr->data + from, STACK_PAINT, to - from); }

void board_start(const char *file) {
  static elf_firmware_t firmware;
  if (elf_read_firmware(file, &firmware) != 0) exit(1);
  firmware.frequency = CLOCK;
  avr = avr_make_mcu_by_name("atmega328p");
  avr->log = LOG_ERROR;
  avr_init(avr);
  avr_load_firmware(avr, &firmware);
  avr->vcc = avr->avcc = avr->aref = SUPPLY_MV;
  avr->sleep = no_wait;
  reset_processor = avr->reset;
  avr->reset = on_reset;
  uint32_t quiet = 0;
  avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &quiet);
  analogue = avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, 0);
  avr_irq_register_notify(analogue + ADC_IRQ_OUT_TRIGGER, on_conversion, NULL);
  avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_byte, NULL);
  avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('B'), LAMP), on_lamp, NULL);
  paint(STACK_LOWEST, RAM_END);
  board_power_up();
}

double board_seconds(void) { return (double)avr->cycle / CLOCK; }

void board_run(double seconds) {
  const avr_cycle_count_t until = avr->cycle + (avr_cycle_count_t)(seconds * CLOCK);
  while (avr->cycle < until) {
    const int state = avr_run(avr);
    if (state != cpu_Done && state != cpu_Crashed) continue;
    fprintf(stderr, "the processor stopped in state %d\n", state);
    exit(1);
  }
}

void board_reset(void) {
  measure_stack();
  paint(RAM_START, BOOT_VARIABLES_END);
  paint(BOOT_STACK, RAM_END);
  avr_reset(avr);
}

void board_power_up(void) {
  measure_stack();
  for (unsigned byte = RAM_START; byte < STACK_LOWEST; byte++) avr->data[byte] = (uint8_t)lrand48();
  paint(STACK_LOWEST, RAM_END);
  avr_reset(avr);
}

void board_stall(void) { avr->data[ADCSRA] &= (uint8_t)~ADIE; }

void board_mute(int wanted) { mute = wanted; }

void board_flip(double likelihood) { flip = likelihood; }

struct board_status board_status(void) {
  measure_stack();
  return status;
}
