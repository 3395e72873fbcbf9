/**
 * Settings are read once, before anything opens: `wattdog.yaml`, over it the environment, over both the
 * flags. Everything that is wrong is said at once, with the key, the rule and the value; never a secret.
 */
import { parseDocument, stringify as writeYaml } from 'yaml';
import type { z } from 'zod';
import { GiveUpError, reason } from '../errors.ts';
import { findKey, type Key } from './keys.ts';
import { inherit, isSection } from './meters.ts';
import { type Settings, settingsSchema } from './schema.ts';

const PREFIX = 'WATTDOG_';
const HIDDEN = '(hidden)';

export interface Sources {
  /** The text of `wattdog.yaml` and the name to use for it in messages. */
  file?: { name: string; text: string } | undefined;
  environment: Record<string, string | undefined>;
  /** Such as `{ 'meter.port': '/dev/ttyACM0' }`. */
  flags?: Record<string, string>;
  /** Reads the file named by a variable that ends in `_FILE`. */
  readFile: (path: string) => string;
}

/** A value and where it came from, for messages. */
interface Given {
  key: Key;
  text: string;
  origin: string;
}

/** @throws GiveUpError with exit code 78 that lists every problem. */
export function loadSettings(sources: Sources): Settings {
  const problems: string[] = [];
  const tree = readTree(sources.file, problems);
  const origins = new Map<string, string>();

  for (const given of [...fromEnvironment(sources, problems), ...fromFlags(sources.flags ?? {}, problems)]) {
    put(tree, given.key.path, convert(given, problems));
    origins.set(given.key.path.join('.'), given.origin);
  }

  const parsed = settingsSchema.safeParse(tree);
  const issues = parsed.error?.issues.flatMap(meantBy) ?? [];
  for (const issue of issues)
    if (!isInherited(issue, issues))
      problems.push(describe(issue, inherit(tree), origins, sources.file?.name));
  if (problems.length > 0 || !parsed.success) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    throw new GiveUpError(
      `reading the settings: ${count}\n${problems.map((line) => `  ${line}`).join('\n')}`,
      78,
    );
  }
  return parsed.data;
}

/** The resolved settings as YAML, durations in milliseconds, secrets hidden. */
export function showSettings(settings: Settings): string {
  return writeYaml(hide(settings, ''));
}

function readTree(file: Sources['file'], problems: string[]): Record<string, unknown> {
  if (file === undefined) return {};
  try {
    const tree = readYaml(file.text) ?? {};
    if (typeof tree === 'object' && !Array.isArray(tree)) return filled(tree as Record<string, unknown>);
    problems.push(`${file.name}: must be a list of keys and values, got a ${typeof tree}`);
  } catch (error) {
    problems.push(`${file.name}: must be YAML, got ${reason(error)}`);
  }
  return {};
}

/** Without the sections and lists of which nothing is left but the name, all else commented out. */
function filled(tree: Record<string, unknown>, path = ''): Record<string, unknown> {
  const entries = Object.entries(tree).map(([name, value]) => ({ name, value, key: `${path}${name}` }));
  return Object.fromEntries(
    entries
      .filter(({ value, key }) => value !== null || keyOf(key)?.kind !== 'yaml')
      .map(({ name, value, key }) => [name, isSection(value) ? filled(value, `${key}.`) : value]),
  );
}

/** @throws an error that names the fault and its place, but nothing of the text, which may hold a secret. */
function readYaml(text: string): unknown {
  const document = parseDocument(text, { logLevel: 'error' });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault) {
    const [{ line, col } = { line: 1, col: 1 }] = fault.linePos ?? [];
    const name = fault.code.toLowerCase().replaceAll('_', ' ');
    throw new Error(`${name} at line ${line}, column ${col} (special characters need quotes)`);
  }
  try {
    return document.toJS();
  } catch {
    throw new Error('an alias without its anchor (a value that starts with * needs quotes)');
  }
}

function* fromEnvironment(sources: Sources, problems: string[]): Generator<Given> {
  for (const [name, value] of Object.entries(sources.environment)) {
    // Deployments pass a field that was left empty as an empty variable.
    if (!name.startsWith(PREFIX) || value === undefined || value === '') continue;
    const key = findKey(name.slice(PREFIX.length));
    if (key) {
      yield { key, text: value, origin: name };
      continue;
    }
    const fileKey = name.endsWith('_FILE') ? findKey(name.slice(PREFIX.length, -'_FILE'.length)) : undefined;
    if (fileKey === undefined) {
      problems.push(`${name}: is no setting of wattdog`);
      continue;
    }
    try {
      yield { key: fileKey, text: sources.readFile(value).replace(/\r?\n$/, ''), origin: name };
    } catch (error) {
      problems.push(`${name}: must name a readable file, got ${JSON.stringify(value)} (${reason(error)})`);
    }
  }
}

