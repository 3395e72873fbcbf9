import test from 'ava';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { GiveUpError } from '../../../shared/errors.ts';
import { findKey } from '../../../shared/settings/keys.ts';
import { loadSettings, type Sources, showSettings } from '../../../shared/settings/load.ts';

const load = (sources: Partial<Sources> = {}) =>
  loadSettings({
    environment: {},
    readFile: () => {
      throw new Error('no such file');
    },
    ...sources,
  });
const file = (text: string) => ({ name: 'wattdog.yaml', text });

function problems(sources: Partial<Sources>): string[] {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof GiveUpError && error.exitCode === 78) return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}

test('nothing given is a working simulated household', (t) => {
  t.like(load(), {
    data: 'data',
    meter: { name: 'main', port: 'simulated', silence: 10_000, simulated_cadence: 1200 },
    mqtt: { url: 'embedded' },
    broker: { host: '127.0.0.1', port: 1883 },
    agent: { http: { host: '127.0.0.1', port: 9288 }, stores: [] },
  });
  t.deepEqual(load({ file: file('') }), load());
});

test('the environment wins over the file, a flag over both', (t) => {
  const sources = {
    file: file('meter: { name: from-file, baud: 1200, max_current: 10 }'),
    environment: { WATTDOG_METER_BAUD: '2400', WATTDOG_METER_MAX_CURRENT: '20', HOME: '/root' },
    flags: { 'meter.max_current': '30' },
  };
  t.like(load(sources).meter, { name: 'from-file', baud: 2400, max_current: 30 });
});

test('numbers, booleans, lists and sections come from the environment too', (t) => {
  const settings = load({
    environment: {
      WATTDOG_METER_MAX_CURRENT: '63.5',
      WATTDOG_METER_PHASES: '[{voltage: 230}, {voltage: 231, power_factor: 0.9}]',
      WATTDOG_METER_PHASES_1_VOLTAGE: '232',
      WATTDOG_AGENT_WATCHES_0_NAME: 'fridge',
      WATTDOG_AGENT_WATCHES_0_TOPICS: '[zigbee2mqtt/fridge]',
      WATTDOG_AGENT_WATCHES_0_HEAL: 'false',
      WATTDOG_AGENT_WATCHES_0_STALL_AFTER: '1.5m',
      WATTDOG_AGENT_STORES: '[{"kind":"victoriametrics","url":"http://127.0.0.1:8428"}]',
      WATTDOG_AGENT_STORES_1_KIND: 'influxdb2',
      WATTDOG_AGENT_STORES_1_URL: 'http://127.0.0.1:8086',
      WATTDOG_AGENT_STORES_1_ORG: 'home',
      WATTDOG_AGENT_STORES_1_BUCKET: 'power',
      WATTDOG_AGENT_STORES_1_TOKEN: '0123',
    },
  });
  t.is(settings.meter.max_current, 63.5);
  t.deepEqual(
    settings.meter.phases.map(({ voltage, power_factor }) => [voltage, power_factor]),
    [
      [230, undefined],
      [232, 0.9],
    ],
  );
  t.deepEqual(settings.agent.watches, [
    { name: 'fridge', topics: ['zigbee2mqtt/fridge'], heal: false, stall_after: 90_000 },
  ]);
  t.is(settings.agent.stores.length, 2);
  t.like(settings.agent.stores[1], { kind: 'influxdb2', token: '0123', timeout: 10_000 });
});

test('a text that looks like something else stays a text', (t) => {
  const { mqtt, meter } = load({
    environment: { WATTDOG_MQTT_USERNAME: '007', WATTDOG_MQTT_PASSWORD: '[1e3, *x' },
    flags: { 'meter.name': '12' },
  });
  t.is(mqtt.username, '007');
  t.is(mqtt.password, '[1e3, *x');
  t.is(meter.name, '12');
});

test('a tariff is a name, or written out in file or environment', (t) => {
  const tariff = {
    name: 'flat',
    currency: 'EUR',
    zone: 'Europe/Berlin',
    periods: [{ name: 'all', price: 0.3 }],
  };
  const written = load({ file: file(stringify({ meter: { tariff } })) }).meter.tariff;
  t.like(written, tariff);
  t.deepEqual(load({ environment: { WATTDOG_METER_TARIFF: JSON.stringify(tariff) } }).meter.tariff, written);
  t.is(load({ flags: { 'meter.tariff': 'flat' } }).meter.tariff, 'flat');
});

test('a secret comes from the file that a variable names, without its line end', (t) => {
  const files: Record<string, string> = { '/run/secrets/a': ' p w \n', '/run/secrets/b': 'x\r\n' };
  const settings = load({
    environment: {
      WATTDOG_MQTT_PASSWORD_FILE: '/run/secrets/a',
      WATTDOG_AGENT_HTTP_TOKEN_FILE: '/run/secrets/b',
    },
    readFile: (path) => files[path] ?? '',
  });
  t.is(settings.mqtt.password, ' p w ');
  t.is(settings.agent.http.token, 'x');
});

