import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const BY_ID = '/dev/serial/by-id';
const USB_TTY = /^tty(ACM|USB)\d+$/;

/**
 * Serial devices on this machine by their most stable name. Read from the file system, not from udev,
 * which slim images do not have; nothing is opened, for opening resets an Arduino.
 */
export function listDevices(): string[] {
  const stable = existsSync(BY_ID) ? readdirSync(BY_ID).map((name) => join(BY_ID, name)) : [];
  if (stable.length > 0) return stable;
  return readdirSync('/dev')
    .filter((name) => USB_TTY.test(name))
    .map((name) => join('/dev', name));
}
