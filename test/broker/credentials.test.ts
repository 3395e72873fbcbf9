import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { credentialUsers } from '../../broker/credentials.ts';
import { verifyPassword } from '../../broker/passwords.ts';
import { GiveUpError } from '../../shared/errors.ts';
import { temporaryFolder } from '../support/system.ts';

test('the first start makes a password for each user', async (t) => {
  const folder = join(temporaryFolder(t), 'made', 'on', 'the', 'way');
  const users = await credentialUsers(folder);
  t.deepEqual(
    users.map(({ name, role }) => [name, role]),
    [
      ['meter', 'meter'],
      ['reader', 'reader'],
    ],
  );
  t.deepEqual(readdirSync(folder), ['meter', 'reader']);
  for (const { name, password_hash } of users) {
    const text = readFileSync(join(folder, name), 'utf8');
    t.regex(text, /^[\w-]{32}\n$/);
    t.true(await verifyPassword(password_hash, text.trim()));
    t.is(statSync(join(folder, name)).mode & 0o777, 0o640);
  }
});

test('later starts use the same passwords, and those a person wrote', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'reader'), 'chosen by hand\n');
  await credentialUsers(folder);
  const made = readFileSync(join(folder, 'meter'), 'utf8');
  const [meter, reader] = await credentialUsers(folder);
  t.is(readFileSync(join(folder, 'meter'), 'utf8'), made);
  t.true(await verifyPassword(meter?.password_hash ?? '', made.trim()));
  t.true(await verifyPassword(reader?.password_hash ?? '', 'chosen by hand'));
});

test('a start that died half-way leaves nothing that counts', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'meter.draft'), 'ha');
  await credentialUsers(folder);
  t.regex(readFileSync(join(folder, 'meter'), 'utf8'), /^[\w-]{32}\n$/);
});

test('a folder that cannot be written is said clearly', async (t) => {
  const file = join(temporaryFolder(t), 'file');
  writeFileSync(file, '');
  const error = await t.throwsAsync(credentialUsers(join(file, 'folder')), { instanceOf: GiveUpError });
  t.regex(error?.message ?? '', /broker\.credentials must be one that this user can read and write/);
});

test('an empty password file is refused rather than believed', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'meter'), '\n');
  const error = await t.throwsAsync(credentialUsers(folder), { instanceOf: GiveUpError });
  t.regex(error?.message ?? '', /must not be empty/);
});
