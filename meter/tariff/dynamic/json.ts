/** Reads values out of documents of unknown form. */

/** What a path of names and numbers joined by dots leads to; undefined where it leads nowhere. '' is the whole. */
export function at(document: unknown, path: string): unknown {
  if (path === '') return document;
  // A name may itself have dots in it.
  const whole = property(document, path);
  if (whole !== undefined) return whole;
  return path.split('.').reduce<unknown>((value, step) => property(value, step), document);
}

/** An array, or none. */
export function listAt(document: unknown, path: string): unknown[] {
  const value = at(document, path);
  return Array.isArray(value) ? value : [];
}

/** A finite number, also one written as text, with a point or a comma; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i.test(text)
    ? Number(text.replace(',', '.'))
    : undefined;
}

/** A price as a document has it: null where it says that there is none, or none yet. */
export function priceOf(value: unknown): number | null | undefined {
  return value === null ? null : numberOf(value);
}

/** The value as JSON, short enough for a message. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}

function property(value: unknown, name: string): unknown {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
