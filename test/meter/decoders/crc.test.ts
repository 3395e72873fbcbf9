import test from 'ava';
import { crc16Arc, crc16Kermit, crc16Modbus, crc16X25 } from '../../../meter/decoders/crc.ts';

test('the check values of the catalogue', (t) => {
  const digits = Buffer.from('123456789');
  t.is(crc16Arc(digits), 0xbb3d);
  t.is(crc16Modbus(digits), 0x4b37);
  t.is(crc16X25(digits), 0x906e);
  t.is(crc16Kermit(digits), 0x2189);
});
