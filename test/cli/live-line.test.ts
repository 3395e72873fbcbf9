import test from 'ava';
import type { AgentStatus } from '../../agent/status.ts';
import { describeStatus, LiveLine } from '../../cli/live-line.ts';
import { testReading } from '../support/readings.ts';

const CLEAR = '\r\x1b[K';

function terminal(isTTY: boolean, columns = 40) {
  let written = '';
  return {
    isTTY,
    columns,
    write(text: string) {
      written += text;
    },
    take() {
      const taken = written;
      written = '';
      return taken;
    },
  };
}

test('log lines go above the live line, which never wraps', (t) => {
  const out = terminal(true, 10);
  const line = new LiveLine(out);
  line.write('log 1\n');
  t.is(out.take(), `${CLEAR}log 1\n`);
  line.show('0123456789ABC');
  t.is(out.take(), `${CLEAR}012345678`);
  line.write('log 2\n');
  t.is(out.take(), `${CLEAR}log 2\n012345678`);
  line.end();
  line.write('log 3\n');
  t.is(out.take(), `\n${CLEAR}log 3\n`);
});

test('without a terminal there is no live line', (t) => {
  const out = terminal(false);
  const line = new LiveLine(out);
  line.show('live');
  line.write('log\n');
  line.end();
  t.is(out.take(), 'log\n');
});

const status: AgentStatus = {
  meters: [],
  notify: [],
  watches: [
    {
      name: 'main',
      topics: [],
      verdict: { state: 'learning', sentence: '', evidence: {} },
      counts: { incidents: 0, restarts: 0 },
    },
  ],
  stores: [],
  intake: { received: 0, stored: 0, rejected: 0, failed: 0 },
  journal: { expired: 7, unforwarded: 1, lettersDropped: 0, setAside: 0, trouble: undefined },
  broker: undefined,
  connected: true,
};

test('the present is told with its units, and that it is simulated', (t) => {
  t.is(describeStatus(status, 'USD'), 'main: learning │ waiting for the first reading');
  const reading = testReading(1, { energy: 12.3456, cost: 3.456, price: 0.5825, power: 359.6 });
  const vm = { name: 'vm', written: 0, rejected: 0, retries: 0, lag: 7 };
  t.is(
    describeStatus(
      { ...status, meters: [{ meter: 'main', reading }], stores: [vm, { ...vm, name: 'db', downSince: 1 }] },
      'USD',
    ),
    'main: learning │ 360 VA · 12.346 kWh · $3.46 at $0.5825/kWh │ vm: 7 behind │ db: away',
  );
  const roof = testReading(1, {
    ...{ energy: 12.3456, cost: 3.456, price: 0.5825, power: -1499.6, power_basis: 'measured' },
    ...{ export_energy: 7, credit: 0.2 },
  });
  t.is(
    describeStatus({ ...status, meters: [{ meter: 'main', reading: roof }] }, 'EUR'),
    'main: learning │ -1500 W · 12.346 kWh in, 7.000 out · €3.46, earned €0.20 at €0.5825/kWh',
  );
  const idle = testReading(1, { power: -0.2 });
  t.regex(describeStatus({ ...status, meters: [{ meter: 'main', reading: idle }] }, 'EUR'), /│ 0 VA ·/);
  const simulated = testReading(1, { quality: 'simulated', power_basis: 'measured' });
  t.regex(
    describeStatus({ ...status, meters: [{ meter: 'main', reading: simulated }] }, 'EUR'),
    /│ 360 W simulated · .* · €0\.00 at/,
  );
});
