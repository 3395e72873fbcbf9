import { type MeterSettings, settingsSchema } from '../../shared/settings/schema.ts';

/** Settings of phases, with the defaults of what is left out. */
export function phasesOf(...phases: object[]): MeterSettings['phases'] {
  return settingsSchema.parse({ meter: { port: '/dev/ttyTEST', decoder: 'dsmr', phases } }).meter.phases;
}
