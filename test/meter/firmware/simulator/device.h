/* SPDX-License-Identifier: GPL-3.0-or-later */
/** The pseudo-terminal that stands for the board's USB serial port. */
#pragma once
#include <stdint.h>

/** Makes the device under this name. */
void device_plug(const char *name);
/** It goes as a USB device goes: whoever reads it is hung up on. */
void device_unplug(void);
int device_plugged(void);
/** Whether somebody has it open. */
int device_held(void);
/** To be called often; 1 when somebody has just opened it after nobody had, as raises DTR. */
int device_opened(void);
/** A byte from the board; 0 when it was lost for want of a reader. */
int device_send(uint8_t byte);
