import { styleOfState } from '../colours.ts';
import { showIncident } from '../incidents.ts';
import { feedsOut, showAge, showEnergy, showMoney, showPower } from '../meters.ts';
import { showMoment } from '../moment.ts';
import type { Screen } from '../screen.ts';
import { oneLine, type Row, table } from '../table.ts';
import type { House } from './house.ts';

/** Incidents that are shown. */
const INCIDENTS = 5;

/**
 * The house as a person looks at it, in lines that fit the screen.
 * @param head what is looked at, and whether it is there. @param now ms since 1970 UTC.
 */
export function describeHouse(house: House, head: string, screen: Screen, now: number): string[] {
  const { paint } = screen;
  const withOut = house.meters.some(feedsOut);
  const meters = house.meters.map(
    ({ name, reading, today, month, currency, online, simulated }): Row => ({
      meter: name,
      power: reading === null ? '' : showPower(reading),
      age: reading === null ? 'no reading yet' : showAge(now - Date.parse(reading.time)),
      'kWh today': showEnergy(today),
      ...(withOut && { 'kWh out today': today.export_energy.toFixed(2) }),
      'cost today': showMoney(today.cost, currency),
      ...(withOut && { 'earned today': showMoney(today.credit, currency) }),
      'kWh month': showEnergy(month),
      note: [simulated ? 'simulated' : '', online === false ? 'offline' : ''].filter(Boolean).join(', '),
    }),
  );
  const watches = house.watches.map(
    ({ name, verdict }): Row => ({ watch: name, state: verdict.state, why: verdict.sentence }),
  );
  const stores = house.stores.map(
    ({ name, lag, downSince, error }): Row => ({
      store: name,
      behind: lag,
      state: downSince === null ? 'there' : `away since ${showMoment(downSince)}: ${error ?? ''}`,
    }),
  );
  const incidents = house.incidents.slice(0, INCIDENTS).map((incident) => ({
    began: showMoment(incident.began),
    watch: incident.watch,
    incident: showIncident(incident),
  }));
  const tables = [
    table(meters, screen, { leaveOut: ['kWh month', 'earned today', 'note', 'age'] }),
    table(watches, screen, {
      shorten: 'why',
      styleOf: (heading, cell) => (heading === 'state' ? styleOfState(cell) : undefined),
    }),
    table(stores, screen, {
      shorten: 'state',
      styleOf: (heading, cell) => (heading === 'state' && cell !== 'there' ? 'red' : undefined),
    }),
    table(incidents, screen, { shorten: 'incident' }),
  ].filter((text) => text !== '');
  const lines = [
    paint('dim', oneLine(head)),
    ...tables.flatMap((text) => ['', ...text.trimEnd().split('\n')]),
  ];
  return lines.slice(0, screen.rows - 1);
}
