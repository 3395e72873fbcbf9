import type { Tariff } from '../../../shared/settings/schema.ts';
import { tariffSchema } from '../../../shared/settings/tariff.ts';

const SUMMER = [6, 7, 8, 9];
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;

/** Southern California Edison TOU-D-A, with the rates of the chain that wattdog replaces. */
export const sceTouDA: Tariff = tariffSchema.parse({
  name: 'SCE TOU-D-A',
  currency: 'USD',
  zone: 'America/Los_Angeles',
  periods: [
    { name: 'summer super off-peak', price: 0.12, months: SUMMER, from: '22:00', to: '08:00' },
    { name: 'summer on-peak', price: 0.48, months: SUMMER, days: WEEKDAYS, from: '14:00', to: '20:00' },
    { name: 'summer off-peak', price: 0.28, months: SUMMER },
    { name: 'winter super off-peak', price: 0.13, from: '22:00', to: '08:00' },
    { name: 'winter on-peak', price: 0.36, days: WEEKDAYS, from: '14:00', to: '20:00' },
    { name: 'winter off-peak', price: 0.27 },
  ],
});
