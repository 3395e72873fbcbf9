import type { ReadingView } from './live-reading.ts';

/** What a meter's own dial, or that of one behind it, shows. */
export interface Standing {
  name: string;
  value: number;
  unit: 'kWh' | 'm³';
}

const REGISTER = /^register_(import|export)(?:_(\d+))?$/;

/** What a reading says of them, its registers first. */
export function standingsOf(reading: ReadingView): Standing[] {
  const registers = Object.keys(reading)
    .sort()
    .flatMap((field): Standing[] => {
      const [, direction, rate] = REGISTER.exec(field) ?? [];
      const value = reading[field];
      if (direction === undefined || typeof value !== 'number') return [];
      const name = `${direction === 'import' ? 'Taken in' : 'Fed out'}${rate === undefined ? '' : `, rate ${rate}`}`;
      return [{ name, value, unit: 'kWh' }];
    });
  const media = (['gas', 'water'] as const).flatMap((field): Standing[] => {
    const value = reading[field];
    const name = field === 'gas' ? 'Gas' : 'Water';
    return typeof value === 'number' ? [{ name, value, unit: 'm³' }] : [];
  });
  return [...registers, ...media];
}
