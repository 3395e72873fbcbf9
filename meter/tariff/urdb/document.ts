import * as z from 'zod';
import { GiveUpError } from '../../../shared/errors.ts';

/** A rate of OpenEI's Utility Rate Database, version 7, as far as it concerns us; null is the same as absent. */
const number = z.number().nullish();

const tier = z.looseObject({
  rate: number,
  adj: number,
  max: number,
  unit: z.string().nullish(),
  sell: number,
});

const structure = z
  .array(z.array(tier).min(1, 'must have at least one tier'))
  .min(1, 'must have at least one period');

const schedule = z
  .array(z.array(z.int().min(0)).length(24, 'must have 24 hours'))
  .length(12, 'must have 12 months')
  .nullish();

const rate = z.looseObject({
  label: z.string().nullish(),
  name: z.string().min(1).nullish(),
  utility: z.string().nullish(),
  country: z.string().nullish(),
  servicetype: z.string().nullish(),
  dgrules: z.string().nullish(),
  startdate: number,
  enddate: number,
  energyratestructure: structure.nullish(),
  energyweekdayschedule: schedule,
  energyweekendschedule: schedule,
  fueladjustmentsmonthly: z.array(z.number()).length(12, 'must have 12 months').nullish(),
  fixedchargefirstmeter: number,
  fixedchargeunits: z.string().nullish(),
  fixedmonthlycharge: number,
  mincharge: number,
  minchargeunits: z.string().nullish(),
  minmonthlycharge: number,
});

/** Rates that a message lists. */
const MOST_SHOWN = 20;

export type UrdbRate = z.infer<typeof rate>;
export type UrdbTier = z.infer<typeof tier>;

/** @returns never: the error that says what a document must have been. */
export function refuse(path: string, rule: string, value: unknown): never {
  const received = JSON.stringify(value) ?? 'nothing';
  const short = received.length > 120 ? `${received.slice(0, 120)}…` : received;
  throw new GiveUpError(`importing a URDB rate: ${path ? `${path}: ` : ''}${rule}, got ${short}`);
}

/**
 * The one rate of a document: the answer of the API, a list of rates, or one alone.
 *
 * @param which of several, by its label or its name.
 * @throws GiveUpError naming the path, the rule and the value received.
 */
export function readRate(document: unknown, which: string | undefined): UrdbRate {
  const chosen = choose(ratesOf(document), which);
  const { data, error } = rate.safeParse(chosen);
  if (data) return data;
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const rule = issue?.code === 'invalid_type' ? `must be ${nameOf(issue.expected)}` : (issue?.message ?? '');
  return refuse(pathOf(path), rule, valueAt(chosen, path));
}

export function valueAt(root: unknown, path: PropertyKey[]): unknown {
  let value = root;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[step];
  return value;
}

function ratesOf(document: unknown): unknown[] {
  if (Array.isArray(document)) return document;
  if (typeof document !== 'object' || document === null)
    return refuse('', 'must be the answer of the API, {"items": […]}, or one of its rates', document);
  const { items, error, errors } = document as Record<string, unknown>;
  if (Array.isArray(items)) return items;
  if (items !== undefined) return refuse('items', 'must be a list', items);
  if (error !== undefined || errors !== undefined)
    return refuse('', 'must be a rate, is an error of the API', error ?? errors);
  return [document];
}

function choose(rates: unknown[], which: string | undefined): unknown {
  const isMeant = (entry: unknown) => {
    const { label, name } = (entry ?? {}) as Record<string, unknown>;
    return which === undefined || label === which || name === which;
  };
  const found = rates.filter(isMeant);
  if (found.length === 1) return found[0];
  const rule =
    which === undefined
      ? 'must be one rate, or be given with the label of one of them'
      : `must have exactly one rate labelled or named ${JSON.stringify(which)}`;
  // Whoever has to choose needs to see the labels; an answer of the API has up to 500.
  const shown = found.length > 1 ? found : rates;
  const lines = shown.slice(0, MOST_SHOWN).map((entry) => `\n  ${summaryOf(entry)}`);
  const more = shown.length > lines.length ? `\n  and ${shown.length - lines.length} more` : '';
  throw new GiveUpError(
    `importing a URDB rate: items: ${rule}, not ${found.length}, got ${lines.join('') || 'none'}${more}`,
  );
}

/** `5a…  Residential, Example Power, from 2015-06-01` */
function summaryOf(entry: unknown): string {
  const { label, name, utility, startdate, enddate } = (entry ?? {}) as Record<string, unknown>;
  const words = [name, utility].filter((word) => typeof word === 'string').join(', ');
  const day = (word: string, seconds: unknown) =>
    typeof seconds === 'number' && Math.abs(seconds) < 1e11
      ? `, ${word} ${new Date(seconds * 1000).toISOString().slice(0, 10)}`
      : '';
  return `${label ?? '(no label)'}  ${words || '(no name)'}${day('from', startdate)}${day('until', enddate)}`;
}

/** @returns such as `energyratestructure[0][1].max`. */
export function pathOf(path: PropertyKey[]): string {
  return path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at ? '.' : ''}${String(step)}`))
    .join('');
}

function nameOf(type: string): string {
  const names: Record<string, string> = {
    array: 'a list',
    object: 'an object',
    int: 'a whole number',
  };
  return names[type] ?? `a ${type}`;
}
