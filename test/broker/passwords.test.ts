import test from 'ava';
import { checkHash, hashPassword, verifyPassword } from '../../broker/passwords.ts';
import { GiveUpError } from '../../shared/errors.ts';

test('a hash verifies its password and no other', async (t) => {
  const line = await hashPassword('correct horse');
  t.regex(line, /^scrypt:16384:8:1:[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/);
  t.true(await verifyPassword(line, 'correct horse'));
  t.true(await verifyPassword(line, Buffer.from('correct horse')));
  t.false(await verifyPassword(line, 'correct horse '));
  t.false(await verifyPassword(line, ''));
});

test('the same password never hashes to the same line', async (t) => {
  t.not(await hashPassword('twice'), await hashPassword('twice'));
});

const salt = Buffer.alloc(16).toString('base64');
const key = Buffer.alloc(32).toString('base64');
const HOSTILE = {
  'gigabytes of memory': `scrypt:8388608:8:1:${salt}:${key}`,
  'a huge block size': `scrypt:16384:1048576:1:${salt}:${key}`,
  'endless passes': `scrypt:16384:8:4096:${salt}:${key}`,
  'an N that is no power of 2': `scrypt:16383:8:1:${salt}:${key}`,
  'an N of 0': `scrypt:0:8:1:${salt}:${key}`,
  'a number past all bounds': `scrypt:${'9'.repeat(400)}:8:1:${salt}:${key}`,
  'no key, which anything would equal': `scrypt:16384:8:1:${salt}:====`,
  'a short salt': `scrypt:16384:8:1:AAAA:${key}`,
  'another scheme': `bcrypt:16384:8:1:${salt}:${key}`,
  nothing: '',
};

for (const [what, line] of Object.entries(HOSTILE)) {
  test(`a hash line with ${what} is refused`, async (t) => {
    const error = t.throws(() => checkHash(line), { instanceOf: GiveUpError });
    t.is(error?.exitCode, 78);
    t.false(error?.message.includes(key));
    await t.throwsAsync(verifyPassword(line, 'x'), { instanceOf: GiveUpError });
  });
}

test('the largest cost that is accepted can be computed', async (t) => {
  t.false(await verifyPassword(`scrypt:65536:8:1:${salt}:${key}`, 'x'));
});
