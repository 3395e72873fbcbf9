import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { tokenOf } from '../../../agent/web/token.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';
import { temporaryFolder } from '../../support/system.ts';

test('where others can come and none is set, a token is made at the first start', async (t) => {
  const credentials = temporaryFolder(t);
  const settings = settingsSchema.parse({ broker: { credentials }, agent: { http: { host: '0.0.0.0' } } });
  const { token = '', made } = await tokenOf(settings);
  t.true(made);
  t.regex(token, /^[\w-]{32}$/);
  t.is(readFileSync(join(credentials, 'page'), 'utf8'), `${token}\n`);
  t.deepEqual(await tokenOf(settings), { token, made });
  writeFileSync(join(credentials, 'page'), 'chosen by hand\n');
  t.is((await tokenOf(settings)).token, 'chosen by hand');
});

test('one that is set is used; on loopback none is made', async (t) => {
  const broker = { credentials: temporaryFolder(t) };
  const http = { host: '0.0.0.0', token: 'set' };
  t.deepEqual(await tokenOf(settingsSchema.parse({ broker, agent: { http } })), {
    token: 'set',
    made: false,
  });
  t.deepEqual(await tokenOf(settingsSchema.parse({ broker })), { token: undefined, made: false });
});
