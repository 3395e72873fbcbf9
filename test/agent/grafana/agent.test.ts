import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { ruleFile, WATCHED } from '../../../agent/grafana/alerts.ts';
import { health } from '../../../agent/grafana/dashboards/health.ts';
import { live } from '../../../agent/grafana/dashboards/live.ts';
import { promql } from '../../../agent/grafana/promql.ts';
import { VERDICTS } from '../../../agent/grafana/verdicts.ts';
import { type RunningAgent, runAgent } from '../../../agent/main.ts';
import type { AgentStatus } from '../../../agent/status.ts';
import type { State } from '../../../agent/watch/verdict.ts';
import { noHooks } from '../../../agent/web/hooks.ts';
import { renderMetrics } from '../../../agent/web/metrics.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';
import { systemTime } from '../../../shared/time.ts';
import { findProgram } from '../../support/programs.ts';
import { realTest } from '../../support/real.ts';
import { startVictoriaMetrics } from '../../support/stores.ts';
import { eventually, freePort, silentLog, temporaryFolder, until } from '../../support/system.ts';
import { evaluate } from './support/alerts.ts';
import { askPanel, type Panel, type Source } from './support/ask.ts';
import { NOW, ZONE } from './support/house.ts';

const TOKEN = 'the token of the page';

async function startAgent(t: ExecutionContext) {
  const settings = settingsSchema.parse({
    data: temporaryFolder(t),
    broker: { port: 0 },
    agent: { http: { port: 0, token: TOKEN }, docker: { socket: '/nowhere/docker.sock' } },
  });
  const stop = new AbortController();
  const opened = Promise.withResolvers<RunningAgent>();
  const running = runAgent(
    settings,
    { time: systemTime, log: silentLog, ready: opened.resolve },
    stop.signal,
  );
  const end = async () => {
    stop.abort();
    await running;
  };
  t.teardown(end);
  const { httpPort } = await Promise.race([
    opened.promise,
    running.then(() => Promise.reject(new Error('it ended'))),
  ]);
  return { port: httpPort, end };
}

/** The file that compose gives to its store, with this machine’s paths and ports, and less patience. */
function scrapeFile(t: ExecutionContext, port: number, token: string): string {
  const folder = temporaryFolder(t);
  const page = join(folder, 'page');
  writeFileSync(page, `${token}\n`, { mode: 0o640 });
  const config = join(folder, 'scrape.yaml');
  const text = readFileSync('agent/grafana/scrape.yaml', 'utf8')
    .replace('agent:9288', `127.0.0.1:${port}`)
    .replace('/credentials/page', page)
    .replace('scrape_interval: 5s', 'scrape_interval: 1s');
  writeFileSync(config, text);
  return config;
}

