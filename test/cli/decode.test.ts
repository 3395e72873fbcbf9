import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../support/system.ts';
import { runWattdog } from './support.ts';

const PZEM = '01 04 14 08D1 006C0000 00F40000 00260000 01F4 0064 0000 5134';

test('a capture in hexadecimal digits', async (t) => {
  const file = join(temporaryFolder(t), 'capture.txt');
  writeFileSync(file, `${PZEM}\n`);
  const { code, out, err } = await runWattdog(t, ['decode', '--decoder', 'pzem', '--hex', file]);
  t.is(code, 0, err);
  t.like(JSON.parse(out), { address: 1, power: 24.4, registers: { import: 0.038 } });
  t.is(err, 'pzem: 1 decoded\n');
});

test('hexadecimal digits as people write them, and what is none', async (t) => {
  const bytes = PZEM.replaceAll(' ', '').match(/../g) ?? [];
  const written = `# a bad 0xdecade begins\n${bytes.map((byte) => `0x${byte},`).join(' ')} # of a PZEM\n`;
  const flags = ['decode', '--decoder', 'pzem', '--hex'];
  const { code, out, err } = await runWattdog(t, flags, { input: written });
  t.is(code, 0, err);
  t.like(JSON.parse(out), { address: 1, power: 24.4 });
  const text = await runWattdog(t, flags, { input: '/ISK5 hello\n' });
  t.is(text.code, 1);
  t.regex(text.err, /decoding with --hex: must be pairs of hexadecimal digits, got "\/ISK5 hello"/);
});

test('bytes from standard input; what is refused is counted', async (t) => {
  const { code, out, err } = await runWattdog(t, ['decode', '--decoder', 'amps'], { input: '1 2\nx\n3 4\n' });
  t.is(code, 0);
  t.deepEqual(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).phases[0].current),
    [1, 3],
  );
  t.is(err, 'amps: 2 decoded, 1 refused: syntax\n');
});

test('nothing in it, no decoder, no file: each is said', async (t) => {
  const none = await runWattdog(t, ['decode', '--decoder', 'amps'], { input: 'hello\n' });
  t.is(none.code, 1);
  t.regex(none.err, /decoding standard input: must hold a whole frame of amps, but none was found/);
  const unnamed = await runWattdog(t, ['decode']);
  t.is(unnamed.code, 78);
  t.regex(unnamed.err, /meter\.decoder.*must name the format/);
  const missing = await runWattdog(t, ['decode', '--decoder', 'amps', '/nowhere']);
  t.is(missing.code, 1);
  t.regex(missing.err, /decoding \/nowhere: must be readable, got .*ENOENT/);
});
