import { randomUUID } from 'node:crypto';
import type { MockBindingInterface } from '@serialport/binding-mock';
import test, { type ExecutionContext } from 'ava';
import { SerialPortMock } from 'serialport';
import type { PortOptions } from '../../meter/port.ts';
import { virtualTime } from '../support/virtual-time.ts';
import { listenTo } from './port-events.ts';

const binding: MockBindingInterface = SerialPortMock.binding;

/** A mock device that is read on a virtual clock. */
function mock(
  t: ExecutionContext,
  {
    present = true,
    identify,
    ...options
  }: Partial<PortOptions> & { present?: boolean; identify?: () => string | undefined } = {},
) {
  const path = `/dev/${randomUUID()}`;
  const appear = () => binding.createPort(path, { echo: false, record: false });
  if (present) appear();
  const time = virtualTime();
  const ports: SerialPortMock[] = [];
  const heard = listenTo(
    t,
    { path, ...options },
    {
      createPort(asked) {
        const port = new SerialPortMock({ ...asked, autoOpen: false });
        ports.push(port);
        return port;
      },
      time,
      ...(identify ? { identify } : {}),
    },
  );
  const send = (text: string) => ports.at(-1)?.port?.emitData(text);
  return { path, appear, time, ports, heard, send };
}

test('bytes are passed on as they come, with how long it was quiet before', async (t) => {
  const { time, heard, send, ports } = mock(t, { baud: 300 });
  await time.advance(150);
  send('1 ');
  await time.advance(20);
  send('2\r\n');
  await time.advance(1200);
  t.deepEqual(heard.events, ['opened']);
  t.is(heard.text(), '1 2\r\n');
  t.deepEqual(heard.quiet, [150, 20]);
  t.is(ports[0]?.baudRate, 300);
});

for (const [framing, dataBits, parity, stopBits] of [
  [undefined, 8, 'none', 1],
  ['7E1', 7, 'even', 1],
  ['7O1', 7, 'odd', 1],
  ['8N2', 8, 'none', 2],
] as const)
  test(`a device is opened with the framing ${framing ?? '8N1, unless told otherwise'}`, async (t) => {
    const { time, ports } = mock(t, framing ? { framing } : {});
    await time.advance(0);
    t.like(ports[0]?.settings, { dataBits, parity, stopBits });
  });

test('bytes are written to the device, and its rate is changed without closing it', async (t) => {
  const { time, heard, ports } = mock(t, { baud: 300 });
  await time.advance(0);
  const open = heard.port();
  open?.write(Buffer.from('/?!'));
  await time.advance(0);
  t.is(String(ports[0]?.port?.lastWrite), '/?!');
  const changed = open?.setBaud(9600);
  await time.advance(0);
  await changed;
  t.like(await ports[0]?.port?.getBaudRate(), { baudRate: 9600 });
  t.deepEqual(heard.events, ['opened']);
});

test('a rate that the device refuses closes it, and it is opened at its own again', async (t) => {
  const { time, heard, ports } = mock(t, { baud: 300 });
  await time.advance(0);
  const port = ports[0]?.port;
  if (port) port.update = () => Promise.reject(new Error('no such rate'));
  await heard.port()?.setBaud(12_345);
  t.true(heard.port()?.signal.aborted);
  await time.advance(0);
  t.is(heard.events.at(-1), 'closed: no such rate');
  await time.advance(250);
  t.is(heard.events.at(-1), 'opened');
  t.is(ports[1]?.baudRate, 300);
});

test('whoever has a port knows when it is closed', async (t) => {
  const { time, heard } = mock(t, { settle: 0, silence: 1000 });
  await time.advance(1000);
  const open = heard.port();
  t.false(open?.signal.aborted);
  await time.advance(300);
  t.true(open?.signal.aborted);
  t.notThrows(() => open?.write(Buffer.from('x')));
});

test('a missing device is tried again, ever more rarely, until it is there', async (t) => {
  const { path, time, heard, ports, appear } = mock(t, { present: false });
  await time.advance(0);
  t.deepEqual(heard.events, [
    `closed: Port does not exist - please call MockBinding.createPort('${path}') first`,
  ]);
  const tries: number[] = [];
  for (const wait of [250, 500, 1000, 2000, 4000, 5000, 5000]) {
    await time.advance(wait - 1);
    tries.push(ports.length);
    await time.advance(1);
  }
  t.deepEqual(tries, [1, 2, 3, 4, 5, 6, 7]);
  appear();
  await time.advance(5000);
  t.is(heard.events.at(-1), 'opened');
});

