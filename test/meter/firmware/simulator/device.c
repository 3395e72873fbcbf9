/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int master = -1;
static int held;
static char slave[64];
static const char *link_name;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

void device_plug(const char *name) {
  if (master >= 0) return;
  int end;
  if (openpty(&master, &end, slave, NULL, NULL) < 0) fail("openpty");
  struct termios modes;
  tcgetattr(end, &modes);
  cfmakeraw(&modes);
  modes.c_cflag |= HUPCL | CLOCAL;
  tcsetattr(end, TCSANOW, &modes);
  close(end);
  fcntl(master, F_SETFL, O_NONBLOCK);
  link_name = name;
  unlink(link_name);
  if (symlink(slave, link_name) < 0) fail(link_name);
  held = 0;
}

void device_unplug(void) {
  if (master < 0) return;
  unlink(link_name);
  const int end = open(slave, O_RDWR | O_NOCTTY | O_NONBLOCK);
  // Only root may; for others the end of the master is a hang-up, too.
  if (end >= 0 && ioctl(end, TIOCVHANGUP) < 0 && errno != EPERM) fail("TIOCVHANGUP");
  if (end >= 0) close(end);
  close(master);
  master = -1;
  held = 0;
}

int device_plugged(void) { return master >= 0; }

int device_held(void) { return held; }

int device_opened(void) {
  if (master < 0) return 0;
  uint8_t unheard[256];
  while (read(master, unheard, sizeof unheard) > 0);
  struct pollfd look = {.fd = master, .events = POLLIN};
  poll(&look, 1, 0);
  const int before = held;
  held = (look.revents & POLLHUP) == 0;
  return held && !before;
}

int device_send(uint8_t byte) { return held && write(master, &byte, 1) == 1; }
