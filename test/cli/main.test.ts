import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { verifyPassword } from '../../broker/passwords.ts';
import { COMMANDS } from '../../cli/commands.ts';
import { help, usage } from '../../cli/help.ts';
import { realTest } from '../support/real.ts';
import { temporaryFolder } from '../support/system.ts';
import { onTerminal, runWattdog } from './support.ts';

/** Ports of the system’s choice: others may run on the usual ones. */
const FREE = ['--broker.port', '0', '--agent.http.port', '0'];
const CONTROL = new RegExp(`${String.fromCharCode(27)}\\[`);

test('help groups every command and says where to go on', async (t) => {
  for (const args of [['--help'], ['-h'], [], ['help']]) {
    const { code, out, err } = await runWattdog(t, args);
    t.is(code, 0);
    t.is(err, '');
    for (const name of Object.keys(COMMANDS)) t.regex(out, new RegExp(`^  ${name} +\\S`, 'm'));
    for (const text of ['wattdog help COMMAND', 'wattdog help settings', 'Exit codes: 0'])
      t.true(out.includes(text), `${args} ${text}`);
    t.false(out.includes('--meter.port'), 'settings have a page of their own');
    t.true(out.split('\n').every((line) => line.length <= 110));
  }
});

test('help of settings lists them all, with their defaults', async (t) => {
  const { code, out } = await runWattdog(t, ['help', 'settings']);
  t.is(code, 0);
  for (const text of ['--meter.port ("simulated")', '--broker.users ([])']) t.true(out.includes(text), text);
});

test('help of each command tells its usage, options, examples and exit codes', async (t) => {
  const plain = (_style: string, text: string) => text;
  for (const [name, { options = {}, words = [], examples = [] }] of Object.entries(COMMANDS)) {
    const out = await help(name, plain);
    t.true(out.startsWith(`wattdog ${name}: `));
    t.true(out.includes(`\nusage: ${usage(name, words)}`));
    for (const option of Object.keys(options)) t.true(out.includes(`\n  --${option}  `), option);
    t.true(examples.length > 0);
    for (const [command] of examples) t.true(out.includes(`\n  $ ${command}`), command);
    t.regex(out, /\nExit codes: 0 .*, 1 .*, 2 wrong command line, 78 wrong settings\.\n$/);
  }
  const hold = await runWattdog(t, ['hold', '--help']);
  t.is(hold.code, 0, hold.err);
  t.is(hold.out, await help('hold', plain));
  t.is((await runWattdog(t, ['help', 'hold'])).out, hold.out);
  t.regex(hold.out, /\nusage: wattdog hold <watch> <duration> \[options\]\n/);
  t.regex(await help('watch', plain), /\nusage: wattdog watch \[name\] \[options\]\n/);
});

test('the version is told', async (t) => {
  const { code, out } = await runWattdog(t, ['--version']);
  t.is(code, 0);
  t.regex(out, /^wattdog \d+\.\d+\.\d+\n$/);
});

test('colours are for terminals, and for who forces them', async (t) => {
  t.notRegex((await runWattdog(t, ['help', 'hold'])).out, CONTROL);
  t.regex((await runWattdog(t, ['help', 'hold'], { env: { FORCE_COLOR: '1' } })).out, CONTROL);
});

realTest('script')('on a terminal there are colours, unless NO_COLOR', async (t) => {
  t.regex(await onTerminal(t, ['help', 'hold'], { columns: 80 }), CONTROL);
  t.notRegex(await onTerminal(t, ['help', 'hold'], { columns: 80, env: { NO_COLOR: '1' } }), CONTROL);
});

test('a wrong command line is exit code 2, with what is wrong', async (t) => {
  for (const [args, message] of [
    [['frobnicate'], /must be one that `wattdog help` lists, got frobnicate\n$/],
    [['toString'], /got toString\n$/],
    [['prots'], /got prots; did you mean ports\?\n$/],
    [['chekc', '--help'], /got chekc; did you mean check\?\n$/],
    [['help', 'inc'], /got inc; did you mean incidents\?\n$/],
    [['up', '/dev/ttyACM0'], /settings are given as --NAME VALUE, got \/dev\/ttyACM0\n$/],
    [['up', '--port'], /--port must have a value, got nothing\n$/],
    [['up', '--prot', '/dev/x'], /--prot is no option of it and no setting; did you mean --port\?\n$/],
    [
      ['check', '--verbose', 'x'],
      /--verbose is no option of it and no setting; `wattdog help check` lists them\n$/,
    ],
    [['up', '--mqtt.password', '--hunter2'], /--mqtt\.password must have a value, got another flag/],
    [['healthcheck'], /must be `wattdog healthcheck <agent\|meter\|broker>`, got nothing\n$/],
    [['healthcheck', 'cat'], /role must be agent, meter or broker, got cat\n$/],
    [['hold', 'studio'], /must be `wattdog hold <watch> <duration>`, got studio\n$/],
    [['hold', 'studio', '2h', '3h'], /must be `wattdog hold <watch> <duration>`, got studio 2h 3h\n$/],
    [['watches', 'studio'], /settings are given as --NAME VALUE, got studio\n$/],
    [['watch', 'main', 'attic'], /must be `wattdog watch \[name\]`, got main attic\n$/],
  ] as const) {
    const { code, out, err } = await runWattdog(t, [...args]);
    t.is(code, 2, `${args}: ${err}`);
    t.regex(err, message);
    t.notRegex(err, /hunter2|\n {4}at /);
    t.is(out, '');
  }
});