test('a busy device is tried again until it is free', async (t) => {
  const { path, time, heard, appear } = mock(t, { present: false });
  appear();
  const holder = new SerialPortMock({ path, baudRate: 9600, autoOpen: false });
  await new Promise<void>((resolve) => holder.open(() => resolve()));
  await time.advance(1000);
  t.is(heard.events.at(-1), 'closed: Port is locked cannot open');
  await new Promise<void>((resolve) => holder.close(() => resolve()));
  await time.advance(1000);
  t.is(heard.events.at(-1), 'opened');
});

test('a device that goes away is opened again, soon after it had been heard', async (t) => {
  const { time, heard, ports, send } = mock(t);
  for (let round = 1; round <= 3; round += 1) {
    await time.advance(1000);
    send('1 2\r\n');
    await time.advance(1000);
    // The mock cannot lose a device; a read that fails is what serialport sees of it.
    Reflect.get(ports.at(-1)?.port ?? {}, 'pendingRead')?.(new Error('the device is gone'));
    await time.advance(249);
    t.is(heard.events.at(-1), 'closed: the device is gone');
    await time.advance(1);
    t.is(heard.events.at(-1), 'opened');
  }
  t.is(ports.length, 4);
});

test('it is closed and opened again when somebody asks for it', async (t) => {
  const { time, heard, ports } = mock(t);
  await time.advance(500);
  heard.port()?.reopen('asked to reopen it');
  heard.port()?.reopen('asked again');
  await time.advance(1000);
  t.deepEqual(heard.events, ['opened', 'closed: asked to reopen it', 'opened']);
  t.is(ports.length, 2);
  t.false(ports[0]?.isOpen);
});

test('silence closes the port and opens it again', async (t) => {
  const { time, heard, send, ports } = mock(t, { settle: 3000, silence: 10_000 });
  await time.advance(5000);
  send('1 2\r\n');
  await time.advance(9999);
  send('1 2\r\n');
  await time.advance(10_249);
  t.deepEqual(heard.events, ['opened']);
  await time.advance(1);
  t.deepEqual(heard.events, ['opened', 'closed: no byte for 10.3 s']);
  t.false(ports[0]?.isOpen);
  await time.advance(250);
  t.is(heard.events.at(-1), 'opened');
  t.true(ports[1]?.isOpen);
});

test('while the device settles after opening, silence is no fault, though its boot loader said something', async (t) => {
  const { time, heard, send } = mock(t, { settle: 3000, silence: 1000 });
  await time.advance(100);
  send('boot');
  await time.advance(2890);
  send('1 2\r\n');
  await time.advance(1000);
  t.deepEqual(heard.events, ['opened']);
  await time.advance(250);
  t.deepEqual(heard.events, ['opened', 'closed: no byte for 1.3 s']);
});

test('a device that never speaks is given up less and less often', async (t) => {
  const { time, ports } = mock(t, { settle: 0, silence: 1000 });
  await time.advance(60_000);
  t.true(ports.length > 8 && ports.length < 14, `${ports.length} opens in a minute`);
});

test('a close that never ends is left behind', async (t) => {
  const { time, heard, ports, send, appear } = mock(t, { silence: 3000 });
  await time.advance(0);
  send('1 2\r\n');
  const stuck = ports[0]?.port;
  if (stuck) stuck.close = () => new Promise(() => {});
  await time.advance(3250);
  t.is(heard.events.at(-1), 'closed: no byte for 3.3 s');
  appear();
  await time.advance(1000 + 250);
  t.is(heard.events.at(-1), 'opened');
});

test('when it is told to stop, it closes the port and says no more', async (t) => {
  const { time, heard, ports } = mock(t);
  await time.advance(1000);
  await heard.stop();
  t.false(ports[0]?.isOpen);
  t.deepEqual(heard.events, ['opened']);
});

test('when it is told to stop between two tries, it stops at once', async (t) => {
  const { time, heard, ports } = mock(t, { present: false });
  await time.advance(10_000);
  const tries = ports.length;
  await heard.stop();
  t.is(ports.length, tries);
});

for (const [what, next] of [
  ['gone', undefined],
  ['another', 'second'],
] as const)
  test(`a device that is ${what} under its name is closed within a second, whatever its port says`, async (t) => {
    let device: string | undefined = 'first';
    const { time, heard, send } = mock(t, { silence: 60_000, identify: () => device });
    await time.advance(5000);
    send('1 2\r\n');
    await time.advance(5000);
    t.deepEqual(heard.events, ['opened']);
    device = next;
    await time.advance(1000);
    t.is(heard.events[1], 'closed: the device is gone');
    await time.advance(2000);
    t.is(heard.events[2], 'opened');
    await time.advance(5000);
    t.is(heard.events.length, 3, 'the new one stays open');
  });
