import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Incident } from '../../agent/guard/incident.ts';
import { AgentState } from '../../agent/state.ts';
import { diskTest } from '../support/real.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { silentLog, temporaryFolder } from '../support/system.ts';

const incident = (watch: string): Omit<Incident, 'id'> => ({
  watch,
  began: 1000,
  detected: 11_000,
  cause: 'silence',
  evidence: { silence: 10_000 },
  verdict: 'silent for 10 s, usually 1.2 s',
  tries: [],
});

test('incidents and cadences are there again after a restart', (t) => {
  const path = join(temporaryFolder(t), 'new', 'agent.db');
  const state = new AgentState(path, silentLog);
  const first = state.openIncident(incident('a'));
  const second = state.openIncident(incident('b'));
  const closed: Incident = {
    ...first,
    recovered: 20_000,
    tries: [
      {
        at: 12_000,
        rung: 'restart',
        target: 'x',
        result: 'running',
        detail: 'frozen',
        steps: [{ action: 'kill', tookMs: 5 }],
      },
    ],
    loss: { readings: 8, seconds: 10, energy: 0.001 },
  };
  state.saveIncident(closed);
  state.saveCadence('a', [1200.4, 1199.6]);
  state.saveCadence('a', [1200.4, 1199.6, 1300]);
  state.close();

  const again = new AgentState(path, silentLog);
  t.teardown(() => again.close());
  t.deepEqual(again.incidents(10), [second, closed]);
  t.deepEqual(again.incidents(1), [second]);
  t.deepEqual(again.cadence('a'), [1200, 1200, 1300]);
  t.deepEqual(again.cadence('b'), []);
});

test('holds are there again after a restart, and a disk that refuses them is told of', (t) => {
  const path = join(temporaryFolder(t), 'agent.db');
  const hold = { watch: 'a', until: 5000, by: 'me' };
  const state = new AgentState(path, silentLog);
  state.holdStore(silentLog).save([{ watch: 'b', until: 1, by: 'you' }]);
  state.holdStore(silentLog).save([hold]);
  state.close();
  const again = new AgentState(path, silentLog);
  t.deepEqual(again.holdStore(silentLog).load(), [hold]);
  again.close();
  t.notThrows(() => again.holdStore(silentLog).save([]));
});

test('only the newest ten thousand incidents are kept', (t) => {
  const state = new AgentState(':memory:', silentLog);
  t.teardown(() => state.close());
  for (let n = 0; n < 10_005; n += 1) state.openIncident(incident('a'));
  const kept = state.incidents(20_000);
  t.is(kept.length, 10_000);
  t.is(kept.at(-1)?.id, 6);
});

test('a damaged file is set aside', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'agent.db'), 'no database, certainly not one of SQLite');
  const state = new AgentState(join(folder, 'agent.db'), silentLog);
  t.teardown(() => state.close());
  t.is(state.openIncident(incident('a')).id, 1);
  t.is(readdirSync(folder).filter((name) => name.startsWith('agent.db.corrupt-')).length, 1);
});

diskTest()('on a full disk it remembers until the process ends', (t) => {
  const disk = mountSmallDisk(t);
  disk.fill();
  const state = new AgentState(join(disk.folder, 'agent.db'), silentLog);
  t.teardown(() => state.close());
  t.is(state.openIncident(incident('a')).id, 1);
  t.is(state.incidents(1)[0]?.watch, 'a');
});