test('everything that is wrong is said at once, each with key, origin, rule and value', (t) => {
  const lines = problems({
    file: file('meter: { baud: fast, silence: 10, colour: red }\nbroker: { port: 70000 }\nbogus: 1'),
    environment: {
      WATTDOG_METER_NAME: 'Main Meter',
      WATTDOG_METER_MAX_CURRENT: 'lots',
      WATTDOG_METRE_PORT: 'x',
      WATTDOG_MQTT_PASSWORD_FILE: '/nowhere',
      WATTDOG_AGENT_STORES_0_KIND: 'influx',
      WATTDOG_AGENT_DOCKER_STOP_TIMEOUT: '-1',
    },
    flags: { 'meter.decoder': 'elster', 'agent.http.host': '0.0.0.0', 'meter.speed': '9600' },
  });
  for (const expected of [
    /^ {2}meter\.baud \(wattdog\.yaml\): expected number, got "fast"$/,
    /^ {2}meter\.silence \(wattdog\.yaml\): expected string, got 10$/,
    /^ {2}meter \(wattdog\.yaml\): must be settings of wattdog, got "colour"$/,
    /^ {2}wattdog\.yaml( \(wattdog\.yaml\))?: must be settings of wattdog, got "bogus"$/,
    /^ {2}broker\.port \(wattdog\.yaml\): .*<=65535, got 70000$/,
    /^ {2}meter\.name \(WATTDOG_METER_NAME\): must be 1 to 63 .*, got "Main Meter"$/,
    /^ {2}meter\.max_current \(WATTDOG_METER_MAX_CURRENT\): expected number, got "lots"$/,
    /^ {2}WATTDOG_METRE_PORT: is no setting of wattdog$/,
    /^ {2}WATTDOG_MQTT_PASSWORD_FILE: must name a readable file, got "\/nowhere" \(no such file\)$/,
    /^ {2}agent\.stores\.0\.kind \(WATTDOG_AGENT_STORES_0_KIND\): .*'victoriametrics'.*, got "influx"$/,
    /^ {2}agent\.docker\.stop_timeout \(WATTDOG_AGENT_DOCKER_STOP_TIMEOUT\): .*>=0, got -1$/,
    /^ {2}meter\.decoder \(--meter\.decoder\): expected one of "amps"\|"panel"\|.*, got "elster"$/,
    /^ {2}agent\.http\.host \(--agent\.http\.host\): must be a loopback address unless .*, got "0\.0\.0\.0"$/,
    /^ {2}--meter\.speed: is no setting of wattdog$/,
  ])
    t.truthy(
      lines.find((line) => expected.test(line)),
      `${expected} in\n${lines.join('\n')}`,
    );
  t.is(lines.length, 14, lines.join('\n'));
});

test('sections and lists that are empty, all else commented out, are as if they were not there', (t) => {
  const { meters, agent } = loadSettings({
    file: { name: 'wattdog.yaml', text: 'meter:\nmeters:\n  # - { name: a }\nagent:\n  stores:\n  http:\n' },
    environment: {},
    readFile: () => '',
  });
  t.deepEqual([meters, agent.stores], [[], []]);
  t.deepEqual(problems({ file: file('meters: [null]') }), [
    '  meters.0 (wattdog.yaml): expected object, got null',
  ]);
});

test('what is wrong within a list is said of the variable that gave the list', (t) => {
  t.deepEqual(
    problems({
      file: file('data: x'),
      environment: { WATTDOG_METERS: '[{ name: a, prot: x }, { name: 1 }]' },
    }),
    [
      '  meters.0 (WATTDOG_METERS): must be settings of wattdog, got "prot"',
      '  meters.1.name (WATTDOG_METERS): expected string, got 1',
    ],
  );
});

test('a required setting that is missing, and one that is null, are said', (t) => {
  const stores = file('agent: { stores: [{ kind: influxdb2, url: http://h, org: o, bucket: }] }');
  t.deepEqual(problems({ file: stores }), [
    '  agent.stores.0.bucket (wattdog.yaml): expected string, got null',
    '  agent.stores.0.token: expected string, got nothing',
  ]);
});

test('a file that is no YAML, or no settings, is said by place alone', (t) => {
  for (const text of [
    'a: [1',
    'meter: {\n',
    'password: *hunter2',
    'x: !hunter2 y',
    '@hunter2',
    '"hunter2',
    'a: 1\na: 2',
  ]) {
    const [line = '', ...more] = problems({ file: file(text) });
    t.regex(line, /^ {2}wattdog\.yaml: must be YAML, got /, text);
    t.notRegex(line, /hunter2/);
    t.deepEqual(more, []);
  }
  t.deepEqual(problems({ file: file('hunter2') }), [
    '  wattdog.yaml: must be a list of keys and values, got a string',
  ]);
  t.deepEqual(problems({ file: file('- hunter2') }).length, 1);
});

