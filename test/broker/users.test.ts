import { performance } from 'node:perf_hooks';
import test from 'ava';
import { userLookup } from '../../broker/users.ts';
import { GiveUpError, reason } from '../../shared/errors.ts';
import { testUsers } from './support.ts';

const right = Buffer.from('right');
const wrong = Buffer.from('wrong');

test('name and password give the role', async (t) => {
  const find = userLookup(await testUsers());
  t.is(await find('meter', right), 'meter');
  t.is(await find('reader', right), 'reader');
  t.is(await find('reader', wrong), undefined);
  t.is(await find('reader', undefined), undefined);
  t.is(await find('nobody', right), undefined);
  t.is(await find(undefined, undefined), undefined);
  t.is(await find('__proto__', right), undefined);
});

test('with no users at all nobody is let in', async (t) => {
  t.is(await userLookup([])('meter', right), undefined);
});

test('an unknown name costs as much as a wrong password', async (t) => {
  const find = userLookup(await testUsers());
  const fastest = async (name: string) => {
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      await find(name, wrong);
      times.push(performance.now() - start);
    }
    return Math.min(...times);
  };
  const known = await fastest('meter');
  t.true((await fastest('nobody')) > known / 4);
});

test('two users of one name are refused', async (t) => {
  const users = await testUsers();
  const error = t.throws(() => userLookup([...users, ...users]), { instanceOf: GiveUpError });
  t.regex(error?.message ?? '', /meter twice/);
});

test('a damaged hash is refused with the name of its user, and not shown', async (t) => {
  const [user] = await testUsers();
  if (!user) return t.fail();
  const users = [{ ...user, password_hash: `${user.password_hash.replace('16384', '3')}` }];
  const error = t.throws(() => userLookup(users), { instanceOf: GiveUpError });
  t.is(error?.exitCode, 78);
  t.regex(reason(error), /meter must have a usable password_hash.*power of 2/);
  t.false(reason(error).includes(user.password_hash.slice(-20)));
});
