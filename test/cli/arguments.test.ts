import test from 'ava';
import { parseArguments } from '../../cli/arguments.ts';

test('settings are flags, in two forms and with short names; the last one wins', (t) => {
  t.deepEqual(
    parseArguments([
      '--meter.baud',
      '9600',
      '--port=/dev/x',
      '--name',
      'a',
      '--meter.name=b',
      '--log.level=',
    ]),
    {
      words: [],
      flags: { 'meter.baud': '9600', 'meter.port': '/dev/x', 'meter.name': 'b', 'log.level': '' },
      options: {},
      help: false,
    },
  );
});

test('a value may hold = and spaces, begin with one dash, or with two after =', (t) => {
  const { flags } = parseArguments(['--a', 'x=y z', '--b=c=d', '--c', '-1', '--d=--e', '--e=1\n2']);
  t.deepEqual(flags, { a: 'x=y z', b: 'c=d', c: '-1', d: '--e', e: '1\n2' });
});

test('help, the settings file and words are told apart', (t) => {
  t.deepEqual(parseArguments(['meter', '-h', '--config', 'f.yaml']), {
    words: ['meter'],
    flags: {},
    options: {},
    config: 'f.yaml',
    help: true,
  });
});

test('a flag without a value is refused, and what follows it is not repeated', (t) => {
  t.throws(() => parseArguments(['--port']), { message: /--port must have a value, got nothing/ });
  t.throws(() => parseArguments(['--mqtt.password', '--x']), {
    message: /got another flag \(write --NAME=VALUE/,
  });
  t.throws(() => parseArguments(['--jsn'], ['json']), { message: /got nothing; did you mean --json\?$/ });
});

test('a command has options of its own, and switches without a value', (t) => {
  const own = ['from MOMENT', 'json'];
  const { options, flags } = parseArguments(['--json', '--from', '7d', '--data', 'x'], own);
  t.deepEqual(options, { json: 'true', from: '7d' });
  t.deepEqual(flags, { data: 'x' });
  t.deepEqual(parseArguments(['--from', '7d']).flags, { from: '7d' }, 'elsewhere it would be a setting');
  t.throws(() => parseArguments(['--from'], own), { message: /--from must have a value/ });
});
