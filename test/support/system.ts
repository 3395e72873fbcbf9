import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { pino } from 'pino';

/** A test, or anything else that undoes at its end what a helper did. */
export type Owner = Pick<ExecutionContext, 'teardown'>;

/** A folder of the test's own, removed when the test ends. */
export function temporaryFolder(t: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), 'wattdog-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A loopback TCP port that was free a moment ago; for programs that cannot be asked to choose their own. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Waits until `look` returns something truthy; fails the caller after `withinMs` with what was awaited. */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => T | Promise<T>,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found) return found as NonNullable<T>;
      last = found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms for ${what}; last: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const silentLog = pino({ level: 'silent' });
