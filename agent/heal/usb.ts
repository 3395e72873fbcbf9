import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GiveUpError, RetryError } from '../../shared/errors.ts';
import type { Time } from '../../shared/time.ts';

/** ms between taking a device away and giving it back: enough for its drivers to let go. */
const OFF = 1000;

/**
 * Resets a USB device as if it were pulled and plugged, for boards that hang until then.
 * @param path in sysfs, such as `/sys/bus/usb/devices/1-1.2`
 * @throws RetryError when the device is not there; GiveUpError when it may not be reset from here
 */
export async function resetUsb(path: string, time: Time, signal: AbortSignal): Promise<void> {
  await authorize(path, '0');
  try {
    await time.sleep(OFF, signal);
  } finally {
    // Even when we are told to stop: a device that was left without would stay so until it is unplugged.
    await authorize(path, '1');
  }
}

async function authorize(path: string, value: '0' | '1'): Promise<void> {
  const file = join(path, 'authorized');
  try {
    // Never made where it is not: what is written must reach the kernel.
    await writeFile(file, value, { flag: 'r+' });
  } catch (error) {
    throw failure(`resetting the USB device: writing ${value} to ${file}`, path, error);
  }
}

function failure(doing: string, path: string, cause: unknown): Error {
  const give = (rule: string) => new GiveUpError(`${doing}: ${rule}`, 1, { cause });
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENODEV':
      if (!existsSync(dirname(path)))
        return give(`${dirname(path)} must be there, is not; agent.docker.usb_reset names a device below it`);
      return new RetryError(`${doing}: must be plugged in; ls ${dirname(path)} shows what is`, { cause });
    case 'EROFS':
      return give(
        'must be writable, is read-only here; a container needs /sys mounted writable, as /sys:/sys',
      );
    case 'EACCES':
    case 'EPERM':
      return give('must be allowed, is refused; the agent needs to be root, or a udev rule has to allow it');
    default:
      return new RetryError(doing, { cause });
  }
}
