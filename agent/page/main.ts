/** The page: what happens in the house changes the state, and the state is drawn. */
import { createActions } from './actions.ts';
import { type ApiError, createApi } from './api.ts';
import { Chart } from './chart.ts';
import { patch } from './dom/patch.ts';
import { keepLive } from './live.ts';
import { Loader } from './load.ts';
import { createFormats } from './model/format.ts';
import { isLive } from './model/live-reading.ts';
import { marksOf } from './model/marks.ts';
import { linesOf, startOf } from './model/power.ts';
import { rangeOf } from './model/ranges.ts';
import { emptyState, meterOf, type State } from './model/state.ts';
import { CHOSEN_METER, HIDDEN_STEPS, isKeptForNow, kept } from './storage.ts';
import { Store } from './store.ts';
import { forgetToken, keepToken, takeToken } from './token.ts';
import { page } from './views/page.ts';

const TICK = 1000;
const UNITS = { phases: 'W', current: 'A', voltage: 'V' };

const root = document.querySelector('#page') ?? document.body;
const visit = new AbortController();
let token = takeToken();
let chart: Chart | undefined;
let formats = createFormats(navigator.language, undefined);
let zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const api = createApi(() => token);
const remembered = { chosen: kept(CHOSEN_METER), hidesFirstSteps: isKeptForNow(HIDDEN_STEPS) };
const store = new Store({ ...emptyState(Date.now()), ...remembered }, draw);
const loader = new Loader(api, store);
const actions = createActions({ api, store, loader, enter }, visit.signal);

function draw(state: State): void {
  if (state.agent !== undefined && state.agent.zone !== zone) {
    zone = state.agent.zone;
    formats = createFormats(navigator.language, zone);
  }
  patch(root, page({ state, formats, actions, mountChart }));
  drawChart(state);
  document.title = titleOf(state);
}

function mountChart(element: HTMLElement): void {
  chart = new Chart(element);
}

function drawChart(state: State): void {
  const { power, measure, range, link, now } = state;
  const meter = meterOf(state);
  if (power === undefined || meter === undefined || state.isTable) return;
  const to = link.state === 'live' ? Math.max(now, power.to) : power.to;
  const unit = measure === 'power' ? (meter.power_basis === 'apparent' ? 'VA' : 'W') : UNITS[measure];
  const from = startOf(power, to - rangeOf(range).ms, to);
  const [lines, marks] = [linesOf(power, measure), marksOf(meter.name, state)];
  chart?.draw({ measure, lines, marks, from, to, unit, formats, zone });
}

function titleOf(state: State): string {
  const reading = meterOf(state)?.reading;
  const live = reading && state.link.state === 'live' && isLive(reading, state.now);
  return live
    ? `${formats.power(reading.power)} ${meterOf(state)?.power_basis === 'apparent' ? 'VA' : 'W'} · wattdog`
    : 'wattdog';
}

async function listen(): Promise<void> {
  await keepLive(
    api,
    {
      async connected(signal) {
        await loader.all(signal);
        store.set({ link: { state: 'live' } });
      },
      pulse: (signal) => loader.refresh(signal),
      event: (event) => void loader.take(event, visit.signal).catch(() => {}),
      lost,
    },
    visit.signal,
  );
}

function lost(error: ApiError): void {
  const { link } = store.state;
  if (error.status === 401) {
    forgetToken();
    store.set({ link: { state: 'locked', isWrong: token !== undefined } });
  } else if (error.status === 403) store.set({ link: { state: 'refused', why: error.message } });
  else if (link.state !== 'lost') store.set({ link: { state: 'lost', since: loader.now() } });
}

function enter(given: string): void {
  token = given.trim();
  keepToken(token);
  void listen();
}

setInterval(() => store.set({ now: loader.now() }), TICK);
draw(store.state);
void listen();
