import { randomInt } from 'node:crypto';
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

/**
 * A port of loopback that nobody listens on. It is none of those that the kernel gives to connections:
 * one of them could take it while its owner is down, or a client that tries it meet itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) =>
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)),
    );
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** ms that every wait has: a machine may be so busy with others that what takes a moment takes seconds. */
const PATIENCE = 60_000;

/**
 * Waits until `look` returns something truthy; fails the caller with what was awaited after `withinMs`, but not
 * before a minute has passed: who waits for what comes loses nothing by patience.
 */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => T | Promise<T>,
): Promise<NonNullable<T>> {
  const patience = Math.max(withinMs, PATIENCE);
  const deadline = Date.now() + patience;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found) return found as NonNullable<T>;
      last = found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${patience} ms for ${what}; last: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Makes the same assertions again and again until all hold, for what is still on its way; the last try counts,
 * and shows what it found instead.
 */
export async function eventually(
  t: ExecutionContext,
  assertions: (t: ExecutionContext) => Promise<unknown>,
  withinMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const attempt = await t.try(async (trial) => void (await assertions(trial)));
    if (attempt.passed || Date.now() > deadline) return attempt.commit();
    attempt.discard();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const silentLog = pino({ level: 'silent' });
