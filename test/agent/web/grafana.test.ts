import test from 'ava';
import fc from 'fast-check';
import { readAlerts } from '../../../agent/web/grafana.ts';
import { Refusal } from '../../../agent/web/refusal.ts';
import { legacyBody, unifiedBody } from './support.ts';

test('unified alerts are told apart one by one', (t) => {
  t.deepEqual(readAlerts(unifiedBody), [
    { name: 'Meter is silent', state: 'firing', names: ['studio', 'main'] },
    { name: 'Power', state: 'not-firing', names: ['garage'] },
    { name: 'x', state: 'datasource-error', names: ['studio'] },
  ]);
  t.deepEqual(readAlerts({ alerts: [] }), []);
  t.deepEqual(readAlerts({ alerts: [{ status: 'firing' }, { status: 'firing', labels: null }] }), [
    { name: 'without a name', state: 'firing', names: [] },
    { name: 'without a name', state: 'firing', names: [] },
  ]);
});

test('a legacy alert triggers by its state', (t) => {
  for (const [state, expected] of [
    ['alerting', 'firing'],
    ['no_data', 'firing'],
    ['ok', 'not-firing'],
    ['paused', 'not-firing'],
    ['pending', 'not-firing'],
  ] as const)
    t.deepEqual(readAlerts({ ...legacyBody, state }), [
      { name: 'Studio electricity meter alert', state: expected, names: [] },
    ]);
  t.deepEqual(readAlerts({ state: 'alerting', tags: { watch: 'a', other: 'b' } })[0]?.names, ['a']);
  t.is(readAlerts({ state: 'alerting', tags: null, ruleName: 'a\nb\x1b[31m' })[0]?.name, 'a b [31m');
});

test('what is neither is refused with the rule and the value', (t) => {
  for (const [body, message] of [
    [undefined, /must be Grafana’s, .* got nothing$/],
    [null, /got null$/],
    [[], /got \[\]$/],
    ['firing', /got "firing"$/],
    [{}, /got \{\}$/],
    [{ status: 'firing' }, /must be Grafana’s/],
    [{ alerts: 5 }, /^reading the webhook: alerts: .*array.*, got 5$/],
    [{ alerts: [{ status: 'maybe' }] }, /: alerts\.0\.status: .*"firing".*, got "maybe"$/],
    [
      { alerts: [{ status: 'firing', labels: { watch: 5 } }] },
      /: alerts\.0\.labels\.watch: .*string.*, got 5$/,
    ],
    [{ state: 'great' }, /: state: .*, got "great"$/],
    [{ state: 'alerting', tags: 'x' }, /: tags: .*, got "x"$/],
  ] as const)
    t.throws(() => readAlerts(body), { instanceOf: Refusal, message }, JSON.stringify(body));
});

test('whatever comes is read or refused', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.record({ alerts: fc.jsonValue() }), fc.record({ state: fc.jsonValue() })),
      (body) => {
        try {
          readAlerts(body);
        } catch (error) {
          t.true(error instanceof Refusal && error.statusCode === 400);
        }
      },
    ),
  );
  t.pass();
});
