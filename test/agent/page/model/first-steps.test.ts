import test from 'ava';
import { firstSteps } from '../../../../agent/page/model/first-steps.ts';

test('the first device stands in the lines that can be copied', (t) => {
  const { command, environment, canSee, devices } = firstSteps(['/dev/serial/by-id/usb-A', '/dev/ttyUSB0']);
  t.is(command, 'npm start -- --port /dev/serial/by-id/usb-A --decoder amps');
  t.is(environment, 'METER_PORT=/dev/serial/by-id/usb-A\nMETER_DECODER=amps');
  t.true(canSee);
  t.is(devices.length, 2);
});

test('without a device an example does', (t) => {
  t.like(firstSteps([]), { canSee: true, devices: [] });
  t.like(firstSteps(null), { canSee: false, devices: [] });
  t.regex(firstSteps(null).environment, /^METER_PORT=\/dev\/serial\/by-id\/usb-Arduino…\n/);
});
