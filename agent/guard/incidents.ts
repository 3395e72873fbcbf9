import { reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { AgentState } from '../state.ts';
import type { Incident } from './incident.ts';

/** What has just become of an incident. */
export type IncidentEvent =
  | 'stalled'
  | 'reopened'
  | 'restarted'
  | 'usb-reset'
  | 'respected'
  | 'failed'
  | 'help'
  | 'recovered'
  | 'withdrawn';

export interface IncidentCounts {
  incidents: number;
  restarts: number;
}

/** Incidents looked through for those of an earlier life. */
const RECENT = 1000;
const DAY = 86_400_000;

/** Keeps the record of incidents, and tells of every change. A disk that takes no record is no reason not to heal. */
export class Incidents {
  readonly #state: AgentState;
  readonly #tell: (event: IncidentEvent, incident: Incident) => void;
  readonly #log: Log;
  readonly #counts = new Map<string, IncidentCounts>();
  /** The first that is open, of each whole target. */
  readonly #firsts = new Map<string, Pick<Incident, 'id' | 'watch'>>();
  /** Ids for what the disk refuses, so that whoever is told can tell them apart. */
  #unrecorded = -1;

  constructor(state: AgentState, tell: (event: IncidentEvent, incident: Incident) => void, log: Log) {
    this.#state = state;
    this.#tell = tell;
    this.#log = log;
  }

  /** Of a watch, since this agent started. */
  counts(watch: string): Readonly<IncidentCounts> {
    return this.#counts.get(watch) ?? { incidents: 0, restarts: 0 };
  }

  /**
   * @param target what is ill as a whole, not one meter of it; left out where nothing is.
   * @returns the incident with its number, and the one it is a part of.
   */
  open(incident: Omit<Incident, 'id'>, target?: string): Incident {
    this.#count(incident.watch, 'incidents');
    const partOf = target === undefined ? undefined : this.#firsts.get(target);
    const whole = partOf === undefined ? incident : { ...incident, partOf };
    const opened = this.#record(() => this.#state.openIncident(whole)) ?? {
      ...whole,
      id: this.#unrecorded--,
    };
    if (target !== undefined && partOf === undefined)
      this.#firsts.set(target, { id: opened.id, watch: opened.watch });
    this.#tell('stalled', opened);
    return opened;
  }

  /** @param event left out for what is only to be remembered. */
  save(incident: Incident, event?: IncidentEvent): void {
    if (event === 'restarted') this.#count(incident.watch, 'restarts');
    if (isOver(incident))
      for (const [target, { id }] of this.#firsts) if (id === incident.id) this.#firsts.delete(target);
    if (incident.id > 0) this.#record(() => this.#state.saveIncident(incident));
    if (event) this.#tell(event, incident);
  }

  /** The newest first; none where the disk does not say. */
  newest(limit: number): Incident[] {
    return this.#record(() => this.#state.incidents(limit)) ?? [];
  }

  /** What an earlier life of the agent left open, and when it restarted the target in the last day (ms since 1970 UTC). */
  legacy(watch: string, now: number): { open: Incident | undefined; restarts: number[] } {
    const own = this.newest(RECENT).filter((incident) => incident.watch === watch);
    const restarts = own
      .flatMap(({ tries }) => tries)
      .filter(({ rung, result, at }) => rung === 'restart' && result !== 'respected' && now - at < DAY)
      .map(({ at }) => Math.min(at, now))
      .sort((a, b) => a - b);
    const [newest] = own;
    return { open: newest === undefined || isOver(newest) ? undefined : newest, restarts };
  }

  #count(watch: string, what: keyof IncidentCounts): void {
    const counts = this.counts(watch);
    this.#counts.set(watch, { ...counts, [what]: counts[what] + 1 });
  }

  #record<T>(write: () => T): T | undefined {
    try {
      return write();
    } catch (error) {
      this.#log.error(`keeping the record of incidents: ${reason(error)}`);
      return undefined;
    }
  }
}

function isOver({ recovered, withdrawn }: Incident): boolean {
  return recovered !== undefined || withdrawn !== undefined;
}
