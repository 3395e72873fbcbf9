import type { MeterView } from '../../doors/views.ts';

export type ReadingView = NonNullable<MeterView['reading']>;

/** s, as the meter gives them to its retained readings: five intervals, within bounds. */
const LEAST = 10;
const MOST = 3600;

/** Whether a reading still says what is. @param now ms since 1970 UTC, by the agent’s clock. */
export function isLive({ time, interval }: ReadingView, now: number): boolean {
  const expiry = Math.min(Math.max(LEAST, Math.ceil(5 * interval)), MOST);
  return now - Date.parse(time) <= expiry * 1000;
}

export interface Phase {
  number: number;
  current: number | undefined;
  voltage: number | undefined;
  power: number | undefined;
}

/** What a reading says of each phase, in order. */
export function phasesOf(reading: ReadingView): Phase[] {
  const numbers = Object.keys(reading).flatMap((key) => {
    const [, number] = /^(?:current|voltage|power)_(\d{1,2})$/.exec(key) ?? [];
    return number === undefined ? [] : [Number(number)];
  });
  const value = (key: string) => (typeof reading[key] === 'number' ? reading[key] : undefined);
  return [...new Set(numbers)]
    .sort((a, b) => a - b)
    .map((number) => ({
      number,
      current: value(`current_${number}`),
      voltage: value(`voltage_${number}`),
      power: value(`power_${number}`),
    }));
}