test('wrong settings are exit code 78, all at once, for every command that reads them', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, 'wattdog.yaml'), 'meter: { baud: x }\nagent: { http: { token: 5 } }');
  for (const command of ['up', 'agent', 'meter', 'broker', 'check']) {
    const { code, out, err } = await runWattdog(
      t,
      [command, '--meter.colour', 'red', '--broker.host', '0.0.0.0'],
      {
        cwd,
        env: { WATTDOG_METER_SILENCE: 'long' },
      },
    );
    t.is(code, 78, command);
    t.regex(err, /^wattdog: reading the settings: 5 problems\n/);
    for (const key of ['meter.baud', 'agent.http.token', '--meter.colour', 'broker.host', 'meter.silence'])
      t.true(err.includes(`\n  ${key}`), `${key} in ${err}`);
    t.is(out, '');
  }
  t.deepEqual(readdirSync(cwd), ['wattdog.yaml'], 'nothing was begun');
});

test('a busy port is exit code 1 with the setting to change, and nothing is left running', async (t) => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  t.teardown(() => busy.close());
  const address = busy.address();
  const port = String(address !== null && typeof address === 'object' && address.port);
  for (const args of [
    ['up', '--broker.port', port, '--agent.http.port', '0'],
    ['up', '--broker.port', '0', '--agent.http.port', port],
    ['broker', '--broker.port', port],
  ]) {
    // It has ended only when its output is closed: a child of its own would hold that open.
    const { code, err } = await runWattdog(t, args);
    t.is(code, 1, err);
    t.regex(
      err,
      new RegExp(`wattdog: listening for (MQTT|HTTP) on 127\\.0\\.0\\.1:${port}: .*(broker|http)\\.port`),
    );
    t.is(err.split('\n').length, 2, err);
  }
});

test('a missing device is exit code 1, before anything is begun', async (t) => {
  const cwd = temporaryFolder(t);
  const { code, out, err } = await runWattdog(t, ['up', '--port', '/dev/nowhere', '--decoder', 'amps'], {
    cwd,
  });
  t.is(code, 1);
  t.regex(
    err,
    /^wattdog: opening the meter's port: \/dev\/nowhere must exist, but does not; (found|no serial)/,
  );
  t.is(out, '');
  t.deepEqual(readdirSync(cwd), []);
});

test('a data folder that cannot be had is exit code 1', async (t) => {
  const { code, err } = await runWattdog(t, ['up', '--data', '/dev/null/x']);
  t.is(code, 1);
  t.regex(err, /^wattdog: opening \/dev\/null\/x\/journal\.db: .*(setting data).*\n$/);
});

test('a folder in place of the outbox is exit code 1, named, and left as it is', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'outbox-main.db'));
  const { code, err } = await runWattdog(t, ['meter', '--data', folder]);
  t.is(code, 1);
  t.regex(err, /outbox-main\.db: must be a database of wattdog/);
  t.deepEqual(readdirSync(folder).toSorted(), ['installation', 'outbox-main.db']);
});

test('a password becomes a line for broker.users', async (t) => {
  const { code, out } = await runWattdog(t, ['hash-password'], { input: 'correct horse\n' });
  t.is(code, 0);
  const users = JSON.stringify([{ name: 'me', role: 'reader', password_hash: out.trim() }]);
  t.is(
    (await runWattdog(t, ['check', ...FREE, '--broker.users', users, '--broker.host', '0.0.0.0'])).code,
    0,
  );
  t.true(await verifyPassword(out.trim(), 'correct horse'));
});

test('a health check looks at the heartbeat of its role', async (t) => {
  const cwd = temporaryFolder(t);
  mkdirSync(cwd, { recursive: true });
  const beat = join(cwd, 'wattdog-meter.alive');
  const check = () => runWattdog(t, ['healthcheck', 'meter'], { cwd });
  const none = await check();
  t.is(none.code, 1);
  t.regex(none.err, /the meter shows no sign of life/);
  writeFileSync(beat, '');
  t.is((await check()).code, 0);
  const old = new Date(Date.now() - 60_000);
  utimesSync(beat, old, old);
  t.is((await check()).code, 1);
});
