import type { Incident, Loss, Rung, Try } from '../guard/incident.ts';
import type { Cause } from '../watch/verdict.ts';
import { and, type Calendar, clip, count, duration, energy, sentence } from './words.ts';

/** How far an incident has come: something is wrong, a person is needed, or it is over. */
export type Stage = 'trouble' | 'help' | 'over';

/** What a person is told of an incident; plain text, without any service's markup. */
export interface Message {
  stage: Stage;
  /** One line. */
  title: string;
  /** Whole sentences, a thought each. */
  lines: string[];
  drill: boolean;
}

/** A service's limits are several times as large. */
const LONGEST_LINE = 400;
/** ms that a restart took, for it to be told. */
const WORTH_TELLING = 50;
/** Groups of tries that are told; of more, the first and the last. */
const MOST_TRIES = 5;

const HEADLINES: Record<Cause, string> = {
  frozen: 'froze',
  ended: 'stopped running',
  paused: 'is paused',
  unhealthy: 'is unhealthy',
  departed: 'is gone',
  port: 'cannot open its port',
  line: 'hears nothing on its line',
  rejects: 'understands nothing it hears',
  stuck: 'keeps saying the same',
  silence: 'fell silent',
};

/** The incident as it stands, in words. It depends on nothing else, so that the same state reads the same. */
export function describeIncident(incident: Incident, calendar: Calendar): Message {
  const { watch, drill = false, partOf } = incident;
  const stage = stageOf(incident);
  const lines = [
    drill ? 'This is a drill: it was frozen on purpose.' : '',
    `Last sign of life at ${calendar.clock(incident.began)} on ${calendar.day(incident.began)}.`,
    sentence(incident.verdict),
    partOf === undefined ? '' : `It stalled together with ${partOf.watch}.`,
    ...tries(incident),
    ...(stage === 'over' ? ending(incident, calendar) : pending(incident)),
  ];
  return {
    stage,
    title: clip(`${drill ? 'Drill: ' : ''}${watch} ${headline(incident)}`, 200),
    lines: lines.filter((line) => line !== '').map((line) => clip(line, LONGEST_LINE)),
    drill,
  };
}

/** Somebody stopped it on purpose, and that is all there is to it. */
function isOperatorStop({ tries, help }: Incident): boolean {
  return help === undefined && tries.length > 0 && tries.every(({ result }) => result === 'respected');
}

/** Another incident tells of it, as long as what heals that one heals this. */
function isToldByAnother({ partOf, tries, help }: Incident): boolean {
  return partOf !== undefined && help === undefined && tries.length === 0;
}

/** Nothing came of it that anybody would want to be told. */
export function isNoNews(incident: Incident): boolean {
  return isOperatorStop(incident) || isToldByAnother(incident) || incident.withdrawn !== undefined;
}

function stageOf({ recovered, help, withdrawn }: Incident): Stage {
  if (recovered !== undefined || withdrawn !== undefined) return 'over';
  return help === undefined ? 'trouble' : 'help';
}

function headline(incident: Incident): string {
  const { began, cause, help, loss } = incident;
  const back = backAt(incident);
  if (back !== undefined) {
    const ms = loss === undefined ? back - began : loss.seconds * 1000;
    return ms > 0 ? `is back after ${duration(ms)}` : 'is back';
  }
  if (incident.withdrawn !== undefined) return 'is watched no longer';
  if (help !== undefined) return 'needs you';
  return isOperatorStop(incident) ? 'was stopped on purpose' : HEADLINES[cause];
}

/** When fresh messages came again, once it is proved that they go on. */
function backAt({ recovered, firstMessage }: Incident): number | undefined {
  return recovered === undefined ? undefined : (firstMessage ?? recovered);
}

