import type { SerialPort, SerialPortMock } from 'serialport';
import { exponential } from '../shared/backoff.ts';
import { reason } from '../shared/errors.ts';
import { Notifier } from '../shared/notifier.ts';
import type { Meter } from '../shared/settings/meter.ts';
import type { Time } from '../shared/time.ts';
import { withHolder } from './holder.ts';

export type Port = SerialPort | SerialPortMock;

/** What a device is opened with; `7E1` is 7 data bits, even parity, 1 stop bit. */
export interface SerialOptions {
  path: string;
  baudRate: number;
  dataBits?: 7 | 8;
  parity?: 'none' | 'even' | 'odd';
  stopBits?: 1 | 2;
}

export interface PortOptions {
  path: string;
  /** Bits per second. */
  baud: number;
  /** Default: `8N1`. */
  framing?: NonNullable<Meter['framing']>;
  /** ms after opening in which silence is no fault: opening resets an Uno, which then boots. */
  settle: number;
  /** ms without a byte after which the port is closed and opened again. */
  silence: number;
}

/** A port from when it opened until it closes. */
export interface OpenPort {
  /** Aborts when it closes. */
  readonly signal: AbortSignal;
  /** Closes the port; it is then opened again. */
  reopen(why: string): void;
  /** Hands bytes to the device; a failure closes the port. */
  write(bytes: Uint8Array): void;
  /** Talks and listens at so many bits per second from now on; a failure closes the port. */
  setBaud(rate: number): Promise<void>;
}

export interface PortEvents {
  opened(port: OpenPort): void;
  /** @param quietMs since opening or since the last chunk. */
  data(chunk: Uint8Array, quietMs: number): void;
  /** The port is gone or could not be opened; it will be tried again. */
  closed(why: string): void;
}

/** ms of listening again before silence convicts: had we been stopped ourselves, what came is yet to be read. */
const LAST_LOOK = 250;
/** ms between two looks whether the device is still the one that was opened. */
const LOOK = 1000;
/** ms; a close that takes longer is left behind: the device is gone and so may be the thread that waits for it. */
const CLOSE_TIMEOUT = 1000;

/**
 * Reads a serial port until the signal aborts, and opens it again whenever it closes, fails or falls
 * silent. Silence must count, for serialport 13 can lose a device without any event: when the device
 * goes while the event loop is busy, the native read returns 0 bytes for ever, and only a close ends it.
 * Its name usually tells sooner: it is gone, or leads to another device.
 */
export async function readPort(
  options: PortOptions,
  deps: {
    createPort: (options: SerialOptions) => Port;
    /** Tells one device from the next under the same name; undefined where there is none. */
    identify?: (path: string) => string | undefined;
    time: Time;
    random?: () => number;
  },
  signal: AbortSignal,
  on: PortEvents,
): Promise<void> {
  const backoff = exponential(250, 5000, deps.random);
  for (let attempt = 0; !signal.aborted; attempt++) {
    const port = deps.createPort(serialOptions(options));
    try {
      await open(port);
      const { why, heard } = await listen(port, options, deps, signal, on);
      if (signal.aborted) return;
      on.closed(why);
      if (heard) attempt = 0;
    } catch (error) {
      on.closed(withHolder(reason(error).replace(/^Error: /, ''), options.path));
    } finally {
      await close(port, deps.time);
    }
    await deps.time.sleep(backoff(attempt), signal).catch(() => {});
  }
}

function serialOptions({ path, baud, framing = '8N1' }: PortOptions): SerialOptions {
  const [bits, parity, stop] = framing;
  return {
    path,
    baudRate: baud,
    dataBits: bits === '7' ? 7 : 8,
    parity: parity === 'E' ? 'even' : parity === 'O' ? 'odd' : 'none',
    stopBits: stop === '2' ? 2 : 1,
  };
}

function open(port: Port): Promise<void> {
  return new Promise((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
}

/** Passes chunks on until the port closes, fails or is silent for too long. */
async function listen(
  port: Port,
  options: PortOptions,
  { time, identify = () => undefined }: Pick<Parameters<typeof readPort>[1], 'time' | 'identify'>,
  signal: AbortSignal,
  on: PortEvents,
): Promise<{ why: string; heard: boolean }> {
  const ended = new Notifier();
  const closed = new AbortController();
  let why: string | undefined;
  let heard = false;
  const device = identify(options.path);
  const opened = time.monotonic();
  let lastByte = opened;
  const end = (message: string) => {
    why ??= message;
    closed.abort();
    ended.notify();
  };
  port.on('data', (chunk: Uint8Array) => {
    const now = time.monotonic();
    on.data(chunk, now - lastByte);
    lastByte = now;
    heard = true;
  });
  // A vanished device says `close` with a DisconnectedError, and no `error`.
  port.on('close', (error?: Error | null) => end(error ? reason(error) : 'the port closed'));
  port.on('error', (error: Error) => end(reason(error)));
  on.opened({
    signal: AbortSignal.any([signal, closed.signal]),
    reopen: end,
    write: (bytes) => void (closed.signal.aborted || port.write(bytes)),
    setBaud: (baudRate) =>
      new Promise((resolve) =>
        port.update({ baudRate }, (error) => {
          if (error) end(reason(error));
          resolve();
        }),
      ),
  });

  while (why === undefined && !signal.aborted) {
    const before = lastByte;
    const deadline = Math.max(before + options.silence, opened + options.settle);
    const left = deadline - time.monotonic();
    if (left > 0) {
      await ended.wait(Math.min(left, LOOK), time, signal);
      if (identify(options.path) !== device) end('the device is gone');
      continue;
    }
    await ended.wait(LAST_LOOK, time, signal);
    if (lastByte === before) end(`no byte for ${((time.monotonic() - before) / 1000).toFixed(1)} s`);
  }
  port.removeAllListeners('data');
  return { why: why ?? 'stopped', heard };
}

async function close(port: Port, time: Time): Promise<void> {
  port.removeAllListeners('close').removeAllListeners('error');
  port.on('error', () => {});
  if (!port.isOpen) return;
  const closed = new AbortController();
  port.close(() => closed.abort());
  await time.sleep(CLOSE_TIMEOUT, closed.signal).catch(() => {});
}