async function startScraping(t: ExecutionContext, config: string): Promise<Source> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    findProgram('victoria-metrics') ?? '',
    [
      `-storageDataPath=${temporaryFolder(t)}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      `-promscrape.config=${config}`,
      // A misspelt word of the file ends it.
      '-promscrape.config.strictParse=true',
      '-search.latencyOffset=0s',
      '-memory.allowedBytes=67108864',
      '-loggerLevel=ERROR',
    ],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await until('VictoriaMetrics to answer', 30_000, async () => (await fetch(`${url}/health`)).ok);
  return { type: 'prometheus', url };
}

const panels = [health(promql), live(promql)].flatMap(({ panels: all = [] }) => all as Panel[]);

/** The newest value of each series that a panel shows, by its name. */
async function shown(source: Source, title: string, now = Date.now()): Promise<Record<string, unknown>> {
  const panel = panels.find((one) => one.title === title);
  const frames = await askPanel(source, panel ?? {}, {
    dashboard: { from: 'now-1h', to: 'now' },
    variables: { meter: 'main', readings: '' },
    clock: { now, zone: ZONE },
  });
  return Object.fromEntries(frames.map(({ fields: [, value] }) => [value?.name, value?.values.at(-1)]));
}

/** What a verdict’s number is shown as. */
function textOf(verdict: unknown): string | undefined {
  const [mapping] = VERDICTS;
  return mapping?.type === 'value' ? mapping.options[String(verdict)]?.text : undefined;
}

const agentDown = ruleFile(WATCHED.victoriametrics)
  .groups.flatMap(({ rules }) => rules)
  .find(({ uid }) => uid === 'wattdog-agent');

realTest('victoria-metrics')('the store scrapes the agent with the token that the agent made', async (t) => {
  const agent = await startAgent(t);
  const source = await startScraping(t, scrapeFile(t, agent.port, TOKEN));
  await until('a scrape', 30_000, async () => (await shown(source, 'Agent')).Agent === 1);
  await until('a verdict', 30_000, async () => textOf((await shown(source, 'Verdict')).main) === 'learning');
  await until('a session', 30_000, async () => (await shown(source, 'Broker')).Broker === 1);
  const isDown = () => evaluate(source, agentDown ?? { noDataState: 'OK', data: [] }, Date.now());
  await eventually(t, async (t) => {
    t.deepEqual(await shown(source, 'Journal'), { Journal: 1 });
    t.deepEqual(await isDown(), { '': false });
  });
  await agent.end();
  await until('its end to be seen', 30_000, async () => (await shown(source, 'Agent')).Agent === 0);
  await eventually(t, async (t) => t.deepEqual(await isDown(), { '': true }));
});

realTest('victoria-metrics')(
  'without the token there is nothing to scrape, and the agent counts as down',
  async (t) => {
    const agent = await startAgent(t);
    const source = await startScraping(t, scrapeFile(t, agent.port, 'another'));
    await until('a scrape', 30_000, async () => (await shown(source, 'Agent')).Agent === 0);
    t.deepEqual(await shown(source, 'Verdict'), {});
  },
);

/** The agent ten minutes before `NOW` and since, in steps of a scrape: two stalls, a lagging store, a restart of its own. */
function statusAfter(seconds: number): AgentStatus {
  const state = ((): State => {
    if (seconds >= 100 && seconds < 110) return 'stalled';
    if (seconds >= 110 && seconds < 120) return 'recovering';
    if (seconds >= 300 && seconds < 320) return 'stalled';
    if (seconds >= 320 && seconds < 330) return 'recovering';
    return 'healthy';
  })();
  // It began to count anew at 400.
  const incidents = seconds < 100 ? 0 : seconds < 300 ? 1 : seconds < 400 ? 2 : seconds < 500 ? 0 : 1;
  const lagging = seconds >= 200 && seconds < 260;
  return {
    meters: [],
    watches: [
      {
        name: 'main',
        topics: [],
        verdict: { state, sentence: '', evidence: { silence: 1200 } },
        counts: { incidents, restarts: incidents },
      },
    ],
    notify: [],
    stores: [
      {
        name: 'vm',
        written: 0,
        rejected: 0,
        retries: 0,
        lag: lagging ? 500 : 0,
        ...(lagging ? { downSince: 1 } : {}),
      },
    ],
    intake: { received: seconds, stored: seconds, rejected: 0, failed: 0 },
    journal: { expired: 0, unforwarded: 0, lettersDropped: 0, setAside: 0, trouble: undefined },
    broker: undefined,
    connected: true,
  };
}

realTest('victoria-metrics')('what happened to the watches and the stores is shown', async (t) => {
  const store = await startVictoriaMetrics(t);
  const source: Source = { type: 'prometheus', url: store.url };
  const doors = { hooks: noHooks(), requests: { accepted: 0, invalid: 0, retained: 0, limited: 0 } };
  for (let seconds = 0; seconds <= 600; seconds += 5) {
    const query = new URLSearchParams({
      timestamp: String(NOW - 600_000 + seconds * 1000),
      extra_label: 'job=wattdog',
    });
    const body = await renderMetrics(statusAfter(seconds), doors);
    await fetch(`${store.url}/api/v1/import/prometheus?${query}`, { method: 'POST', body });
  }
  t.deepEqual(await shown(source, 'Incidents', NOW), { Incidents: 3 });
  t.deepEqual(await shown(source, 'Restarts', NOW), { main: 3 });
  t.deepEqual(await shown(source, 'Stores', NOW), { vm: 1 });
  t.deepEqual(await shown(source, 'Stores', NOW - 370_000), { vm: 0 });
  t.deepEqual(await shown(source, 'Silence of the watches', NOW), { main: 1.2 });
  const journalled = await shown(source, 'Journal: readings a minute', NOW);
  t.deepEqual(
    { ...journalled, Journalled: Math.round(Number(journalled.Journalled)) },
    {
      Journalled: 60,
      'No readings': 0,
      'Refused by the disk': 0,
    },
  );

  const look = {
    dashboard: { from: 'now-1h', to: 'now' },
    variables: {},
    clock: { now: NOW, zone: ZONE },
  };
  const of = (title: string) => panels.find((panel) => panel.title === title) ?? {};
  const [lag] = await askPanel(source, of('Lag of the stores'), look);
  t.is(Math.max(...(lag?.fields[1]?.values ?? []).map(Number)), 500);
  const [timeline] = await askPanel(source, of('Verdicts'), look);
  const verdicts = (timeline?.fields[1]?.values ?? []).map(textOf);
  t.is(timeline?.fields[1]?.name, 'main');
  t.deepEqual(
    verdicts.filter((verdict, index) => verdict !== verdicts[index - 1]),
    ['healthy', 'stalled', 'recovering', 'healthy', 'stalled', 'recovering', 'healthy'],
  );
});
