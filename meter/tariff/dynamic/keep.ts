import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setAside } from '../../../shared/database.ts';
import { reason } from '../../../shared/errors.ts';
import type { Log } from '../../../shared/log.ts';

/** A small JSON file that is replaced as a whole: what is read is what was once written, or nothing. */
export interface Keep<T> {
  /** Undefined where there is none, or it cannot be understood; then it is set aside. */
  load(): T | undefined;
  /** A disk that refuses is told of once, and costs nothing but what would have been kept. */
  save(value: T): void;
}

/** What such a file holds, for who must leave it as it is. @returns undefined where that is nothing of use. */
export function peek<T>(path: string, check: (value: unknown) => T): T | undefined {
  try {
    return check(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** @param check gives back what was read as what it must be, and throws where it is not. */
export function createKeep<T>(
  path: string,
  check: (value: unknown) => T,
  { log, now }: { log: Log; now: () => number },
): Keep<T> {
  let refused = false;
  return {
    load() {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch (error) {
        if (!isMissing(error)) log.warn(`reading ${path}: ${reason(error)}; going on without it`);
        return undefined;
      }
      try {
        return check(JSON.parse(text));
      } catch (error) {
        log.warn(`${path} is damaged (${reason(error)}); it is set aside${moved(path, now())}`);
        return undefined;
      }
    },
    save(value) {
      try {
        replace(path, JSON.stringify(value));
        refused = false;
      } catch (error) {
        if (!refused) log.warn(`writing ${path}: ${reason(error)}; going on without it`);
        refused = true;
      }
    },
  };
}

function replace(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.new`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}

function moved(path: string, now: number): string {
  try {
    return ` as ${setAside(path, now)}`;
  } catch (error) {
    return `, which failed: ${reason(error)}`;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
