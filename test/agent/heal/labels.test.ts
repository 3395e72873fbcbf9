import test from 'ava';
import { readLabels } from '../../../agent/heal/labels.ts';

const read = (labels: Record<string, string>, name = 'rtl_433') => readLabels({ name, labels });
const plain = {
  topics: [],
  stallAfter: undefined,
  heal: true,
  progress: undefined,
  stopTimeoutS: undefined,
};

test('a container without our label, or with `false`, is not ours', (t) => {
  t.is(read({}), undefined);
  t.is(read({ 'wattdog.watch': 'false', 'wattdog.heal': 'nonsense' }), undefined);
  t.is(read({ 'wattdog.topics': 'a', 'com.docker.compose.service': 'x' }), undefined);
});

test('`true` names the watch after the container', (t) => {
  const nameOf = (container: string) => {
    const found = read({ 'wattdog.watch': 'true' }, container);
    return found && 'watch' in found ? found.watch.name : found?.problem;
  };
  t.is(nameOf('rtl_433'), 'rtl_433');
  t.is(nameOf('Zigbee.2.MQTT'), 'zigbee-2-mqtt');
  t.is(nameOf('_x-1'), 'x-1');
  t.is(nameOf('x'.repeat(80)), 'x'.repeat(63));
  t.regex(nameOf('__') ?? '', /container __: label wattdog\.watch: must be a name here.*got "true"/);
});

test('another value names the watch', (t) => {
  t.deepEqual(read({ 'wattdog.watch': 'main' }), { watch: { name: 'main', ...plain } });
});

test('every label is read', (t) => {
  t.deepEqual(
    read({
      'wattdog.watch': 'true',
      'wattdog.topics': 'zigbee2mqtt/+/state, zigbee2mqtt/bridge/# ,$SYS/uptime',
      'wattdog.stall-after': '30s',
      'wattdog.heal': 'false',
      'wattdog.progress': 'sensor.time',
      'wattdog.stop-timeout': '5',
      'com.docker.compose.project': 'home',
    }),
    {
      watch: {
        name: 'rtl_433',
        topics: ['zigbee2mqtt/+/state', 'zigbee2mqtt/bridge/#', '$SYS/uptime'],
        stallAfter: 30_000,
        heal: false,
        progress: 'sensor.time',
        stopTimeoutS: 5,
      },
    },
  );
  t.deepEqual(read({ 'wattdog.watch': 'x', 'wattdog.stall-after': 'auto' }), {
    watch: { name: 'x', ...plain },
  });
});

for (const [label, value, rule] of [
  ['wattdog.watch', 'Main', /must be true, false or a name \(1 to 63/],
  ['wattdog.watch', '', /must be true, false or a name/],
  ['wattdog.watch', 'no', /must be true, false or a name .*not yes, no/],
  ['wattdog.topics', '', /must be topics separated by commas/],
  ['wattdog.topics', 'a,,b', /must be topics separated by commas/],
  ['wattdog.topics', 'a#', /must be topics separated by commas/],
  ['wattdog.topics', '#/a', /must be topics separated by commas/],
  ['wattdog.topics', 'a+/b', /must be topics separated by commas/],
  ['wattdog.stall-after', '30', /must be a number with a unit/],
  ['wattdog.stall-after', '1s', /must be at least 3s/],
  ['wattdog.heal', 'yes', /must be true or false/],
  ['wattdog.progress', '', /must be the name of a field/],
  ['wattdog.stop-timeout', '2.5', /must be whole seconds from 0 to 60/],
  ['wattdog.stop-timeout', '61', /must be whole seconds from 0 to 60/],
  ['wattdog.stop-timeout', '5s', /must be whole seconds from 0 to 60/],
] as const)
  test(`${label}=${value} is a problem that names label, rule and value`, (t) => {
    const found = read({ 'wattdog.watch': 'x', [label]: value });
    const problem = found && 'problem' in found ? found.problem : '';
    t.true(problem.includes('watching container rtl_433: '), problem);
    t.true(problem.includes(`label ${label}: `), problem);
    t.regex(problem, rule);
    t.true(problem.endsWith(`got ${JSON.stringify(value)}`), problem);
  });

test('an unknown label is a problem, and several problems are told together', (t) => {
  const found = read({ 'wattdog.watch': 'x', 'wattdog.stall_after': '30s', 'wattdog.heal': '1' });
  const problem = found && 'problem' in found ? found.problem : '';
  t.regex(problem, /label wattdog\.stall_after: must be one of wattdog\.watch, wattdog\.topics, /);
  t.regex(problem, /label wattdog\.heal: must be true or false, got "1"/);
});
