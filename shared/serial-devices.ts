import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A serial port of this machine, as far as the system knows it without opening it. */
export interface SerialDevice {
  /** Its most stable name, such as `/dev/serial/by-id/usb-Arduino…`. */
  path: string;
  /** What the kernel calls it, such as `/dev/ttyACM0`; after a replug it may be another. */
  tty: string;
  driver?: string;
  /** What a USB device says of itself; cheap ones say little. */
  vendor?: string;
  product?: string;
  serial?: string;
  /** Vendor and product, such as `2341:0043`. */
  usb?: string;
}

const USB_TTY = /^tty(ACM|USB)\d+$/;
const BOARD_TTY = /^tty(S|AMA|THS|mxc|O)\d+$/;

/** USB serial devices by their most stable name. Nothing is opened, for opening resets an Arduino. */
export function listDevices(root = '/'): string[] {
  return describeDevices(root)
    .filter(({ tty }) => USB_TTY.test(basename(tty)))
    .map(({ path }) => path);
}

/**
 * USB serial devices, then the board’s own ports that have a chip behind them and are not the system’s
 * console. Read from the file system, not from udev, which slim images do not have.
 * @param root of the file system.
 */
export function describeDevices(root = '/'): SerialDevice[] {
  const stable = stableNames(root);
  const ttys = list(join(root, 'dev')).sort(byNumber);
  return [
    ...ttys.filter((tty) => USB_TTY.test(tty)),
    ...ttys.filter((tty) => BOARD_TTY.test(tty) && isPort(root, tty)),
  ].map((tty) => ({
    path: stable.get(tty) ?? `/dev/${tty}`,
    tty: `/dev/${tty}`,
    ...about(join(root, 'sys/class/tty', tty, 'device')),
  }));
}

/** The names under /dev/serial/by-id by what they lead to. */
function stableNames(root: string): Map<string, string> {
  const folder = '/dev/serial/by-id';
  return new Map(
    list(join(root, folder)).flatMap((name) => {
      const target = realPath(join(root, folder, name));
      return target === undefined ? [] : [[basename(target), `${folder}/${name}`] as const];
    }),
  );
}

/** The kernel names four of them on every PC, whether they are there or not. */
function isPort(root: string, tty: string): boolean {
  const consoles = read(join(root, 'sys/class/tty/console/active'))?.split(' ') ?? [];
  const type = read(join(root, 'sys/class/tty', tty, 'type'));
  return !consoles.includes(tty) && type !== undefined && type !== '0';
}

/** What sysfs tells of the interface, and of the USB device that it is part of. */
function about(link: string): Omit<SerialDevice, 'path' | 'tty'> {
  const device = realPath(link);
  if (device === undefined) return {};
  const usb = usbDeviceOf(device);
  const known = {
    driver: linked(join(device, 'driver')),
    ...(usb === undefined
      ? {}
      : {
          vendor: read(join(usb, 'manufacturer')),
          product: read(join(usb, 'product')),
          serial: read(join(usb, 'serial')),
          usb: `${read(join(usb, 'idVendor'))}:${read(join(usb, 'idProduct'))}`,
        }),
  };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
}

function usbDeviceOf(device: string): string | undefined {
  for (let at = device; at !== dirname(at); at = dirname(at)) if (existsSync(join(at, 'idVendor'))) return at;
  return undefined;
}

function linked(path: string): string | undefined {
  try {
    return basename(readlinkSync(path));
  } catch {
    return undefined;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // Unplugged meanwhile.
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
