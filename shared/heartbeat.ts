import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { every, type Time } from './time.ts';

const PERIOD = 5000;
const TOO_OLD = 20_000;

export type Role = 'agent' | 'meter' | 'broker';

/**
 * Shows from outside that this process's event loop turns: it touches a file, which `wattdog
 * healthcheck` looks at. It says nothing about meters, ports or stores: those are watched, and their
 * trouble must not get a healthy process restarted.
 */
export async function keepHeartbeat(role: Role, time: Time, signal: AbortSignal): Promise<void> {
  await every(PERIOD, time, signal, () => attempt(() => beat(role, new Date(time.now()))));
  attempt(() => rmSync(file(role), { force: true }));
}

/** Made anew each time: whoever tidies up the folder must not end the process. */
function beat(role: Role, now: Date): void {
  writeFileSync(file(role), '');
  utimesSync(file(role), now, now);
}

/** A folder that is full or another user's file in it is the health check's to notice: the work goes on. */
function attempt(touch: () => void): void {
  try {
    touch();
  } catch {}
}

/** Milliseconds since the last beat when it is too old; undefined while the process lives. */
export function missedHeartbeat(role: Role, now: number): number | undefined {
  const age = now - (statSync(file(role), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return age > TOO_OLD ? age : undefined;
}

function file(role: Role): string {
  return join(tmpdir(), `wattdog-${role}.alive`);
}
