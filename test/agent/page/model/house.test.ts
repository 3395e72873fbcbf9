import test from 'ava';
import type { WatchStatus } from '../../../../agent/doors/operations.ts';
import type { AgentView, StoreView } from '../../../../agent/doors/views.ts';
import { houseOf, TONES } from '../../../../agent/page/model/house.ts';
import { emptyState, type State } from '../../../../agent/page/model/state.ts';
import { testIncident } from '../../notify/support.ts';

const agent: AgentView = {
  version: '0.1.0',
  started: 0,
  now: 0,
  zone: 'UTC',
  connected: true,
  broker: 'mqtt://127.0.0.1:1883',
  embedded: true,
  journal: { trouble: null, expired: 0 },
  devices: [],
};
const store: StoreView = {
  ...{ name: 'influx', lag: 7, written: 1, rejected: 0, retries: 3 },
  ...{ downSince: 1, error: 'refused' },
};

function watch(name: string, state: WatchStatus['verdict']['state'], target?: string): WatchStatus {
  const verdict = { state, sentence: 'because', evidence: {} };
  return { name, topics: [], verdict, ...(target === undefined ? {} : { target }) };
}

const state = (changes: Partial<State>): State => ({ ...emptyState(0), agent, ...changes });

const told: [what: string, state: State, tone: string, sentence: string][] = [
  ['nobody was asked yet', emptyState(0), 'calm', 'Asking the agent…'],
  ['nothing is watched', state({}), 'calm', 'Nothing is watched yet'],
  [
    'all is well',
    state({ watches: [watch('main', 'healthy')] }),
    'good',
    'All is well: main reports as usual',
  ],
  [
    'two are well',
    state({ watches: [watch('a', 'healthy'), watch('b', 'healthy')] }),
    'good',
    'All is well: a and b report as usual',
  ],
  [
    'many are well',
    state({ watches: [...'abcde'].map((name) => watch(name, 'healthy')) }),
    'good',
    'All is well: 5 of 5 report as usual',
  ],
  [
    'the gravest counts',
    state({ watches: [watch('a', 'healthy'), watch('b', 'suspect'), watch('c', 'stalled', 'container c')] }),
    'bad',
    'c has stalled; healing begins',
  ],
  ['nothing may be restarted', state({ watches: [watch('c', 'stalled')] }), 'bad', 'c has stalled'],
  ['it is being healed', state({ watches: [watch('c', 'recovering')] }), 'notice', 'c is being healed'],
  ['it is held', state({ watches: [watch('c', 'held'), watch('d', 'healthy')] }), 'calm', 'c is left alone'],
  [
    'we cannot see',
    state({ watches: [watch('a', 'blind'), watch('b', 'blind')] }),
    'blind',
    'Blind: the agent cannot see a and b at present',
  ],
  [
    'a person is needed',
    state({
      watches: [watch('main', 'stalled')],
      incidents: [testIncident({ help: { at: 1, why: 'its device is missing' } })],
    }),
    'bad',
    'main needs you: its device is missing',
  ],
  [
    'nobody is needed any more',
    state({
      watches: [watch('main', 'healthy')],
      incidents: [testIncident({ help: { at: 1, why: 'it was' }, recovered: 2 })],
    }),
    'good',
    'All is well: main reports as usual',
  ],
  [
    'the journal fails',
    state({
      watches: [watch('main', 'healthy')],
      agent: { ...agent, journal: { trouble: 'disk full', expired: 0 } },
    }),
    'bad',
    'The journal cannot be written: disk full',
  ],
  [
    'a store is away',
    state({ watches: [watch('main', 'healthy')], stores: [store] }),
    'notice',
    'All is read; influx is away, its readings wait',
  ],
  [
    'the broker is gone',
    state({ watches: [watch('main', 'healthy')], agent: { ...agent, connected: false } }),
    'blind',
    'The agent has lost its broker',
  ],
];

for (const [what, given, tone, sentence] of told)
  test(`in one sentence: ${what}`, (t) => t.deepEqual(houseOf(given), { tone, sentence } as never));

test('every verdict has its tone', (t) => t.is(Object.keys(TONES).length, 7));
