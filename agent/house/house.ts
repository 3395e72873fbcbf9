import type { Time } from '../../shared/time.ts';
import { isOptionalField, type Reading } from '../../shared/wire.ts';
import type { Live } from '../doors/live.ts';
import type { Operations } from '../doors/operations.ts';
import type { LiveEvent, Queries, Range } from '../doors/queries.ts';
import type { AgentView, EnergyView, GapView, MeterView, PowerView, StoreView } from '../doors/views.ts';
import type { ForwardStatus } from '../forward.ts';
import type { Intake } from '../intake.ts';
import { createCalendar } from '../journal/calendar.ts';
import { openGaps } from '../journal/gaps.ts';
import type { Journal } from '../journal/journal.ts';
import type { Rollup } from '../journal/rollups.ts';
import type { Growth } from '../journal/standings.ts';
import type { Meters } from '../meters.ts';
import { isPhaseField } from './fields.ts';
import { oneByOne } from './patience.ts';
import { powerOf, rollupsOf } from './power.ts';
import { bucketsOf, forecast, sumOf } from './sums.ts';

interface Deps {
  meters: Meters;
  intake: Pick<Intake, 'latest'>;
  journal: Pick<Journal, 'look'>;
  stores: () => ForwardStatus[];
  agent: () => AgentView;
  operations: Operations;
  live: Live;
  /** IANA name of the time zone of days and months. */
  zone: string;
  /** ms without a reading that are no gap of a meter yet. */
  maxGapOf: (meter: string) => number;
  time: Time;
}

/** Incidents that one who begins to listen is told of. */
const RECENT = 20;

