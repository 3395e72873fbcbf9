/** What the command line asks of a running agent. */

import type { Demand, Forgotten, WatchStatus } from '../agent/doors/operations.ts';
import type { MeterView } from '../agent/doors/views.ts';
import type { Incident, Moment } from '../agent/guard/incident.ts';
import { GiveUpError } from '../shared/errors.ts';
import type { AgentClient } from './agent-client.ts';
import type { Arguments } from './arguments.ts';
import { styleOfState } from './colours.ts';
import { describeLoss, describeMoment } from './drill.ts';
import { incidentRow } from './incidents.ts';
import { feedsOut, meterRow } from './meters.ts';
import { showMoment } from './moment.ts';
import type { Screen, Style } from './screen.ts';
import { oneLine, printRows } from './table.ts';
import { watchRow } from './watches.ts';

/** How an incident that is not over looks. */
const OPEN: Record<string, Style> = { 'not yet': 'yellow', 'needs help': 'red' };

export async function listWatches(agent: AgentClient, { options }: Arguments, out: Screen): Promise<void> {
  const { watches } = await agent.ask<{ watches: WatchStatus[] }>('listing the watches', '/api/v1/watches');
  printRows(out, { items: watches, json: options.json }, watchRow, {
    none: 'nothing is watched',
    shorten: 'why',
    leaveOut: ['held until', 'restarts', 'silent'],
    styleOf: (heading, cell) => (heading === 'state' ? styleOfState(cell) : undefined),
  });
}

export async function listMeters(agent: AgentClient, { options }: Arguments, out: Screen): Promise<void> {
  const { meters } = await agent.ask<{ meters: MeterView[] }>('listing the meters', '/api/v1/meters');
  const now = Date.now();
  const withOut = meters.some(feedsOut);
  printRows(out, { items: meters, json: options.json }, (meter) => meterRow(meter, now, withOut), {
    none: 'no meter has been heard of yet',
    leaveOut: [
      ...['expected', 'cost yesterday', 'kWh yesterday', 'earned month', 'age', 'state', 'cost month'],
      ...['kWh out month', 'earned today'],
    ],
  });
}

export async function listIncidents(
  agent: AgentClient,
  { options: { limit = '20', json } }: Arguments,
  out: Screen,
): Promise<void> {
  const incidents = await newestIncidents(agent, limit);
  printRows(out, { items: incidents.reverse(), json }, incidentRow, {
    none: 'there was no incident',
    shorten: 'why',
    leaveOut: ['lost', 'tries', 'noticed after', 'id'],
    styleOf: (heading, cell) => (heading === 'recovered after' ? OPEN[cell] : undefined),
  });
}

export async function restart(
  agent: AgentClient,
  { words: [watch = ''], options }: Arguments,
  out: Screen,
): Promise<void> {
  const { sentence } = await agent.ask<Demand>(`restarting ${watch}`, pathOf(watch, 'restart'), {
    force: options.force !== undefined,
  });
  out.write(`${oneLine(sentence)}\n`);
}

export async function hold(
  agent: AgentClient,
  { words: [name = '', time = ''] }: Arguments,
  out: Screen,
): Promise<void> {
  const { watch, heldUntil } = await agent.ask<{ watch: string; heldUntil: number }>(
    `holding ${name}`,
    pathOf(name, 'hold'),
    { for: time },
  );
  out.write(`${watch} is left alone until ${showMoment(heldUntil)}\n`);
}

export async function release(
  agent: AgentClient,
  { words: [name = ''] }: Arguments,
  out: Screen,
): Promise<void> {
  const { watch, heldUntil } = await agent.ask<{ watch: string; heldUntil?: number }>(
    `releasing ${name}`,
    pathOf(name, 'release'),
    {},
  );
  if (heldUntil === undefined) out.write(`${watch} is healed again\n`);
  else out.write(`${watch} is still left alone until ${showMoment(heldUntil)}, for maintenance\n`);
}

export async function forget(
  agent: AgentClient,
  { words: [name = ''] }: Arguments,
  out: Screen,
): Promise<void> {
  const { sentence } = await agent.ask<Forgotten>(
    `forgetting ${name}`,
    `/api/v1/meters/${encodeURIComponent(name)}/forget`,
    {},
  );
  out.write(`${oneLine(sentence)}\n`);
}

/**
 * Freezes what the watch would restart and tells what happens, as it happens.
 * @throws GiveUpError unless its recovery was verified.
 */
export async function drill(
  agent: AgentClient,
  { words: [name = ''] }: Arguments,
  out: Screen,
): Promise<void> {
  const action = `drilling ${name}`;
  const target = await targetOf(agent, action, name);
  let frozen: number | undefined;
  let last: Moment | undefined;
  for await (const line of agent.lines(action, pathOf(name, 'drill'))) {
    const moment = line as Moment | { error: string };
    if ('error' in moment) throw new GiveUpError(`${action}: ${moment.error}`);
    if (frozen === undefined)
      out.write(
        `freezing ${oneLine(target)} for real; the agent brings it back, whether anybody looks on or not\n`,
      );
    frozen ??= moment.at;
    last = moment;
    out.write(`${describeMoment(moment, frozen)}\n`);
  }
  if (last?.what !== 'verified')
    throw new GiveUpError(
      `${action}: its recovery must be verified, the last that was seen is: ${last?.what ?? 'nothing'}`,
    );
  out.write(`${describeLoss(await newestIncidents(agent, '20'), name)}\n`);
}

/** What is going to be frozen. @throws GiveUpError where nothing is. */
async function targetOf(agent: AgentClient, action: string, name: string): Promise<string> {
  const { watches } = await agent.ask<{ watches: WatchStatus[] }>(action, '/api/v1/watches');
  const watch = watches.find((candidate) => candidate.name === name);
  const known = watches.map((candidate) => candidate.name).join(', ') || '(there is none)';
  if (watch === undefined)
    throw new GiveUpError(`${action}: the watch must be one of ${known}, got ${name}`, 2);
  if (watch.target === undefined)
    throw new GiveUpError(`${action}: there must be something that ${name} restarts, but there is nothing`);
  return watch.target;
}

/** The newest first. */
async function newestIncidents(agent: AgentClient, limit: string): Promise<Incident[]> {
  const query = new URLSearchParams({ limit });
  const path = `/api/v1/incidents?${query}`;
  return (await agent.ask<{ incidents: Incident[] }>('listing the incidents', path)).incidents;
}

function pathOf(watch: string, verb: string): string {
  return `/api/v1/watches/${encodeURIComponent(watch)}/${verb}`;
}
