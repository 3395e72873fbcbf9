import { readFileSync } from 'node:fs';
import { Document, isScalar, visit } from 'yaml';
import { importUrdb } from '../../meter/tariff/urdb.ts';
import { GiveUpError, reason } from '../../shared/errors.ts';
import { timeZone } from '../../shared/settings/rules.ts';
import type { Arguments } from '../arguments.ts';
import type { TariffDeps } from './choose.ts';

/** Prints a rate of OpenEI's database as YAML; what that does not say goes to the notes. */
export async function importTariff(
  { options, words: [, file] }: Arguments,
  { out, notes }: TariffDeps,
): Promise<void> {
  if (file === undefined)
    throw new GiveUpError(
      'importing a tariff: must name a file, `wattdog tariff import FILE`, or - for standard input, got nothing',
      2,
    );
  const { zone = thisZone(), name, rate, currency } = options;
  if (!timeZone.safeParse(zone).success)
    throw new GiveUpError(
      `importing a tariff: --zone must be an IANA time zone such as America/Los_Angeles, got ${zone}`,
      2,
    );
  const imported = importUrdb(await read(file), {
    zone,
    ...(rate === undefined ? {} : { rate }),
    ...(currency === undefined ? {} : { currency }),
  });
  if (options.zone === undefined)
    notes.write(`note: the zone is this machine’s, ${zone}; --zone names that of the tariff\n`);
  for (const note of imported.notes) notes.write(`note: ${note}\n`);
  const tariff = name === undefined ? imported.tariff : { ...imported.tariff, name };
  out.write(writeYaml(tariff));
}

/** Lists of names and numbers on one line, as a person writes them. */
function writeYaml(tariff: object): string {
  const document = new Document(tariff);
  visit(document, {
    Seq(_key, list) {
      if (list.items.every(isScalar)) list.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

async function read(file: string): Promise<unknown> {
  let text: string;
  try {
    text = file === '-' ? await standardInput() : readFileSync(file, 'utf8');
  } catch (error) {
    throw new GiveUpError(`importing a tariff: the file must be readable, got ${file} (${reason(error)})`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GiveUpError(`importing a tariff: ${file} must be JSON: ${reason(error)}`);
  }
}

async function standardInput(): Promise<string> {
  const { text } = await import('node:stream/consumers');
  return await text(process.stdin);
}

function thisZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
