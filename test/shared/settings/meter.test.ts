import test from 'ava';
import { loadSettings } from '../../../shared/settings/load.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';

const D0 = { port: '/dev/x', decoder: 'd0', poll: '30s' };
const issues = (meter: object) =>
  (settingsSchema.safeParse({ meter }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

test('a meter that answers by name, and sleeps: as it was written, from wherever', (t) => {
  const asked = { ...D0, device_address: '0012345678', wake_up: true };
  t.like(settingsSchema.parse({ meter: asked }).meter, { ...asked, poll: 30_000 });
  const { meter } = loadSettings({
    environment: { WATTDOG_METER_DEVICE_ADDRESS: '0047' },
    flags: {
      ...{ 'meter.port': '/dev/x', 'meter.decoder': 'd0', 'meter.poll': '30s' },
      'meter.wake_up': 'true',
    },
    readFile: () => '',
  });
  t.like(meter, { device_address: '0047', wake_up: true });
  t.like(settingsSchema.parse({ meter: D0 }).meter, { device_address: undefined, wake_up: false });
});

for (const [what, meter, message] of [
  ['a number', { ...D0, device_address: 12 }, 'meter.device_address: must be text, in quotes where it is'],
  ['none', { ...D0, device_address: '' }, 'meter.device_address: must be 1 to 32 characters without ! and /'],
  ['an end', { ...D0, device_address: '12!' }, 'meter.device_address: must be 1 to 32 characters without'],
  ['a start', { ...D0, device_address: '/12' }, 'meter.device_address: must be 1 to 32 characters without'],
  ['a line', { ...D0, device_address: '12\n' }, 'meter.device_address: must be 1 to 32 characters without'],
  [
    '33',
    { ...D0, device_address: '1'.repeat(33) },
    'meter.device_address: must be 1 to 32 characters without',
  ],
  [
    'one that is not asked',
    { ...D0, poll: undefined, device_address: '12' },
    'meter.device_address: must be left out: only `d0`',
  ],
  ['another', { ...D0, decoder: 'pzem', wake_up: true }, 'meter.wake_up: must be left out: only `d0`'],
] as const)
  test(`refused: ${what}`, (t) => {
    const found = issues(meter);
    t.is(found.length, 1, found.join());
    t.true(found[0]?.startsWith(message), found[0]);
  });
