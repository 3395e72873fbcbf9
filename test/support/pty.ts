import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './programs.ts';
import { type Owner, temporaryFolder, until } from './system.ts';

/** A serial device whose other end the test holds; made by socat. */
export interface Pty {
  /** What to open; the same name at each `plug`. */
  readonly path: string;
  /** Sends as the device would. */
  write(bytes: string | Uint8Array): void;
  /** Hears what is written to the device, as the device would. */
  onWritten(listener: (bytes: Buffer) => void): void;
  /** The device goes, as a USB plug is pulled; resolves when it is gone. */
  unplug(): Promise<void>;
  /** It comes back, with nothing of what was sent before. */
  plug(): Promise<void>;
}

/** A plugged pty; gone with the test. */
export async function openPty(t: Owner): Promise<Pty> {
  const path = join(temporaryFolder(t), 'tty');
  let socat: ChildProcess | undefined;
  let held: number | undefined;
  let written: (bytes: Buffer) => void = () => {};

  const plug = async () => {
    socat = spawn(findProgram('socat') ?? 'socat', [`pty,raw,echo=0,link=${path}`, 'stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    socat.stdout?.on('data', (bytes: Buffer) => written(bytes));
    socat.stdin?.on('error', () => {});
    await until(`socat to make ${path}`, 10_000, () => existsSync(path));
    // socat ends when the last reader closes; a real device does not.
    held = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  };
  const unplug = async () => {
    if (held !== undefined) closeSync(held);
    held = undefined;
    if (socat === undefined || socat.exitCode !== null || socat.signalCode !== null) return;
    const exited = once(socat, 'exit');
    // Unlike SIGKILL, it takes the name along, which would lead to somebody else's pty.
    socat.kill('SIGTERM');
    await exited;
  };

  t.teardown(unplug);
  await plug();
  return {
    path,
    write: (bytes) => void socat?.stdin?.write(bytes),
    onWritten(listener) {
      written = listener;
    },
    unplug,
    plug,
  };
}