function tries({ tries, recovered }: Incident): string[] {
  const groups: { deed: Deed; times: number }[] = [];
  for (const attempt of tries) {
    const deed = describeTry(attempt, recovered !== undefined);
    const last = groups.at(-1);
    if (last?.deed.what === deed.what) groups.splice(-1, 1, { deed, times: last.times + 1 });
    else groups.push({ deed, times: 1 });
  }
  const told = groups.map(({ deed: { what, how }, times }) => sentence(`${what}${repeated(times)}${how}`));
  if (told.length <= MOST_TRIES) return told;
  const left = told.length - MOST_TRIES + 1;
  return [...told.slice(0, 1), `Then ${left} more attempts.`, ...told.slice(left + 1)];
}

function repeated(times: number): string {
  if (times === 1) return '';
  return times === 2 ? ' twice' : ` ${times} times`;
}

/** `what` is the same for the same again. */
interface Deed {
  what: string;
  how: string;
}

const PAST: Record<string, string> = {
  kill: 'killed',
  start: 'started again',
  spawn: 'started again',
  restart: 'restarted',
  stop: 'stopped',
  unpause: 'unpaused',
};
const DONE: Record<Rung, string> = {
  reopen: 'was asked to open its port anew',
  restart: 'was restarted',
  'reset-usb': 'had its USB device reset',
};
const UNDERWAY: Record<Rung, [is: string, was: string]> = {
  reopen: ['is being asked to open its port anew', 'was being asked to open its port anew'],
  restart: ['is being restarted', 'was being restarted'],
  'reset-usb': ['has its USB device reset', 'had its USB device reset'],
};
const DOING: Record<Rung, (target: string) => string> = {
  reopen: (target) => `asking ${target} to open its port anew`,
  restart: (target) => `restarting ${target}`,
  'reset-usb': (target) => `resetting the USB device of ${target}`,
};

function describeTry({ rung, target, result, detail, steps }: Try, over: boolean): Deed {
  const [is, was] = UNDERWAY[rung];
  switch (result) {
    case 'begun':
      if (over) return { what: `${target} ${was}`, how: ' when wattdog itself was interrupted' };
      return { what: `${target} ${is}`, how: '' };
    case 'respected':
      return { what: `${target} was left alone`, how: `: ${detail}` };
    case 'failed':
      return { what: `${DOING[rung](target)} failed`, how: `: ${detail}` };
    case 'running': {
      const deeds = rung === 'restart' ? steps.map(({ action }) => PAST[action] ?? action) : [];
      const took = steps.reduce((sum, { tookMs }) => sum + tookMs, 0);
      return {
        what: `${target} ${deeds.length > 0 ? `was ${and(deeds)}` : DONE[rung]}`,
        how: took >= WORTH_TELLING ? ` (${duration(took)})` : '',
      };
    }
  }
}

function pending({ help, tries }: Incident): string[] {
  if (help !== undefined) return [sentence(`a person is needed: ${help.why}`)];
  return tries.at(-1)?.result === 'running' ? ['Waiting for fresh messages.'] : [];
}

function ending(incident: Incident, calendar: Calendar): string[] {
  const { began, detected, tries, loss, withdrawn, partOf } = incident;
  if (withdrawn !== undefined) return [sentence(withdrawn.why)];
  const back = backAt(incident) ?? detected;
  const day = calendar.day(back) === calendar.day(began) ? '' : ` on ${calendar.day(back)}`;
  const later = back > detected ? `, ${duration(back - detected)} after it was noticed` : '';
  const healed = tries.some(({ result }) => result === 'running' || result === 'begun');
  const by = healed || partOf !== undefined ? '' : ' by itself';
  return [`Back${by} at ${calendar.clock(back)}${day}${later}.`, ...(loss === undefined ? [] : [lost(loss)])];
}

function lost({ readings, energy: kWh }: Loss): string {
  if (readings === 0 && kWh === 0) return 'Nothing was lost.';
  const missed = `${readings === 0 ? 'no reading' : count(readings, 'reading')} missed`;
  return sentence(`${missed}, ${kWh > 0 ? `about ${energy(kWh)} not counted` : 'no energy lost'}`);
}
