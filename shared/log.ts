import { type Logger, pino } from 'pino';
import type { Settings } from './settings/schema.ts';

export type Log = Logger;

/**
 * Readable lines on a terminal, one JSON object a line otherwise.
 * `write` receives whole lines, so that a caller may draw something below them.
 */
export async function createLog(
  settings: Settings['log'],
  out: { isTTY?: boolean; write(text: string): unknown } = process.stdout,
): Promise<Log> {
  const pretty = settings.format === 'pretty' || (settings.format === 'auto' && out.isTTY === true);
  const options = { level: settings.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!pretty) return pino(options, out);
  const { Writable } = await import('node:stream');
  const { default: pinoPretty } = await import('pino-pretty');
  const destination = new Writable({
    write(chunk, _encoding, done) {
      out.write(String(chunk));
      done();
    },
  });
  return pino(
    options,
    pinoPretty({
      destination,
      colorize: out.isTTY === true,
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'pid,hostname',
      singleLine: true,
    }),
  );
}
