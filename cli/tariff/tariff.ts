import { GiveUpError } from '../../shared/errors.ts';
import type { Arguments } from '../arguments.ts';
import { nearest } from '../nearest.ts';
import type { TariffDeps } from './choose.ts';
import { costUnderTariff } from './cost.ts';
import { importTariff } from './import.ts';
import { listTariffs } from './list.ts';
import { showTariff } from './show.ts';

const READING = ['tariff', 'meter', 'json'];
/** What can be done, and the options it has. */
const VERBS = {
  list: {
    run: (args: Arguments, { out }: TariffDeps) => listTariffs(args, out),
    options: ['json'],
  },
  show: {
    run: (args: Arguments, deps: TariffDeps, signal: AbortSignal) => showTariff(args, deps, signal),
    options: ['day', ...READING],
  },
  cost: {
    run: (args: Arguments, deps: TariffDeps, signal: AbortSignal) => costUnderTariff(args, deps, signal),
    options: ['from', 'to', 'journal', ...READING],
  },
  import: {
    run: (args: Arguments, deps: TariffDeps) => importTariff(args, deps),
    options: ['zone', 'name', 'rate', 'currency'],
  },
};

/**
 * Without a word it lists what is shipped.
 * @throws GiveUpError with exit code 2 for anything that is not `list`, `show`, `cost` or `import FILE`.
 */
export async function tariff(args: Arguments, deps: TariffDeps, signal: AbortSignal): Promise<void> {
  const [verb = 'list', file] = args.words;
  if (!isVerb(verb)) {
    const close = nearest(verb, Object.keys(VERBS));
    const hint = close === undefined ? '' : `; did you mean ${close}?`;
    throw new GiveUpError(
      `running wattdog tariff: must be list, show, cost or import, got ${verb}${hint}`,
      2,
    );
  }
  if (file !== undefined && verb !== 'import')
    throw new GiveUpError(
      `running wattdog tariff ${verb}: options are given as --NAME VALUE, got ${file}`,
      2,
    );
  const { run, options } = VERBS[verb];
  const strange = Object.keys(args.options).find((option) => !options.includes(option));
  if (strange !== undefined)
    throw new GiveUpError(
      `running wattdog tariff ${verb}: its options are ${options.map((option) => `--${option}`).join(', ')}, got --${strange}`,
      2,
    );
  await run(args, deps, signal);
}

function isVerb(verb: string): verb is keyof typeof VERBS {
  return Object.hasOwn(VERBS, verb);
}
