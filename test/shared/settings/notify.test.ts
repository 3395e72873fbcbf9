import test from 'ava';
import { GiveUpError } from '../../../shared/errors.ts';
import { findKey } from '../../../shared/settings/keys.ts';
import { loadSettings, showSettings } from '../../../shared/settings/load.ts';

const load = (text: string, environment = {}, files: Record<string, string> = {}) =>
  loadSettings({
    file: { name: 'wattdog.yaml', text },
    environment,
    readFile: (path) => files[path] ?? '',
  });

function problems(text: string): string[] {
  try {
    load(text);
    return [];
  } catch (error) {
    if (error instanceof GiveUpError) return error.message.split('\n').slice(1);
    throw error;
  }
}

const service = (text: string) => `agent: { notify: { services: [{ ${text} }] } }`;

test('nobody is told by default', (t) => {
  t.deepEqual(load('').agent.notify, { services: [] });
});

test('each kind takes what it needs', (t) => {
  const { notify } = load(`
agent:
  notify:
    page: http://home:9288
    services:
      - { kind: discord, url: https://discord.com/api/webhooks/1/x }
      - { kind: ntfy, url: "https://ntfy.sh/topic", token: tk }
      - { kind: gotify, url: "http://home:8080/gotify", token: A }
      - { kind: slack, url: https://hooks.slack.com/services/T/B/x }
      - { kind: mattermost, url: https://chat.example/hooks/x }
      - { kind: telegram, token: "1:a", chat: -1001 }
      - { kind: telegram, name: family, token: "1:a", chat: "@family" }
      - { kind: webhook, url: "https://example.com/hook?x=1", secret: s }
    grafana: { url: http://grafana:3000, token: glsa, dashboard: abc, panel: 4 }
    ping: { url: https://hc-ping.com/uuid }
`).agent;
  t.deepEqual(
    notify.services.map(({ kind, name }) => name ?? kind),
    ['discord', 'ntfy', 'gotify', 'slack', 'mattermost', 'telegram', 'family', 'webhook'],
  );
  t.like(notify.services[5], { chat: '-1001', url: 'https://api.telegram.org' });
  t.like(notify, { grafana: { panel: 4 }, ping: { period: 60_000 }, page: 'http://home:9288' });
});

test('every secret can be given in a file of its own, and is never shown', (t) => {
  const secrets: Record<string, string> = {
    SERVICES_0_URL: 'https://discord.com/api/webhooks/1/s3cr3t',
    SERVICES_1_TOKEN: 's3cr3t1',
    SERVICES_2_SECRET: 's3cr3t2',
    GRAFANA_TOKEN: 's3cr3t3',
    PING_URL: 'https://hc-ping.com/s3cr3t4',
  };
  const environment: Record<string, string> = {
    WATTDOG_AGENT_NOTIFY_SERVICES_0_KIND: 'discord',
    WATTDOG_AGENT_NOTIFY_SERVICES_1_KIND: 'telegram',
    WATTDOG_AGENT_NOTIFY_SERVICES_1_CHAT: '-1001',
    WATTDOG_AGENT_NOTIFY_SERVICES_2_KIND: 'webhook',
    WATTDOG_AGENT_NOTIFY_SERVICES_2_URL: 'https://example.com/s3cr3t5',
    WATTDOG_AGENT_NOTIFY_GRAFANA_URL: 'http://grafana:3000',
  };
  for (const key of Object.keys(secrets)) {
    t.true(findKey(`AGENT_NOTIFY_${key}`)?.secret, key);
    environment[`WATTDOG_AGENT_NOTIFY_${key}_FILE`] = key;
  }
  const settings = load('', environment, secrets);
  t.deepEqual(settings.agent.notify, {
    services: [
      { kind: 'discord', url: 'https://discord.com/api/webhooks/1/s3cr3t' },
      { kind: 'telegram', token: 's3cr3t1', chat: '-1001', url: 'https://api.telegram.org' },
      { kind: 'webhook', url: 'https://example.com/s3cr3t5', secret: 's3cr3t2' },
    ],
    grafana: { url: 'http://grafana:3000', token: 's3cr3t3' },
    ping: { url: 'https://hc-ping.com/s3cr3t4', period: 60_000 },
  });
  const shown = showSettings(settings);
  t.notRegex(shown, /s3cr3t/);
  t.regex(shown, /url: http:\/\/grafana:3000/);
});

const refused: [what: string, text: string, problem: RegExp][] = [
  [
    'an address that is none',
    service('kind: discord, url: "ftp://s3cr3t"'),
    /services\.0\.url .*: must be a URL such as https:\/\/discord.*, got \(hidden\)$/,
  ],
  [
    'an address with a password',
    service('kind: slack, url: "https://me:s3cr3t@hooks.slack.com/x"'),
    /services\.0\.url .*: must not hold a user or password: .*, got \(hidden\)$/,
  ],
  [
    'a server of ntfy without a topic',
    service('kind: ntfy, url: "https://ntfy.sh/"'),
    /services\.0\.url .*: must end in the topic/,
  ],
  [
    'no server at all',
    service('kind: ntfy, url: "s3cr3t"'),
    /services\.0\.url .*: must be a URL such as https:\/\/ntfy\.sh\/TOPIC, got \(hidden\)$/,
  ],
  [
    'two services of one name',
    'agent: { notify: { services: [{ kind: slack, url: "https://a/x" }, { kind: slack, url: "https://b/x" }] } }',
    /services\.1\.name.*: must differ from every other service’s name/,
  ],
  [
    'the name that Grafana has',
    service('kind: slack, name: grafana, url: "https://a/x"'),
    /services\.0\.name.*: must differ .* and from grafana/,
  ],
  [
    'a telegram without a chat',
    service('kind: telegram, token: s3cr3t'),
    /services\.0\.chat: must be a chat/,
  ],
  [
    'a panel of no dashboard',
    'agent: { notify: { grafana: { url: "http://g", token: s3cr3t, panel: 4 } } }',
    /grafana\.panel .*: must be given together with dashboard/,
  ],
  [
    'pings without pause',
    'agent: { notify: { ping: { url: "https://hc/s3cr3t", period: 1s } } }',
    /ping\.period .*: must be at least 10s/,
  ],
];

for (const [what, text, problem] of refused)
  test(`refused: ${what}`, (t) => {
    const said = problems(text).join('\n');
    t.regex(said, problem);
    t.notRegex(said, /s3cr3t/);
  });