/** What may be read from outside, of what there is inside. */
export class House implements Queries {
  readonly #deps: Deps;
  readonly #calendar: ReturnType<typeof createCalendar>;
  readonly #patiently: ReturnType<typeof oneByOne>;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#calendar = createCalendar(deps.zone);
    this.#patiently = oneByOne(deps.time);
  }

  agent(): AgentView {
    return this.#deps.agent();
  }

  meters(): MeterView[] {
    const { journal, time } = this.#deps;
    const now = time.now();
    const month = this.#calendar('month', now);
    const yesterday = this.#calendar('day', this.#calendar('day', now).start - 1);
    const span = ['day', Math.min(month.start, yesterday.start), month.end] as const;
    const days = journal.look(({ rollups }) => rollups.select(...span));
    const growths = journal.look(({ standings }) => standings.select(...span));
    return this.#names().map((name) => {
      const isOwn = ({ meter }: { meter: string }) => meter === name;
      return this.#view(name, { rollups: days.filter(isOwn), growths: growths.filter(isOwn) }, now);
    });
  }

  knows(meter: string): boolean {
    const { meters, intake, journal } = this.#deps;
    if (meters.get(meter) !== undefined || intake.latest.has(meter)) return true;
    return journal.look(({ timeline }) => timeline.knows(meter));
  }

  async power(meter: string, range: Range, points: number): Promise<PowerView> {
    const { journal } = this.#deps;
    const fields = this.#fields(meter, this.newest(meter)).filter(isPhaseField);
    return this.#patiently((pause) =>
      powerOf((work) => journal.look(work), { meter, range, points, fields }, pause),
    );
  }

  async energy(meter: string, unit: EnergyView['unit'], range: Range): Promise<EnergyView> {
    const { journal } = this.#deps;
    const whole = {
      from: this.#calendar(unit, range.from).start,
      to: this.#calendar(unit, range.to - 1).end,
    };
    const of = unit === 'hour' ? 'hour' : 'day';
    return this.#patiently(async (pause) => {
      const rollups = await rollupsOf((work) => journal.look(work), { meter, range: whole, unit: of }, pause);
      const growths = journal.look(({ standings }) => standings.select(of, whole.from, whole.to, meter));
      const spanOf = (at: number) => this.#calendar(unit, at);
      return { meter, unit, buckets: await bucketsOf({ rollups, growths }, spanOf, pause) };
    });
  }

  gaps(range: Range, limit: number): GapView[] {
    const { journal, maxGapOf, time } = this.#deps;
    const now = time.now();
    const newest = this.#names().flatMap((meter) => {
      const reading = this.newest(meter);
      return reading === undefined ? [] : [{ meter, time: Date.parse(reading.time) }];
    });
    const lasting = openGaps(newest, maxGapOf, now)
      .filter(({ start }) => range.to > start && range.from < now)
      .map((gap) => ({
        ...gap,
        cause: 'silence',
        ...{ readings: 0, energy: 0, cost: 0, exportEnergy: 0, credit: 0 },
        ...{ estimatedEnergy: 0, estimatedCost: 0 },
      }));
    const over: GapView[] = journal.look(({ gaps }) => gaps.select(range.from, range.to, limit));
    return [...lasting, ...over].sort((a, b) => b.start - a.start).slice(0, limit);
  }

  stores(): StoreView[] {
    return this.#deps.stores().map((store) => ({
      name: store.name,
      lag: store.lag,
      written: store.written,
      rejected: store.rejected,
      retries: store.retries,
      downSince: store.downSince ?? null,
      error: store.downSince === undefined ? null : (store.lastError ?? null),
    }));
  }

  live(signal: AbortSignal): AsyncIterable<LiveEvent> {
    return this.#deps.live.listen(signal);
  }

  /** All that is the case, for one who begins to listen. What the journal does not tell at present is left out. */
  state(): LiveEvent[] {
    const { operations, intake } = this.#deps;
    const events: LiveEvent[] = [
      { event: 'watches', data: operations.watches() },
      ...[...intake.latest].map(
        ([meter, reading]): LiveEvent => ({ event: 'reading', data: { meter, reading } }),
      ),
      ...operations.incidents(RECENT).map((data): LiveEvent => ({ event: 'incident', data })),
      { event: 'stores', data: this.stores() },
    ];
    try {
      return [{ event: 'meters', data: this.meters() }, ...events];
    } catch {
      return events;
    }
  }

  /** The newest reading of this run, or else of the journal. @throws RetryError while that cannot be read. */
  newest(meter: string): Reading | undefined {
    const { intake, journal } = this.#deps;
    return intake.latest.get(meter) ?? journal.look(({ timeline }) => timeline.newest(meter));
  }

  #names(): string[] {
    const { meters, intake } = this.#deps;
    const heard = [...intake.latest.keys()].filter((name) => !meters.isFormer(name));
    return [...new Set([...meters.list().map(({ name }) => name), ...heard])].sort();
  }

  #view(name: string, days: { rollups: Rollup[]; growths: Growth[] }, now: number): MeterView {
    const { profile, online } = this.#deps.meters.get(name) ?? {};
    const reading = this.newest(name);
    const day = this.#calendar('day', now);
    const of = (unit: 'day' | 'month', at: number) => {
      const span = this.#calendar(unit, at);
      const isWithin = ({ start }: { start: number }) => start >= span.start && start < span.end;
      return sumOf(days.rollups.filter(isWithin), span, days.growths.filter(isWithin));
    };
    const month = of('month', now);
    const starts = [...new Set(days.rollups.map(({ start }) => start))]
      .filter((start) => start >= month.start)
      .map((start) => of('day', start));
    return {
      name,
      online: online ?? null,
      simulated: profile?.simulated ?? reading?.quality === 'simulated',
      decoder: profile?.decoder ?? null,
      port: profile?.port ?? null,
      power_basis: profile?.power_basis ?? reading?.power_basis ?? null,
      currency: profile?.currency ?? null,
      tariff: profile?.tariff ?? null,
      periods: profile?.periods.map((period) => ({ ...period })) ?? [],
      fields: this.#fields(name, reading),
      reading: reading === undefined ? null : { ...reading },
      today: of('day', now),
      yesterday: of('day', day.start - 1),
      month,
      forecast: forecast(month, starts, now),
    };
  }

  /** As the meter says, or else as its newest reading has them. */
  #fields(meter: string, newest: Reading | undefined): string[] {
    return this.#deps.meters.get(meter)?.profile.fields ?? Object.keys(newest ?? {}).filter(isOptionalField);
  }
}
