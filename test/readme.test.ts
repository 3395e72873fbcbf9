import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { lineProtocol } from '../agent/stores/line-protocol.ts';
import { createPanelDecoder } from '../meter/decoders/panel.ts';
import { listKeys } from '../shared/settings/keys.ts';
import { decodeReading } from '../shared/wire.ts';

const file = new URL('../README.md', import.meta.url);
const readme = readFileSync(file, 'utf8');
const [serial = '', json = '', point = ''] = [...readme.matchAll(/```\w*\n(.*)\n```/g)].map(
  ([, text]) => text,
);

test('the serial line of the first screen decodes to the currents of the message', (t) => {
  const decoder = createPanelDecoder({ phases: 2, maxCurrent: 100, atLineStart: true });
  const { samples, rejects } = decoder.push(Buffer.from(`${serial}\n`));
  const reading = decodeReading(Buffer.from(json));
  t.deepEqual(rejects, []);
  t.deepEqual(
    samples[0]?.phases.map(({ current }) => current),
    [reading.current_1, reading.current_2],
  );
});

test('the message of the first screen becomes the point of the first screen', (t) => {
  t.true(
    lineProtocol({ meter: 'main', reading: decodeReading(Buffer.from(json)) }, 'default').includes(point),
  );
});

test('the settings table is the schema’s', (t) => {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = listKeys().map(
    ({ key, fallback, text }) => `| \`${key}\` | ${fallback && `\`${fallback}\``} | ${cell(text)} |`,
  );
  const table = ['| setting | default | what |', '|---|---|---|', ...rows].join('\n');
  const fresh = readme.replace(
    /(<!-- settings -->\n)[\s\S]*?(<!-- \/settings -->)/,
    (_all, start: string, end: string) => `${start}${table}\n${end}`,
  );
  if (process.env.UPDATE_README === '1') writeFileSync(file, fresh);
  t.true(
    readme === fresh || process.env.UPDATE_README === '1',
    'run UPDATE_README=1 npx ava test/readme.test.ts',
  );
});

test('every file the README links to is there', (t) => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(([, path = '']) => path);
  t.true(links.length > 10);
  for (const path of links) t.notThrows(() => new URL(path, file) && readOrList(path), path);
});

function readOrList(path: string): void {
  const url = new URL(path, file);
  if (!path.endsWith('/')) readFileSync(url);
}
