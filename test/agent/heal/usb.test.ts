import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { resetUsb } from '../../../agent/heal/usb.ts';
import { GiveUpError, RetryError } from '../../../shared/errors.ts';
import { systemTime, type Time } from '../../../shared/time.ts';
import { diskTest } from '../../support/real.ts';
import { mountSmallDisk } from '../../support/small-disk.ts';
import { temporaryFolder, until } from '../../support/system.ts';

const never = new AbortController().signal;

/** A device in a folder that stands in for sysfs. */
function device(t: ExecutionContext, folder = temporaryFolder(t)) {
  const path = join(folder, '1-1.2');
  mkdirSync(path);
  writeFileSync(join(path, 'authorized'), '1');
  return { path, authorized: () => readFileSync(join(path, 'authorized'), 'utf8') };
}

test('a device is taken away for a second, and given back', async (t) => {
  const { path, authorized } = device(t);
  const meanwhile: unknown[] = [];
  const time: Time = {
    ...systemTime,
    sleep: async (ms) => void meanwhile.push(ms, authorized()),
  };
  await resetUsb(path, time, never);
  t.deepEqual(meanwhile, [1000, '0']);
  t.is(authorized(), '1');
});

test('it is given back even when we are told to stop in between', async (t) => {
  const { path, authorized } = device(t);
  const stop = new AbortController();
  const reset = resetUsb(path, systemTime, stop.signal);
  await until('it to be taken away', 10_000, () => authorized() === '0');
  stop.abort(new Error('the agent is shutting down'));
  await t.throwsAsync(reset, { message: 'the agent is shutting down' });
  t.is(authorized(), '1');
});

test('a device that is not plugged in may come back, and nothing is made in its place', async (t) => {
  const folder = temporaryFolder(t);
  await t.throwsAsync(resetUsb(join(folder, '1-1.2'), systemTime, never), {
    instanceOf: RetryError,
    message: /writing 0 to .*1-1\.2\/authorized: must be plugged in; ls .* shows what is/,
  });
  mkdirSync(join(folder, '1-1.3'));
  await t.throwsAsync(resetUsb(join(folder, '1-1.3'), systemTime, never), { instanceOf: RetryError });
  t.deepEqual(readdirSync(join(folder, '1-1.3')), []);
});

test('a path that leads nowhere is for a person', async (t) => {
  await t.throwsAsync(resetUsb(join(temporaryFolder(t), 'devices/1-1.2'), systemTime, never), {
    instanceOf: GiveUpError,
    message: /devices must be there, is not; agent\.docker\.usb_reset names a device below it/,
  });
});

test('what may not be written is for a person', async (t) => {
  const path = join(temporaryFolder(t), '1-1.2');
  mkdirSync(path);
  // Refused to everybody, root among them.
  symlinkSync('/proc/sys/kernel/osrelease', join(path, 'authorized'));
  await t.throwsAsync(resetUsb(path, systemTime, never), {
    instanceOf: GiveUpError,
    message: /must be allowed, is refused; the agent needs to be root/,
  });
});

diskTest()('sysfs that is mounted read-only, as in a container, is for a person', async (t) => {
  const disk = mountSmallDisk(t);
  const { path } = device(t, disk.folder);
  disk.protect();
  await t.throwsAsync(resetUsb(path, systemTime, never), {
    instanceOf: GiveUpError,
    message: /must be writable, is read-only here; a container needs \/sys mounted writable/,
  });
});
