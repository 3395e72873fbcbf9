import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Journal } from '../../../agent/journal/journal.ts';
import { findProgram } from '../../support/programs.ts';
import { diskTest, realTest } from '../../support/real.ts';
import { mountSmallDisk } from '../../support/small-disk.ts';
import { temporaryFolder, until } from '../../support/system.ts';

const WRITER = join(import.meta.dirname, '../../support/journal-writer.ts');

const onDisk = diskTest();

/** Starts a stubborn journal writer through the given command; what it printed so far, and its end. */
function startWriter(t: ExecutionContext, path: string, size: number, ...through: string[]) {
  const [program = '', ...args] = [...through, process.execPath, WRITER, path, String(size), 'stubborn'];
  // In a group of its own, so that a tracer and what it traces end together.
  const writer: ChildProcess = spawn(findProgram(program) ?? program, args, { detached: true });
  let [printed, said] = ['', ''];
  writer.stdout?.on('data', (chunk) => {
    printed += chunk;
  });
  writer.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const kill = async () => {
    if (writer.exitCode !== null || writer.signalCode !== null || writer.pid === undefined) return;
    const closed = once(writer, 'close');
    process.kill(-writer.pid, 'SIGKILL');
    await closed;
  };
  t.teardown(kill);
  return { kill, told: () => Number(printed.split('\n').at(-2) ?? 0), said: () => said };
}

function checkHeld(t: ExecutionContext, path: string, told: number): void {
  const journal = new Journal(path);
  const held = journal.watermark('main', 'e1')?.seq ?? 0;
  t.true(held >= told, `told ${told}, held ${held}`);
  t.is(journal.readAfter(0, 1_000_000).length, held);
  journal.close();
}

realTest('strace')('fsync fails: nothing counts as stored until all of it was written anew', async (t) => {
  const folder = temporaryFolder(t);
  const [path, trace] = [join(folder, 'journal.db'), join(folder, 'trace')];
  const writer = startWriter(
    t,
    path,
    7,
    ...['strace', '-f', '-qq', '-y', '-o', trace, '-e', 'trace=fsync,fdatasync,write'],
    ...['-e', 'inject=fsync,fdatasync:error=EIO:when=40..52'],
  );
  await until('it to go on', 60_000, () => writer.said() !== '' && writer.told() > 1000);
  await writer.kill();
  t.regex(writer.said(), /I\/O error(\n.*)+I\/O error/, 'more than one try');

  const calls = readFileSync(trace, 'utf8').split('\n');
  const failures = calls.flatMap((call, index) => (call.includes('INJECTED') ? [index] : []));
  const [first = 0, last = 0] = [failures[0], failures.at(-1)];
  const isWatermark = (call: string) => call.includes('write(1<');
  t.true(first > 0 && last - first >= 12);
  t.deepEqual(calls.slice(first, last).filter(isWatermark), [], 'no watermark in between');
  const mended = calls.slice(
    last,
    calls.findIndex((call, index) => index > last && isWatermark(call)),
  );
  t.true(
    mended.some((call) => /sync\(\d+<.*journal\.db>\)\s+= 0/.test(call)),
    mended.join('\n'),
  );
  checkHeld(t, path, writer.told());
});

onDisk('the disk fills up and has room again: it goes on by itself', async (t) => {
  const disk = mountSmallDisk(t);
  const path = join(disk.folder, 'journal.db');
  const writer = startWriter(t, path, 50);
  await until('something to be stored', 30_000, () => writer.told() > 0);
  disk.fill();
  await until('the disk to be full', 30_000, () =>
    /(full|I\/O error)(\n.*)+(full|I\/O error)/.test(writer.said()),
  );
  const before = writer.told();
  disk.free();
  await until('more to be stored', 30_000, () => writer.told() > before);
  await writer.kill();
  checkHeld(t, path, writer.told());
});
