import { parse as parseYaml } from 'yaml';
import { GiveUpError } from '../../shared/errors.ts';
import { showSettings } from '../../shared/settings/load.ts';
import type { Meter } from '../../shared/settings/meter.ts';
import { lineOf, metersOf } from '../../shared/settings/meters.ts';
import type { Settings } from '../../shared/settings/schema.ts';
import type { Time } from '../../shared/time.ts';
import type { Arguments } from '../arguments.ts';
import type { Screen, Style } from '../screen.ts';
import { oneLine } from '../table.ts';
import { checkAddresses } from './addresses.ts';
import type { Finding } from './finding.ts';
import { checkData, checkPort, checkTariff } from './machine.ts';
import { checkBroker, checkDocker, checkStore } from './services.ts';

const STYLES: Record<Finding['result'], Style> = { ok: 'green', warn: 'yellow', fail: 'red' };

/**
 * Prints the settings as they are understood, and what was found when they were tried.
 * @throws GiveUpError where something will not work.
 */
export async function check(
  { options }: Arguments,
  settings: Settings,
  { out, time }: { out: Screen; time: Time },
  signal: AbortSignal,
): Promise<void> {
  const findings = await look(settings, options.offline !== undefined, time);
  if (signal.aborted) throw new GiveUpError('checking: interrupted');
  const shown = showSettings(settings);
  if (options.json !== undefined)
    out.write(`${JSON.stringify({ settings: parseYaml(shown), checks: findings })}\n`);
  else out.write(`${shown}\n${describe(findings, out)}`);
  const failed = findings.filter(({ result }) => result === 'fail');
  if (failed.length > 0)
    throw new GiveUpError(
      `checking: all must be well, but not: ${failed.map(({ name }) => name).join(', ')}`,
    );
}

/** @param offline leaves out what is beyond this machine. */
async function look(settings: Settings, offline: boolean, time: Time): Promise<Finding[]> {
  const { mqtt, agent } = settings;
  const meters = metersOf(settings);
  const alike = (key: (meter: Meter) => string) => [...Map.groupBy(meters, key).values()];
  const nameOf = (what: string, sharing: readonly Meter[]) =>
    meters.length > 1 ? `${what} of ${sharing.map(({ name }) => name).join(', ')}` : what;
  // A tariff that there is not is a matter of the settings: said before anything else.
  const tariffs = alike(({ tariff }) => JSON.stringify(tariff)).flatMap((sharing) =>
    sharing.slice(0, 1).map(({ tariff }) => checkTariff(tariff, nameOf('tariff', sharing), time.now())),
  );
  const ports = alike((meter) => lineOf(meter) ?? '').flatMap(([first, ...others]) =>
    first === undefined || first.computed ? [] : checkPort(first, nameOf('port', [first, ...others])),
  );
  const isNear = !agent.docker.socket.startsWith('tcp://');
  const later = [
    checkAddresses(settings),
    ...(offline || mqtt.url === 'embedded' ? [] : [checkBroker(mqtt)]),
    ...(offline ? [] : agent.stores.map((store) => checkStore(store, time))),
    ...(offline && !isNear ? [] : [checkDocker(agent.docker)]),
  ];
  return [...ports, checkData(settings), ...tariffs, ...(await Promise.all(later)).flat()];
}

function describe(findings: readonly Finding[], { paint }: Screen): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings
    .map(({ name, result, sentence, advice }) => {
      const margin = ' '.repeat(result.length);
      const line = `${paint(STYLES[result], result)}${' '.repeat(6 - margin.length)}${name.padEnd(width)}  ${oneLine(sentence)}\n`;
      return advice === undefined
        ? line
        : `${line}${' '.repeat(8 + width)}${paint('dim', `→ ${oneLine(advice)}`)}\n`;
    })
    .join('');
}
