import { readFileSync } from 'node:fs';
import test from 'ava';
import { type PrivateEngine, startEngine } from './engine.ts';
import { realTest } from './real.ts';

/**
 * `test.serial` where a private engine can be had: dockerd with its helpers, and the rights to run them.
 * Serial, because one engine shared by many tests at once is a load test.
 */
export function engineTest(...programs: string[]) {
  if (isPrivileged())
    return realTest('dockerd', 'docker', 'containerd', 'runc', ...programs) === test
      ? test.serial
      : test.serial.skip;
  const need = 'dockerd needs root with CAP_SYS_ADMIN';
  if (process.env.REQUIRE_REAL === '1') throw new Error(`REQUIRE_REAL=1 forbids skipping, but ${need}`);
  process.stderr.write(`skipping: ${need}\n`);
  return test.serial.skip;
}

/** One engine for a test file: started by the first call, ended after the file's last test. */
export function sharedEngine(prepare: (engine: PrivateEngine) => Promise<void> = async () => {}) {
  let starting: Promise<PrivateEngine> | undefined;
  test.after.always('end the private engine', async () => {
    await (await starting?.catch(() => undefined))?.stop();
  });
  return () => {
    starting ??= startEngine().then(async (engine) => {
      try {
        await prepare(engine);
        return engine;
      } catch (error) {
        await engine.stop();
        throw error;
      }
    });
    return starting;
  };
}

/** Root with CAP_SYS_ADMIN (bit 21), which root in an ordinary container lacks. */
function isPrivileged(): boolean {
  if (process.getuid?.() !== 0) return false;
  const [, capabilities = '0'] = /^CapEff:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return (BigInt(`0x${capabilities}`) & (1n << 21n)) !== 0n;
}
