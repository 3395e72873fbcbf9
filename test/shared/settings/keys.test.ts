import test from 'ava';
import { findKey, listKeys } from '../../../shared/settings/keys.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';

test('every listed setting is found by its name in the environment and has an explanation', (t) => {
  const rows = listKeys();
  t.true(rows.length > 30);
  for (const { key, text } of rows) {
    t.is(findKey(key.toUpperCase().replaceAll('.', '_'))?.path.join('.'), key);
    t.not(text, '', key);
  }
  t.is(new Set(rows.map(({ key }) => key)).size, rows.length);
});

test('a listed default is the one that holds when nothing is given', (t) => {
  const settings = settingsSchema.parse({});
  /** Their defaults depend on others; their explanations have them. */
  const dependent = ['meter.silence', 'meter.max_gap'];
  for (const { key, fallback } of listKeys()) {
    if (dependent.includes(key)) continue;
    const resolved = key
      .split('.')
      .reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], settings);
    if (typeof resolved === 'string' || (typeof resolved === 'number' && !/^"/.test(fallback)))
      t.is(fallback, JSON.stringify(resolved), key);
  }
});

test('kinds and secrets are those of the schema', (t) => {
  t.like(findKey('METER_BAUD'), { kind: 'number', secret: false });
  t.like(findKey('AGENT_WATCHES_3_HEAL'), { kind: 'boolean', path: ['agent', 'watches', 3, 'heal'] });
  t.like(findKey('AGENT_WATCHES'), { kind: 'yaml' });
  t.like(findKey('AGENT_STORES_0_TOKEN'), { kind: 'string', secret: true });
  t.like(findKey('BROKER_USERS_11_PASSWORD_HASH'), { secret: true });
  for (const name of [
    'METER_NOTHING',
    'METER_PORT_X',
    'AGENT_STORES_X_URL',
    'X',
    '__PROTO__',
    'METER_CONSTRUCTOR',
  ])
    t.is(findKey(name), undefined, name);
});
