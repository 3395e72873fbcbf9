import { globSync, readFileSync } from 'node:fs';
import test from 'ava';
import { checkStructure, importsOf } from './support/imports.ts';

test('the sources keep to the structure', (t) => {
  const files = globSync('{agent,meter,broker,shared,cli,test}/**/*.ts').map((path) => ({
    path,
    text: readFileSync(path, 'utf8'),
  }));
  t.true(files.length > 50);
  t.true(files.flatMap(importsOf).length > 100);
  t.deepEqual(checkStructure(files), []);
});

const broken: [what: string, files: Record<string, string>, complaint: RegExp][] = [
  [
    'the agent reaches into the meter',
    { 'agent/heal/x.ts': "import { a } from '../../meter/outbox.ts';" },
    /^agent\/heal\/x\.ts imports meter\/outbox\.ts: agent\/, meter\/, broker\/ must not import each other$/,
  ],
  [
    'the meter reaches into the agent',
    { 'meter/x.ts': "export * from '../agent/y.ts';" },
    /must not import each other/,
  ],
  [
    'a type crosses',
    { 'broker/x.ts': "import type { Y } from '../agent/y.ts';" },
    /must not import each other/,
  ],
  ['it is lazy', { 'meter/x.ts': "const y = await import('../broker/y.ts');" }, /must not import each other/],
  [
    'over many lines',
    { 'meter/x.ts': "import {\n  a,\n  type B,\n} from '../agent/y.ts';" },
    /must not import each other/,
  ],
  [
    'the status imports a value',
    { 'agent/status.ts': "import { b } from '../broker/broker.ts';" },
    /types only/,
  ],
  [
    'shared code knows a part',
    { 'shared/x.ts': "import '../meter/y.ts';" },
    /^shared\/x\.ts .*nothing but shared/,
  ],
  ['a part knows the command line', { 'agent/x.ts': "import { a } from '../cli/up.ts';" }, /only cli\/ may/],
  [
    'a main is imported',
    { 'agent/x.ts': "import { runAgent } from './main.ts';" },
    /only cli\/ may import a main/,
  ],
  ['a test helper is used', { 'cli/x.ts': "import { a } from '../test/support/y.ts';" }, /test code/],
  [
    'two files need each other',
    { 'agent/a.ts': "import { b } from './b.ts';", 'agent/b.ts': "import type { A } from './a.ts';" },
    /^agent\/a\.ts imports agent\/b\.ts imports agent\/a\.ts: must be no cycle$/,
  ],
  ['a file imports itself', { 'shared/a.ts': "import { b } from './a.ts';" }, /must be no cycle/],
  [
    'the page imports a value of the agent',
    { 'agent/page/x.ts': "import { agentView } from '../doors/views.ts';" },
    /^agent\/page\/x\.ts imports agent\/doors\/views\.ts: the page may import types only, and words$/,
  ],
  [
    'words need more',
    { 'agent/notify/words.ts': "import { a } from '../state.ts';" },
    /types only, and words/,
  ],
  ['the agent imports the page', { 'agent/x.ts': "import { a } from './page/y.ts';" }, /only the page may/],
  [
    'the page needs Node',
    { 'agent/page/x.ts': "import { join } from 'node:path';" },
    /^agent\/page\/x\.ts imports node:path: must run in a browser$/,
  ],
  [
    'a file is long',
    { 'agent/x.ts': 'x\n'.repeat(301) },
    /^agent\/x\.ts: must be at most 300 lines long, has 301$/,
  ],
];

for (const [what, files, complaint] of broken)
  test(`refused: ${what}`, (t) => {
    const [first = '', ...more] = checkStructure(
      Object.entries(files).map(([path, text]) => ({ path, text })),
    );
    t.regex(first, complaint);
    t.deepEqual(more, []);
  });

test('what is allowed is not refused', (t) => {
  const files = {
    'agent/embedded.ts': "import { type A, startBroker } from '../broker/broker.ts';",
    'agent/status.ts': "import type { Stats } from '../broker/broker.ts';",
    'cli/main.ts': "const { runMeter } = await import('../meter/main.ts');",
    'agent/a.ts':
      "import { b } from './deep/b.ts';\n// import { x } from '../meter/x.ts';\nimport pino from 'pino';",
    'agent/deep/b.ts': "import { c } from '../../shared/c.ts';",
    'test/agent/main.test.ts': "import { runAgent } from '../../agent/main.ts';",
    'agent/x.ts': 'x\n'.repeat(300),
    'agent/page/x.ts':
      "import type { A } from '../doors/views.ts';\nimport { b } from '../notify/words.ts';\nimport { c } from './deep/c.ts';",
    'agent/page/deep/c.ts': "import uPlot from 'uplot';",
    'test/agent/page/x.test.ts': "import { c } from '../../../agent/page/deep/c.ts';",
  };
  t.deepEqual(checkStructure(Object.entries(files).map(([path, text]) => ({ path, text }))), []);
});
