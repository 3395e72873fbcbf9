import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseDocument } from 'yaml';
import type * as z from 'zod';
import { Book } from '../../meter/tariff/dynamic/book.ts';
import { peekCache } from '../../meter/tariff/dynamic/cache.ts';
import { at } from '../../meter/tariff/dynamic/json.ts';
import { lookUp } from '../../meter/tariff/dynamic/look-up.ts';
import type { Range } from '../../meter/tariff/dynamic/source.ts';
import { findTariff, SHIPPED } from '../../meter/tariff/pricing.ts';
import { GiveUpError, reason } from '../../shared/errors.ts';
import { metersOf } from '../../shared/settings/meters.ts';
import type { Settings, Tariff } from '../../shared/settings/schema.ts';
import { tariffSchema } from '../../shared/settings/tariff.ts';
import type { Time } from '../../shared/time.ts';
import { nearest } from '../nearest.ts';
import type { Screen } from '../screen.ts';

/** Where a command of tariffs prints, and what it needs of the world. */
export interface TariffDeps {
  out: Screen;
  /** What is not the answer: notes and complaints. */
  notes: Screen;
  time: Time;
  environment: NodeJS.ProcessEnv;
}

/** A tariff, and the meter whose it is; none for a tariff of a file. */
export interface Chosen {
  tariff: Tariff;
  meter?: string;
}

/**
 * The tariff that `--tariff` names, a file or one that is shipped; else that of the meter.
 * @throws GiveUpError with exit code 2 for what is neither, 78 for a file that is no tariff.
 */
export function chooseTariff(
  { tariff, meter }: { tariff?: string | undefined; meter?: string | undefined },
  settings: Settings,
): Chosen {
  if (tariff !== undefined) return { tariff: existsSync(tariff) ? readTariff(tariff) : shipped(tariff) };
  const meters = metersOf(settings);
  const chosen = meter === undefined ? meters[0] : meters.find(({ name }) => name === meter);
  if (chosen === undefined) {
    const names = meters.map(({ name }) => name).join(', ');
    throw new GiveUpError(
      `choosing a tariff: --meter must be one of the settings’ meters (${names}), or --tariff be given, got ${meter}`,
      2,
    );
  }
  return { tariff: findTariff(chosen.tariff), meter: chosen.name };
}

/**
 * The published prices of a range: those that meters have kept, then those of the sources themselves.
 * What cannot be had is said in the notes.
 */
export async function bookOf(
  { tariff, meter }: Chosen,
  folder: string,
  range: Range,
  { notes, time }: TariffDeps,
  signal: AbortSignal,
): Promise<Book | undefined> {
  const { dynamic } = tariff;
  if (dynamic === undefined) return undefined;
  const book = new Book(peekCache(folder, meter, { ...tariff, dynamic }));
  const problems = await lookUp({ ...tariff, dynamic }, book, range, { time, signal });
  for (const problem of problems) notes.write(`wattdog: prices: ${problem}\n`);
  return book;
}

function shipped(name: string): Tariff {
  const tariff = SHIPPED.get(name);
  if (tariff !== undefined) return tariff;
  const close = nearest(name, [...SHIPPED.keys(), ...filesBeside(name)]);
  const hint = close === undefined ? '`wattdog tariff list` lists those' : `did you mean ${close}?`;
  throw new GiveUpError(
    `choosing a tariff: --tariff must be a file, or the name of a tariff that is shipped, got ${name}; ${hint}`,
    2,
  );
}

/** The files in its folder that may be tariffs. */
function filesBeside(path: string): string[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  try {
    return readdirSync(folder || '.')
      .filter((file) => /\.(ya?ml|json)$/.test(file))
      .map((file) => `${folder}${file}`);
  } catch {
    return [];
  }
}

/** A file that holds a tariff, by itself or as `tariff` or `meter.tariff`, in YAML or JSON. */
function readTariff(path: string): Tariff {
  const refuse = (why: string) => new GiveUpError(`reading the tariff ${basename(path)}: ${why}`, 78);
  let document: unknown;
  try {
    const parsed = parseDocument(readFileSync(path, 'utf8'), { logLevel: 'error' });
    const [fault] = parsed.errors;
    if (fault) throw fault;
    document = parsed.toJS();
  } catch (error) {
    throw refuse(`must be YAML or JSON: ${reason(error).split('\n')[0]}`);
  }
  const written = at(document, 'tariff') ?? at(document, 'meter.tariff') ?? document;
  if (typeof written === 'string') return shipped(written);
  const { data, error } = tariffSchema.safeParse(written);
  if (data !== undefined) return data;
  const lines = error.issues.map((issue) => `  ${describe(issue, written)}`);
  throw refuse(`must be a tariff\n${lines.join('\n')}`);
}

/** What stands there is not shown: it may be a secret. */
function describe(issue: z.core.$ZodIssue, tariff: unknown): string {
  const path = issue.path.join('.');
  const where = path || 'the tariff';
  if (issue.code === 'unrecognized_keys')
    return `${where}: has no such keys, got ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  const found = at(tariff, path);
  const rule = issue.message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '');
  return `${where}: ${rule}, got ${found === undefined ? 'nothing' : Array.isArray(found) ? 'a list' : `a ${typeof found}`}`;
}
