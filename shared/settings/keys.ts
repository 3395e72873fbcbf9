/**
 * Finds a setting by the name it has in the environment (`METER_MAX_CURRENT`, `AGENT_STORES_0_URL`) or
 * in a flag (`meter.max_current`), by walking the schema itself: no second list of names to keep.
 */
import * as z from 'zod';
import { settingsShape } from './schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface Key {
  path: (string | number)[];
  /** What a text is turned into: `string` stays as it is, `yaml` is for lists and sections. */
  kind: 'string' | 'number' | 'boolean' | 'yaml';
  secret: boolean;
}

let schema: JsonSchema | undefined;
function root(): JsonSchema {
  schema ??= z.toJSONSchema(settingsShape, { io: 'input', unrepresentable: 'any' });
  return schema;
}

/** @param name upper-case words joined by `_`, without the prefix `WATTDOG_`. */
export function findKey(name: string): Key | undefined {
  return walk(root(), name, []);
}

function walk(at: JsonSchema, rest: string, path: (string | number)[]): Key | undefined {
  if (rest === '') return leaf(at, path);
  for (const option of at.anyOf ?? at.oneOf ?? []) {
    const found = walk(option as JsonSchema, rest, path);
    if (found) return found;
  }
  if (at.type === 'array' && at.items) {
    const [, index, , deeper = ''] = /^(\d+)(_(.+))?$/.exec(rest) ?? [];
    return index === undefined ? undefined : walk(at.items as JsonSchema, deeper, [...path, Number(index)]);
  }
  for (const [key, child] of Object.entries(at.properties ?? {})) {
    const word = key.toUpperCase();
    if (rest !== word && !rest.startsWith(`${word}_`)) continue;
    const found = walk(child as JsonSchema, rest.slice(word.length + 1), [...path, key]);
    if (found) return found;
  }
  return undefined;
}

function leaf(at: JsonSchema, path: (string | number)[]): Key {
  const options = [at, ...((at.anyOf ?? []) as JsonSchema[])];
  const has = (type: string) => options.some((option) => option.type === type);
  const kind = has('string')
    ? 'string'
    : has('number') || has('integer')
      ? 'number'
      : has('boolean')
        ? 'boolean'
        : 'yaml';
  return { path, kind, secret: at.secret === true };
}

/** A row of the settings table. */
export interface Row {
  key: string;
  fallback: string;
  text: string;
}

/** Every setting with its default and explanation, in the schema's order. */
export function listKeys(): Row[] {
  const rows: Row[] = [];
  const visit = (at: JsonSchema, path: string) => {
    if (at.properties && at.description === undefined) {
      for (const [key, child] of Object.entries(at.properties))
        visit(child as JsonSchema, path ? `${path}.${key}` : key);
    } else {
      rows.push({
        key: path,
        fallback: at.default === undefined ? '' : JSON.stringify(at.default),
        text: at.description ?? '',
      });
    }
  };
  visit(root(), '');
  return rows;
}
