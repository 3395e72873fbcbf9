import test from 'ava';
import { Operator } from '../../../agent/doors/operator.ts';
import { silentLog } from '../../support/system.ts';
import { profile } from '../house/support.ts';

test('only a meter that is known and not online is forgotten', (t) => {
  const forgotten: string[] = [];
  const online = new Map([
    ['here', true],
    ['away', false],
    ['unheard', undefined],
  ]);
  const operator = new Operator({
    meters: {
      get: (name) => (online.has(name) ? { name, profile, online: online.get(name) } : undefined),
      forget: (name) => void forgotten.push(name),
    },
    log: silentLog,
  } as Partial<ConstructorParameters<typeof Operator>[0]> as ConstructorParameters<typeof Operator>[0]);
  const results = ['here', 'away', 'unheard', 'nobody'].map((name) => operator.forget(name, 'a test').result);
  t.deepEqual(results, ['online', 'forgotten', 'forgotten', 'unknown']);
  t.deepEqual(forgotten, ['away', 'unheard']);
});
