import { createReadStream } from 'node:fs';
import { createDecoder } from '../meter/decoders/create.ts';
import { decoderOptions } from '../meter/line.ts';
import { GiveUpError, reason } from '../shared/errors.ts';
import { linesOf } from '../shared/lines.ts';
import type { Arguments } from './arguments.ts';
import type { Screen } from './screen.ts';
import { settingsFor } from './settings.ts';

interface Deps {
  input: AsyncIterable<string | Buffer>;
  out: Screen;
  notes: Screen;
}

/**
 * Decodes a capture of a serial line: each sample becomes a line of JSON, and what was refused is counted.
 * @throws GiveUpError where it cannot be read, or nothing in it could be decoded.
 */
export async function decodeCapture(
  { words: [file], flags, options, ...args }: Arguments,
  environment: NodeJS.ProcessEnv,
  { input, out, notes }: Deps,
): Promise<void> {
  const name = file ?? 'standard input';
  // A capture is of some real port, whose decoder must be named.
  const capture = { ...flags, 'meter.port': name };
  const { meter } = settingsFor({ ...args, words: [], options, flags: capture }, environment);
  const { decoder: format = 'panel' } = meter;
  const decoder = createDecoder(format, decoderOptions([meter], true));
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  try {
    const chunks = file === undefined ? input : createReadStream(file);
    for await (const chunk of options.hex === undefined ? chunks : fromHex(chunks)) {
      const { samples, rejects, remarks = [] } = decoder.push(Buffer.from(chunk));
      for (const sample of samples) {
        count('decoded');
        out.write(`${JSON.stringify(sample)}\n`);
      }
      for (const reject of rejects) count(`refused: ${reject}`);
      for (const remark of remarks) count(`of them ${remark}`);
    }
  } catch (error) {
    if (error instanceof GiveUpError) throw error;
    throw new GiveUpError(`decoding ${name}: must be readable, got ${reason(error)}`);
  }
  notes.write(
    `${format}: ${[...counts].map(([what, times]) => `${times} ${what}`).join(', ') || 'nothing'}\n`,
  );
  if (!counts.has('decoded'))
    throw new GiveUpError(`decoding ${name}: must hold a whole frame of ${format}, but none was found`);
}

/** Digits in pairs, bare or as `0x1b` or `\\x1b`; a pair may be split over two lines, and a comment begins with #. */
async function* fromHex(chunks: AsyncIterable<string | Buffer>): AsyncGenerator<Buffer> {
  let rest = '';
  for await (const line of linesOf(textOf(chunks))) {
    const bare = line.replace(/#.*/, '').replaceAll(/0x|\\x/gi, '');
    if (/[g-z]/i.test(bare))
      throw new GiveUpError(
        `decoding with --hex: must be pairs of hexadecimal digits, got ${JSON.stringify(line)}`,
      );
    const digits = rest + bare.replaceAll(/[^0-9a-f]/gi, '');
    const even = digits.length - (digits.length % 2);
    rest = digits.slice(even);
    yield Buffer.from(digits.slice(0, even), 'hex');
  }
}

async function* textOf(chunks: AsyncIterable<string | Buffer>): AsyncGenerator<string> {
  for await (const chunk of chunks) yield chunk.toString();
}
