import { Live } from '../../../agent/doors/live.ts';
import type { Operations } from '../../../agent/doors/operations.ts';
import type { AgentView } from '../../../agent/doors/views.ts';
import type { ForwardStatus } from '../../../agent/forward.ts';
import { House } from '../../../agent/house/house.ts';
import type { Arrival } from '../../../agent/journal/journal.ts';
import { Meters, type ProfileStore } from '../../../agent/meters.ts';
import type { Profile, Reading } from '../../../shared/wire.ts';
import { type Owner, silentLog } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import { scriptedOperations } from '../web/support.ts';
import { openJournal, ZONE } from './history.ts';

const HOUR = 3_600_000;
/** Midnight in Los Angeles, on 13 March 2026. */
export const MIDNIGHT = Date.parse('2026-03-13T07:00:00Z');

export const profile: Profile = {
  version: '0.1.0',
  installation: 'i1',
  meters: ['main'],
  port: '/dev/ttyACM0',
  decoder: 'amps',
  simulated: false,
  fields: ['current_1', 'current_2'],
  power_basis: 'apparent',
  currency: 'USD',
  tariff: 'flat',
  periods: [{ name: 'always', price: 0.25 }],
};

const agent: AgentView = {
  version: '0.1.0',
  started: MIDNIGHT,
  now: MIDNIGHT,
  zone: ZONE,
  connected: true,
  broker: 'mqtt://127.0.0.1:1883',
  embedded: true,
  journal: { trouble: null, expired: 0 },
  devices: null,
};

interface Options {
  operations?: Operations;
  now?: number;
  known?: ReturnType<ProfileStore['load']>;
  latest?: [string, Reading][];
  stores?: ForwardStatus[];
}

/** A house on a journal that holds the arrivals; at noon, unless the test says otherwise. */
export function furnish(t: Owner, arrivals: Arrival[], options: Options = {}) {
  const {
    now = MIDNIGHT + 12 * HOUR,
    known = [{ name: 'main', profile }],
    latest: heard = [],
    stores = [],
    operations = scriptedOperations(),
  } = options;
  const journal = openJournal(t);
  journal.append(arrivals);
  const live: Live = new Live(() => house.state());
  const time = virtualTime(now);
  const latest = new Map(heard);
  const meters = new Meters({ load: () => known, save() {} }, silentLog);
  const house: House = new House({
    meters,
    intake: { latest },
    journal,
    stores: () => stores,
    agent: () => agent,
    operations,
    live,
    zone: ZONE,
    maxGapOf: () => 10_000,
    time,
  });
  return { house, journal, live, latest, meters, operations, time };
}