function* fromFlags(flags: Record<string, string>, problems: string[]): Generator<Given> {
  for (const [name, text] of Object.entries(flags)) {
    const key = findKey(name.toUpperCase().replaceAll('.', '_'));
    if (key) yield { key, text, origin: `--${name}` };
    else problems.push(`--${name}: is no setting of wattdog`);
  }
}

function convert({ key, text, origin }: Given, problems: string[]): unknown {
  if (key.kind === 'number') return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (key.kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (key.kind === 'string' && !/^\s*[[{]/.test(text)) return text;
  if (key.secret) return text;
  try {
    return readYaml(text);
  } catch (error) {
    problems.push(`${origin}: must be YAML or JSON, got ${reason(error)}`);
    return undefined;
  }
}

function put(tree: Record<string, unknown>, path: (string | number)[], value: unknown): void {
  let at = tree as Record<string | number, unknown>;
  for (const [depth, step] of path.entries()) {
    if (depth === path.length - 1) {
      at[step] = value;
      return;
    }
    const next = at[step];
    if (next === null || typeof next !== 'object') at[step] = typeof path[depth + 1] === 'number' ? [] : {};
    at = at[step] as Record<string | number, unknown>;
  }
}

/** Whether it was said of `meter` already, of which one of `meters` has it. */
function isInherited({ path, message }: z.core.$ZodIssue, issues: readonly z.core.$ZodIssue[]): boolean {
  const [section, , ...rest] = path;
  if (section !== 'meters' || rest.length === 0) return false;
  const own = ['meter', ...rest].join('.');
  return issues.some((other) => other.path.join('.') === own && other.message === message);
}

/** Of a value that could have been of several kinds, what is wrong with the one that it looks like. */
function meantBy(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const [alike, ...others] = issue.errors.filter((found) =>
    found.every(({ code, path }) => path.length > 0 || code !== 'invalid_type'),
  );
  if (alike === undefined || others.length > 0) return [issue];
  return alike.flatMap((inner) => meantBy({ ...inner, path: [...issue.path, ...inner.path] }));
}

function describe(
  issue: z.core.$ZodIssue,
  tree: unknown,
  origins: Map<string, string>,
  fileName: string | undefined,
): string {
  const path = issue.path.map(String);
  const key = path.join('.');
  const received = path.reduce<unknown>(
    (at, step) => (at as Record<string, unknown> | undefined)?.[step],
    tree,
  );
  const origin = originOf(path, origins) ?? (received === undefined ? undefined : fileName);
  const at = `${key || fileName || 'settings'}${origin ? ` (${origin})` : ''}`;
  if (issue.code === 'unrecognized_keys')
    return `${at}: must be settings of wattdog, got ${issue.keys.map(word).join(', ')}`;
  const rule = issue.message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '');
  return `${at}: ${rule}${shown(received, key)}`;
}

/** What gave a value, or the list or section that it is in. */
function originOf(path: readonly string[], origins: Map<string, string>): string | undefined {
  const around = path.map((_, index) => path.slice(0, path.length - index).join('.'));
  return around.flatMap((key) => origins.get(key) ?? []).at(0);
}

/** What a key begins with: in `password:x`, where a space is missing, the rest is a secret. */
function word(key: string): string {
  return JSON.stringify(/^\w*/.exec(key)?.[0]);
}

/** A section is not shown, and nothing that was given in its place: it may hold a secret. */
function shown(received: unknown, key: string): string {
  if (received === undefined) return ', got nothing';
  if (received === null) return ', got null';
  if (typeof received === 'object') return '';
  const found = keyOf(key);
  if (found === undefined || found.kind === 'yaml') return `, got a ${typeof received}`;
  if (found.secret) return `, got ${HIDDEN}`;
  return `, got ${JSON.stringify(received)
    .replace(/\/\/.*@/, `//${HIDDEN}@`)
    .slice(0, 120)}`;
}

function isSecret(path: string): boolean {
  return keyOf(path)?.secret === true;
}

function keyOf(path: string): Key | undefined {
  return findKey(path.toUpperCase().replaceAll('.', '_'));
}

function hide(value: unknown, path: string): unknown {
  if (value === null || typeof value !== 'object')
    return value !== undefined && isSecret(path) ? HIDDEN : value;
  if (Array.isArray(value)) return value.map((item, index) => hide(item, `${path}.${index}`));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, hide(item, path === '' ? key : `${path}.${key}`)]),
  );
}
