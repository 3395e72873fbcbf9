import type { LiveEvent } from '../../agent/doors/queries.ts';
import { showIncident } from '../incidents.ts';
import { showPower } from '../meters.ts';
import { oneLine } from '../table.ts';

/** Says in a line what an event has changed; what has not changed, again and again, is not said. */
export function createChanges(): (told: LiveEvent) => string[] {
  const last = new Map<string, string>();
  /** @param as what must differ from the last time; default: the line itself. */
  const changed = (key: string, line: string, as = line): string[] => {
    if (last.get(key) === as) return [];
    last.set(key, as);
    return [oneLine(line)];
  };
  const each = (told: LiveEvent): string[] => {
    switch (told.event) {
      case 'reading': {
        const { meter, reading } = told.data;
        const { energy, export_energy: fedOut } = reading;
        const out = fedOut === undefined ? '' : `  ${fedOut.toFixed(3)} kWh out`;
        return [`${meter}  ${showPower(reading)}  ${energy.toFixed(3)} kWh${out}`];
      }
      case 'meters':
        return told.data.flatMap(({ name, online }) =>
          online === null ? [] : changed(`meter ${name}`, `${name}  ${online ? 'online' : 'offline'}`),
        );
      case 'watch': {
        const { name, verdict } = told.data;
        // Its sentence counts seconds.
        const what = `${verdict.state} ${verdict.cause ?? ''}`;
        return changed(`watch ${name}`, `${name}  ${verdict.state}: ${verdict.sentence}`, what);
      }
      case 'watches':
        return told.data.flatMap((data) => each({ event: 'watch', data }));
      case 'incident':
        return changed(
          `incident ${told.data.id}`,
          `${told.data.watch}  incident ${told.data.id}: ${showIncident(told.data)}`,
        );
      case 'stores':
        return told.data.flatMap(({ name, downSince, error }) =>
          changed(
            `store ${name}`,
            `${name}  ${downSince === null ? 'takes readings' : `away: ${error ?? ''}`}`,
          ),
        );
    }
  };
  return each;
}
