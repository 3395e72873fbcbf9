import { keepHeartbeat } from '../shared/heartbeat.ts';
import type { Log } from '../shared/log.ts';
import { brokerAddress } from '../shared/settings/broker-address.ts';
import { lineOf, metersOf } from '../shared/settings/meters.ts';
import type { Settings } from '../shared/settings/schema.ts';
import type { Time } from '../shared/time.ts';
import { together } from '../shared/together.ts';
import { installationOf } from './installation.ts';
import { readLine } from './line.ts';
import { type OpenMeter, openMeter } from './meter.ts';
import type { Prices } from './tariff/dynamic/prices.ts';

/** The meters of this process: serial ports → decoders → accounts → outboxes → MQTT, until the signal aborts. */
export async function runMeter(
  settings: Settings,
  deps: { time: Time; log: Log },
  signal: AbortSignal,
): Promise<void> {
  const { time, log } = deps;
  const household = {
    meters: metersOf(settings),
    data: settings.data,
    installation: installationOf(settings.data),
    broker: brokerAddress(settings),
    prices: new Map<string, Prices>(),
  };
  const meters: OpenMeter[] = [];
  try {
    for (const meter of household.meters) {
      const { name } = meter;
      const onReading: Parameters<typeof openMeter>[2]['onReading'] = (reading) => {
        for (const other of meters) other.hears(name, reading);
      };
      meters.push(await openMeter(meter, household, { time, log, onReading }));
    }
    const lines = linesOf(meters);
    const simulated = lines.filter(([meter]) => meter.settings.port === 'simulated');
    await together(
      signal,
      ...lines.map(
        (line) => (stopped: AbortSignal) =>
          readLine(line, { time, log, simulatedPart: simulated.indexOf(line) }, stopped),
      ),
      ...meters.map((meter) => meter.run),
      ...[...household.prices.values()].map((prices) => prices.run),
      (stopped) => keepHeartbeat('meter', time, stopped),
    );
  } finally {
    for (const meter of meters) meter.close();
  }
}

/** Those that are read over one line, together. */
function linesOf(meters: readonly OpenMeter[]): [OpenMeter, ...OpenMeter[]][] {
  const lines = new Map<string, [OpenMeter, ...OpenMeter[]]>();
  for (const meter of meters) {
    const line = lineOf(meter.settings);
    if (line === undefined) continue;
    const sharing = lines.get(line);
    if (sharing) sharing.push(meter);
    else lines.set(line, [meter]);
  }
  return [...lines.values()];
}
