import test from 'ava';
import { linesOf } from '../../shared/lines.ts';

async function* pieces(...given: string[]) {
  yield* given;
}

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

test('lines, wherever the stream was cut; the last one needs no end', async (t) => {
  t.deepEqual(await all(linesOf(pieces('a\nb', 'c\n', 'd'))), ['a', 'bc', 'd']);
  t.deepEqual(await all(linesOf(pieces('a\n'))), ['a']);
  t.deepEqual(await all(linesOf(pieces())), []);
});