test('what stands in the place of a section is not shown, for it may hold a secret', (t) => {
  const text = 'mqtt: password:hunter2\nbroker: { password_hash:hunter2 }\nagent: { stores: token=hunter2 }';
  const lines = problems({ file: file(text) });
  t.is(lines.length, 3, lines.join('\n'));
  t.notRegex(lines.join('\n'), /hunter2/);
  t.regex(lines.join('\n'), /broker \(wattdog.yaml\): must be settings of wattdog, got "password_hash"/);
});

test('a user and password in a URL are refused, and not repeated', (t) => {
  const lines = problems({
    file: file('agent: { stores: [{ kind: influxdb1, url: "http://me:hunt/er@2@10.0.0.1:8086" }] }'),
    environment: { WATTDOG_MQTT_URL: 'mqtt://me:hunter2@10.0.0.1' },
  });
  t.deepEqual(lines, [
    '  mqtt.url (WATTDOG_MQTT_URL): must not hold a user or password: they are settings of their own, got "mqtt://(hidden)@10.0.0.1"',
    '  agent.stores.0.url (wattdog.yaml): must be a URL such as http://192.168.1.2:8086, got "http://(hidden)@10.0.0.1:8086"',
  ]);
});

/** Every secret there is, by the name it has in the environment. */
const SECRETS = [
  'MQTT_PASSWORD',
  'BROKER_USERS_0_PASSWORD_HASH',
  'AGENT_HTTP_TOKEN',
  'AGENT_STORES_0_PASSWORD',
  'AGENT_STORES_0_TOKEN',
  'AGENT_HOOKS_PASSWORD',
  'AGENT_HOOKS_SECRET',
  'AGENT_NOTIFY_SERVICES_0_URL',
  'AGENT_NOTIFY_SERVICES_0_TOKEN',
  'AGENT_NOTIFY_SERVICES_0_SECRET',
  'AGENT_NOTIFY_GRAFANA_TOKEN',
  'AGENT_NOTIFY_PING_URL',
];
const secretText = fc
  .string({ minLength: 6, maxLength: 40, unit: 'grapheme' })
  .filter((text) => text.trim().length > 5);

test('a secret is never shown, wherever it was given and whatever else is wrong', (t) => {
  const origins = ['file', 'unquoted file', 'environment', 'file of its own', 'flag'] as const;
  const given = fc.tuple(fc.constantFrom(...SECRETS), secretText, fc.constantFrom(...origins), fc.boolean());
  fc.assert(
    fc.property(given, ([name, text, origin, alsoWrong]) => {
      const sources = give(name, `s3cr3t${text}`, origin);
      if (alsoWrong) sources.environment = { ...sources.environment, WATTDOG_METER_BAUD: 'x' };
      t.notRegex(said(sources), /s3cr3t/);
    }),
    { numRuns: 500 },
  );

  function give(name: string, secret: string, origin: (typeof origins)[number]): Partial<Sources> {
    const key = findKey(name);
    if (key === undefined) throw new Error(`no key ${name}`);
    t.true(key.secret, name);
    const tree = key.path.reduceRight<unknown>(
      (value, step) => (typeof step === 'number' ? [value] : { [step]: value }),
      secret,
    );
    switch (origin) {
      case 'file':
        return { file: file(stringify(tree)) };
      case 'unquoted file':
        return { file: file(stringify(tree).replace(/["']s3cr3t/, 's3cr3t')) };
      case 'environment':
        return { environment: { [`WATTDOG_${name}`]: secret } };
      case 'file of its own':
        return { environment: { [`WATTDOG_${name}_FILE`]: '/s' }, readFile: () => secret };
      case 'flag':
        return { flags: { [key.path.join('.')]: secret } };
    }
  }

  function said(sources: Partial<Sources>): string {
    try {
      return showSettings(load(sources));
    } catch (error) {
      if (error instanceof GiveUpError) return error.message;
      throw error;
    }
  }
});

test('what is shown is the settings as they are understood', (t) => {
  const shown = showSettings(
    load({ environment: { WATTDOG_MQTT_PASSWORD: 'hunter2', WATTDOG_METER_SILENCE: '1.5m' } }),
  );
  t.regex(shown, /^ {2}silence: 90000$/m);
  t.regex(shown, /^ {2}password: \(hidden\)$/m);
  t.regex(shown, /^ {2}port: simulated$/m);
});

test('what is wrong inside a tariff that is written out is said, not that it is none', (t) => {
  const tariff = { name: 'x', currency: 'usd', zone: 'Europe/Berlin', periods: [{ name: 'a', price: 'x' }] };
  const { message } = t.throws(() => load({ file: file(stringify({ meter: { tariff } })) }));
  t.regex(message, /meter\.tariff\.currency .*must be an ISO 4217 code/);
  t.regex(message, /meter\.tariff\.periods\.0\.price .*must be a price per kWh, or a list of tiers/);
});
