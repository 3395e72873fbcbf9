import { statSync } from 'node:fs';
import { SerialPort } from 'serialport';
import type { Port, SerialOptions } from './port.ts';

export function createSerialPort(options: SerialOptions): Port {
  // hupcl false leaves DTR alone at close, where the line discipline was told so before (see README).
  return new SerialPort({ ...options, autoOpen: false, hupcl: false });
}

/** Tells the device that a name leads to from the one that comes after it; undefined where there is none. */
export function identifyDevice(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev} ${stat.ino} ${stat.rdev}`;
}
