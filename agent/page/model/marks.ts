import type { WatchStatus } from '../../doors/operations.ts';
import type { GapView } from '../../doors/views.ts';
import type { Incident } from '../../guard/incident.ts';

/** A stretch of the chart that is told apart; ms since 1970 UTC. */
export interface Mark {
  kind: 'incident' | 'drill' | 'gap';
  from: number;
  to: number;
}

interface Story {
  watches: readonly WatchStatus[];
  incidents: readonly Incident[];
  gaps: readonly GapView[];
  now: number;
}

/** What of the story belongs on the chart of this meter. */
export function marksOf(meter: string, { watches, incidents, gaps, now }: Story): Mark[] {
  const own = new Set(watches.filter((watch) => concerns(watch, meter)).map(({ name }) => name));
  return [
    ...gaps
      .filter((gap) => gap.meter === meter)
      .map(({ start, end }): Mark => ({ kind: 'gap', from: start, to: end ?? now })),
    ...incidents
      .filter(({ watch }) => own.has(watch))
      .map(
        ({ began, firstMessage, recovered, withdrawn, drill }): Mark => ({
          kind: drill ? 'drill' : 'incident',
          from: began,
          to: firstMessage ?? recovered ?? withdrawn?.at ?? now,
        }),
      ),
  ];
}

/** Whether a watch listens to the readings of this meter. */
export function concerns({ topics }: WatchStatus, meter: string): boolean {
  const levels = `wattdog/${meter}/reading`.split('/');
  return topics.some((filter) => {
    const parts = filter.split('/');
    const hash = parts.indexOf('#');
    if (hash < 0 && parts.length !== levels.length) return false;
    return parts.slice(0, hash < 0 ? undefined : hash).every((part, n) => part === '+' || part === levels[n]);
  });
}
