/** Amounts and moments in words for people. */

/** `0.4 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `3 days 4 h`. */
export function duration(ms: number): string {
  if (ms < 9950) return `${(Math.max(ms, 0) / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return both(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return both(hours, 'h', minutes % 60, 'min');
  return both(Math.floor(hours / 24), 'days', hours % 24, 'h');
}

function both(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

/** @param kWh above 0. */
export function energy(kWh: number): string {
  const wattHours = kWh * 1000;
  if (wattHours < 1) return 'less than 1 Wh';
  return wattHours < 1000 ? `${Math.round(wattHours)} Wh` : `${kWh.toFixed(1)} kWh`;
}

/** What has no plural of its own but with an `s`. */
export function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`;
}

/** A sentence of its own: on one line, with a capital and a full stop. */
export function sentence(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const capital = line.charAt(0).toUpperCase() + line.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}

/** At most `most` characters. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** `list` as `a, b and c`. */
export function and(list: readonly string[]): string {
  return [list.slice(0, -1).join(', '), ...list.slice(-1)].filter((part) => part !== '').join(' and ');
}

const GAP_CAUSES: Record<string, string> = {
  reader: 'the reader was not running',
  port: 'the device was away or silent',
  rejects: 'what came was refused',
  device: 'the device began anew',
  silence: 'nothing came',
  dropped: 'the outbox was full',
};

/** Why there were no readings. @param cause such as `reader`; one that is new to us is its own word. */
export function gapCause(cause: string): string {
  return GAP_CAUSES[cause] ?? cause;
}

/** Moments as people in one place write them. */
export interface Calendar {
  /** `14:03:12`. */
  clock(at: number): string;
  /** `15 January`. */
  day(at: number): string;
}

/** @param zone an IANA time zone; undefined for this machine's. */
export function calendar(zone: string | undefined): Calendar {
  const timeZone = zone === undefined ? {} : { timeZone: zone };
  const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', hourCycle: 'h23', ...timeZone });
  const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', ...timeZone });
  return { clock: (at) => clock.format(at), day: (at) => day.format(at) };
}
