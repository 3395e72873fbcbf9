/** Captures of real meters, and specimens of the standards: see the head of `formats.ts`. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import test from 'ava';
import type { Format } from '../../../meter/decoders/create.ts';
import type { DecoderOptions } from '../../../meter/decoders/decoder.ts';
import { type All, decodeAll } from './decode.ts';
import { FORMATS } from './formats.ts';

const FOLDER = join(import.meta.dirname, 'golden');

interface Expected extends Partial<All> {
  options?: Partial<Omit<DecoderOptions, 'key' | 'authenticationKey'>> & {
    /** Hexadecimal. */
    key?: string;
    authenticationKey?: string;
  };
}

function read(path: string): Uint8Array {
  const raw = readFileSync(path);
  switch (extname(path)) {
    case '.txt':
      return Buffer.from(raw.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
    case '.hex':
      return Buffer.from(raw.toString('latin1').replace(/#.*$|\s+/gm, ''), 'hex');
    default:
      return raw;
  }
}

for (const format of Object.keys(FORMATS) as Format[])
  for (const path of globSync(join(FOLDER, format, '*.{txt,hex,bin}')).sort())
    test(`${format}: ${basename(path)}`, (t) => {
      const wanted = path.replace(/\.\w+$/, '.json');
      const expected: Expected = existsSync(wanted) ? JSON.parse(readFileSync(wanted, 'utf8')) : {};
      const { key, authenticationKey, ...options } = expected.options ?? {};
      const decoded = decodeAll(format, [read(path)], {
        ...options,
        ...(key && { key: Buffer.from(key, 'hex') }),
        ...(authenticationKey && { authenticationKey: Buffer.from(authenticationKey, 'hex') }),
      });
      if (expected.samples === undefined)
        t.fail(`${wanted} does not say what it means; decoded: ${JSON.stringify(decoded, null, 2)}`);
      t.deepEqual(decoded, only(expected));
    });

const only = ({ samples, rejects = [], remarks = [] }: Expected): All => ({
  samples: samples ?? [],
  rejects: rejects.toSorted(),
  remarks: remarks.toSorted(),
});
