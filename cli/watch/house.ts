import type { WatchStatus } from '../../agent/doors/operations.ts';
import type { LiveEvent } from '../../agent/doors/queries.ts';
import type { MeterView, StoreView } from '../../agent/doors/views.ts';
import type { Incident } from '../../agent/guard/incident.ts';

/** Incidents that are remembered. */
const MOST = 50;

/** The present state, as far as the events have told it. */
export class House {
  meters: MeterView[] = [];
  watches: WatchStatus[] = [];
  stores: StoreView[] = [];
  /** The newest first. */
  incidents: Incident[] = [];

  apply(told: LiveEvent): void {
    switch (told.event) {
      case 'meters':
        this.meters = told.data;
        break;
      case 'watches':
        this.watches = told.data;
        break;
      case 'stores':
        this.stores = told.data;
        break;
      case 'reading': {
        const { meter, reading } = told.data;
        this.meters = this.meters.map((known) =>
          known.name === meter ? { ...known, reading: { ...reading } } : known,
        );
        break;
      }
      case 'watch':
        this.watches = replaced(this.watches, told.data, ({ name }) => name);
        break;
      case 'incident':
        this.incidents = replaced(this.incidents, told.data, ({ id }) => id)
          .sort((a, b) => b.id - a.id)
          .slice(0, MOST);
        break;
    }
  }
}

/** What of an event is about the meter or watch of that name; undefined where nothing is. */
export function about(name: string, told: LiveEvent): LiveEvent | undefined {
  switch (told.event) {
    case 'meters':
      return { event: 'meters', data: told.data.filter((meter) => meter.name === name) };
    case 'watches':
      return { event: 'watches', data: told.data.filter((watch) => watch.name === name) };
    case 'reading':
      return told.data.meter === name ? told : undefined;
    case 'watch':
      return told.data.name === name ? told : undefined;
    case 'incident':
      return told.data.watch === name ? told : undefined;
    case 'stores':
      return undefined;
  }
}

function replaced<T>(items: readonly T[], item: T, keyOf: (item: T) => string | number): T[] {
  const key = keyOf(item);
  return items.some((known) => keyOf(known) === key)
    ? items.map((known) => (keyOf(known) === key ? item : known))
    : [...items, item];
}
