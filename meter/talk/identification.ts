/** What a meter of IEC 62056-21 says of itself before its data. */
export interface Identification {
  /** `A`: it goes on as it began; `B`: it changes its rate by itself; `C`: it waits to be told. */
  mode: 'A' | 'B' | 'C';
  /** Bits per second that it proposes; undefined in mode A. */
  baud?: number;
  /** The character that stands for them. */
  code: string;
  /** ms that each side waits before it answers the other, at least. */
  reaction: number;
}

const MODE_B: Record<string, number> = { A: 600, B: 1200, C: 2400, D: 4800, E: 9600, F: 19_200 };
const MODE_C: Record<string, number> = {
  ...{ 0: 300, 1: 600, 2: 1200, 3: 2400, 4: 4800, 5: 9600, 6: 19_200 },
};
/** Maker, rate, type. Some optical heads repeat what they send: `/?!` is our own question. */
const LINE = /\/[A-Za-z]{2}([A-Za-z])([!-~])[^\r\n]*\r\n/;

/** Finds the first whole identification in what was heard; undefined where there is none. */
export function findIdentification(heard: string): Identification | undefined {
  const [, letter = '', code = ''] = LINE.exec(heard) ?? [];
  if (code === '') return undefined;
  const reaction = /[a-z]/.test(letter) ? 20 : 200;
  const [b, c] = [MODE_B[code], MODE_C[code]];
  if (b !== undefined) return { mode: 'B', baud: b, code, reaction };
  if (c !== undefined) return { mode: 'C', baud: c, code, reaction };
  // The rates 7 to 9 are reserved: it is asked to go on at 300.
  if (/\d/.test(code)) return { mode: 'C', baud: 300, code: '0', reaction };
  return { mode: 'A', code, reaction };
}
