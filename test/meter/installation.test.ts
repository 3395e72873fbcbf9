import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { installationOf } from '../../meter/installation.ts';
import { temporaryFolder } from '../support/system.ts';

test('a folder is named once', (t) => {
  const folder = temporaryFolder(t);
  const name = installationOf(folder);
  t.regex(name, /^[0-9a-f-]{36}$/);
  t.is(readFileSync(join(folder, 'installation'), 'utf8'), `${name}\n`);
  t.is(installationOf(folder), name);
  t.not(installationOf(temporaryFolder(t)), name);
});

test('a name that cannot be kept or understood is a new one', (t) => {
  const folder = temporaryFolder(t);
  t.not(installationOf(join(folder, 'missing')), installationOf(join(folder, 'missing')));
  writeFileSync(join(folder, 'installation'), 'not # a name');
  t.regex(installationOf(folder), /^[0-9a-f-]{36}$/);
  const other = join(folder, 'other');
  mkdirSync(join(other, 'installation'), { recursive: true });
  t.regex(installationOf(other), /^[0-9a-f-]{36}$/);
});
