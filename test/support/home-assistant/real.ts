import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { freePort, type Owner, temporaryFolder, until } from '../system.ts';

/** ms; on a machine that does nothing else it takes five seconds to start, and one to end. */
const ENOUGH = 180_000;

const hassOf = (venv: string) => join(venv, 'bin', 'hass');

/** @param venv a virtual environment of Python. */
export const isInstalled = (venv: string) => existsSync(hassOf(venv));

/** `test.serial` where Home Assistant is installed; elsewhere a test that is skipped. */
export function homeAssistantTest(venv: string) {
  if (isInstalled(venv)) return test.serial;
  const need = `Home Assistant is not installed in ${venv}`;
  if (process.env.REQUIRE_REAL === '1') throw new Error(`REQUIRE_REAL=1 forbids skipping, but ${need}`);
  process.stderr.write(`skipping: ${need}\n`);
  return test.serial.skip;
}

export interface State {
  entity_id: string;
  state: string;
  attributes: Record<string, unknown>;
}

interface Broker {
  port: number;
  username: string;
  password: string;
}

/** A real, headless Home Assistant, on loopback only; ended with the test. */
export interface HomeAssistant {
  /** @param protocol of MQTT. */
  start(protocol: '3.1.1' | '5'): Promise<void>;
  stop(): Promise<void>;
  /** While it is stopped: makes all that it has recorded ten minutes older, so that its statistics are due, all of them. */
  ageRecords(): void;
  states(): Promise<Map<string, State>>;
  /** One command of its WebSocket API. @throws what it answers. */
  ask<T>(type: string, options?: object): Promise<T>;
  /** What it logged in this life. */
  log(): string;
}

export async function makeHomeAssistant(t: Owner, venv: string, broker: Broker): Promise<HomeAssistant> {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const logFile = join(folder, 'wattdog-test.log');
  const url = `127.0.0.1:${port}`;
  configure(folder, port);
  let child: ReturnType<typeof spawn> | undefined;

  const api = async (path: string) => {
    const response = await fetch(`http://${url}${path}`, {
      headers: { authorization: `Bearer ${accessToken()}` },
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response.json();
  };
  const stop = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    // Killed sooner, it would not have written all, and say so at its next start.
    const timer = setTimeout(() => child?.kill('SIGKILL'), ENOUGH);
    await exited;
    clearTimeout(timer);
  };
  t.teardown(async () => {
    child?.kill('SIGKILL');
    await stop();
  });
  return {
    async start(protocol) {
      store(folder, 'core.config_entries', { entries: [mqttEntry(broker, protocol)] });
      writeFileSync(logFile, '');
      const output = openSync(logFile, 'a');
      child = spawn(hassOf(venv), ['--skip-pip', '--config', folder, '--log-no-color'], {
        stdio: ['ignore', output, output],
      });
      await until('Home Assistant to run', ENOUGH, async () => {
        const { state } = (await api('/api/config')) as { state: string };
        return state === 'RUNNING';
      });
    },
    stop,
    ageRecords() {
      using database = new DatabaseSync(join(folder, 'home-assistant_v2.db'));
      database.exec(`
        UPDATE states SET last_updated_ts = last_updated_ts - 600, last_changed_ts = last_changed_ts - 600;
        UPDATE statistics_runs SET start = datetime(start, '-20 minutes');
        DELETE FROM statistics_short_term;
        DELETE FROM statistics;
      `);
    },
    async states() {
      const states = (await api('/api/states')) as State[];
      return new Map(states.map((state) => [state.entity_id, state]));
    },
    ask: (type, options = {}) => askOverWebSocket(`ws://${url}/api/websocket`, { type, ...options }),
    log: () => readFileSync(logFile, 'utf8'),
  };
}

async function askOverWebSocket<T>(url: string, question: object): Promise<T> {
  const socket = new WebSocket(url);
  const answer = Promise.withResolvers<T>();
  socket.onerror = () => answer.reject(new Error('the WebSocket broke'));
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data));
    if (message.type === 'auth_required')
      socket.send(JSON.stringify({ type: 'auth', access_token: accessToken() }));
    else if (message.type === 'auth_ok') socket.send(JSON.stringify({ id: 1, ...question }));
    else if (message.success === true) answer.resolve(message.result);
    else answer.reject(new Error(JSON.stringify(message)));
  };
  try {
    return await answer.promise;
  } finally {
    socket.close();
  }
}

/** Only what the test needs: all the others look for devices, or the internet. */
function configure(folder: string, port: number): void {
  mkdirSync(join(folder, '.storage'));
  writeFileSync(
    join(folder, 'configuration.yaml'),
    `homeassistant:
  name: Test
  latitude: 34
  longitude: -118
  elevation: 0
  unit_system: metric
  time_zone: America/Los_Angeles
  currency: USD
  country: US
http:
  server_host: 127.0.0.1
  server_port: ${port}
recorder:
  commit_interval: 1
api:
energy:
logger:
  default: warning
`,
  );
  store(folder, 'auth', {
    users: [
      {
        ...{ id: 'owner', name: 'Owner', group_ids: ['system-admin'], is_owner: true, is_active: true },
        ...{ system_generated: false, local_only: false },
      },
    ],
    groups: [
      { id: 'system-admin', name: 'Administrators' },
      { id: 'system-users', name: 'Users' },
      { id: 'system-read-only', name: 'Read Only' },
    ],
    credentials: [],
    refresh_tokens: [
      {
        ...{ id: 'refresh', user_id: 'owner', client_id: null, client_name: 'test', client_icon: null },
        ...{ token_type: 'long_lived_access_token', created_at: '2024-01-01T00:00:00+00:00' },
        ...{ access_token_expiration: 315_360_000, token: 'token', jwt_key: JWT_KEY, last_used_at: null },
        ...{ last_used_ip: null, expire_at: null, credential_id: null, version: null },
      },
    ],
  });
}

function mqttEntry({ port, username, password }: Broker, protocol: string) {
  return {
    ...{ entry_id: 'mqtt', version: 1, minor_version: 1, domain: 'mqtt', title: 'MQTT' },
    data: { broker: '127.0.0.1', port, username, password, protocol, discovery: true },
    options: {},
    ...{ pref_disable_new_entities: false, pref_disable_polling: false, source: 'user' },
    ...{ unique_id: null, disabled_by: null },
  };
}

function store(folder: string, key: string, data: object): void {
  writeFileSync(join(folder, '.storage', key), JSON.stringify({ version: 1, minor_version: 1, key, data }));
}

const JWT_KEY = 'the-key-of-the-tests';

/** As its long-lived access tokens are made. */
function accessToken(): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { iss: 'refresh', iat: 1_700_000_000, exp: 4_000_000_000 };
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', JWT_KEY).update(text).digest('base64url')}`;
}
