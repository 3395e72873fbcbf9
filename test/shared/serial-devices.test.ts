import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { describeDevices, listDevices } from '../../shared/serial-devices.ts';
import { temporaryFolder } from '../support/system.ts';

const USB = 'sys/devices/pci0000:00/usb1';

/** A machine with these files; a value that begins with `->` is a link. */
function machine(root: string, files: Record<string, string>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (content.startsWith('->')) symlinkSync(content.slice(2), join(root, path));
    else writeFileSync(join(root, path), content);
  }
  return root;
}

const arduino = {
  'dev/ttyACM0': '',
  'dev/serial/by-id/usb-Arduino_Uno_5573-if00': '->../../ttyACM0',
  [`${USB}/1-2/idVendor`]: '2341\n',
  [`${USB}/1-2/idProduct`]: '0043\n',
  [`${USB}/1-2/manufacturer`]: 'Arduino (www.arduino.cc)\n',
  [`${USB}/1-2/product`]: 'Uno\n',
  [`${USB}/1-2/serial`]: '5573\n',
  [`${USB}/1-2/1-2:1.0/driver`]: '->../../../../../bus/usb/drivers/cdc_acm',
  'sys/class/tty/ttyACM0/device': '->../../../devices/pci0000:00/usb1/1-2/1-2:1.0',
};
/** Which udev has not named, as in a slim container, and which says little of itself. */
const clone = {
  'dev/ttyUSB10': '',
  [`${USB}/1-3/idVendor`]: '1a86\n',
  [`${USB}/1-3/idProduct`]: '7523\n',
  [`${USB}/1-3/product`]: 'USB Serial\n',
  [`${USB}/1-3/1-3:1.0/ttyUSB10/driver`]: '->../../../../../../bus/usb-serial/drivers/ch341-uart',
  'sys/class/tty/ttyUSB10/device': '->../../../devices/pci0000:00/usb1/1-3/1-3:1.0/ttyUSB10',
};

test('a USB device is known by its stable name and by what it says of itself', (t) => {
  const root = machine(temporaryFolder(t), arduino);
  t.deepEqual(describeDevices(root), [
    {
      path: '/dev/serial/by-id/usb-Arduino_Uno_5573-if00',
      tty: '/dev/ttyACM0',
      driver: 'cdc_acm',
      vendor: 'Arduino (www.arduino.cc)',
      product: 'Uno',
      serial: '5573',
      usb: '2341:0043',
    },
  ]);
});

test('one without a stable name is not left out beside one that has it', (t) => {
  const root = machine(temporaryFolder(t), { ...clone, ...arduino, 'dev/ttyUSB9': '' });
  t.deepEqual(listDevices(root), [
    '/dev/serial/by-id/usb-Arduino_Uno_5573-if00',
    '/dev/ttyUSB9',
    '/dev/ttyUSB10',
  ]);
  t.deepEqual(describeDevices(root)[2], {
    path: '/dev/ttyUSB10',
    tty: '/dev/ttyUSB10',
    driver: 'ch341-uart',
    product: 'USB Serial',
    usb: '1a86:7523',
  });
  t.deepEqual(describeDevices(root)[1], { path: '/dev/ttyUSB9', tty: '/dev/ttyUSB9' }, 'sysfs knows nothing');
});

test('a board’s own port is described where it is one, but not offered; a console and mere names are not', (t) => {
  const root = machine(temporaryFolder(t), {
    'dev/ttyAMA0': '',
    'dev/ttyS0': '',
    'dev/ttyS1': '',
    'dev/tty0': '',
    'sys/class/tty/console/active': 'tty0 ttyS0\n',
    'sys/class/tty/ttyAMA0/type': '32\n',
    'sys/class/tty/ttyS0/type': '4\n',
    'sys/class/tty/ttyS1/type': '0\n',
  });
  t.deepEqual(describeDevices(root), [{ path: '/dev/ttyAMA0', tty: '/dev/ttyAMA0' }]);
  t.deepEqual(listDevices(root), []);
});

test('a stable name that leads nowhere, and a machine without any, are no trouble', (t) => {
  const root = machine(temporaryFolder(t), { 'dev/serial/by-id/usb-gone': '->../../ttyACM7' });
  t.deepEqual(listDevices(root), []);
  t.deepEqual(listDevices(temporaryFolder(t)), []);
});
