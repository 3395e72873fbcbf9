import { linesOf } from '../../shared/lines.ts';
import type { Moment } from '../guard/incident.ts';
import { type Api, ApiError } from './api.ts';
import type { Loader } from './load.ts';
import type { DrillProgress } from './model/state.ts';
import type { Actions } from './scene.ts';
import { CHOSEN_METER, HIDDEN_STEPS, keep, keepForNow } from './storage.ts';
import type { Store } from './store.ts';

/** ms for which the answer to a demand is shown, and that something was copied. */
const SHOWN = 20_000;
const COPIED = 2000;

interface Deps {
  api: Api;
  store: Store;
  loader: Loader;
  /** Comes in with a token. */
  enter(token: string): void;
}

export function createActions({ api, store, loader, enter }: Deps, signal: AbortSignal): Actions {
  let followed = new AbortController();

  const answer = (watch: string, text: string) => {
    store.set({ answers: { ...store.state.answers, [watch]: text } });
    setTimeout(() => {
      const { [watch]: shown, ...others } = store.state.answers;
      if (shown === text) store.set({ answers: others });
    }, SHOWN);
  };
  const ask = async (watch: string, verb: string, body: object, done: string) => {
    store.set({ dialog: undefined });
    try {
      await api.post(`watches/${encodeURIComponent(watch)}/${verb}`, body, signal);
      answer(watch, done);
      await loader.records(signal);
    } catch (error) {
      answer(watch, messageOf(error));
    }
  };
  const tell = (watch: string, progress: DrillProgress) => {
    const { dialog } = store.state;
    if (dialog?.kind === 'drill' && dialog.watch === watch) store.set({ dialog: { ...dialog, progress } });
  };
  const drill = async (watch: string, stopped: AbortSignal) => {
    const moments: Moment[] = [];
    tell(watch, { moments, isOver: false });
    try {
      const pieces = await api.stream(`watches/${encodeURIComponent(watch)}/drill`, {}, stopped);
      for await (const line of linesOf(pieces)) {
        const moment = JSON.parse(line) as Moment | { error: string };
        if ('error' in moment) throw new ApiError(0, moment.error);
        moments.push(moment);
        tell(watch, { moments: [...moments], isOver: false });
      }
      tell(watch, { moments, isOver: true });
    } catch (error) {
      if (!stopped.aborted) tell(watch, { moments, isOver: true, error: messageOf(error) });
    }
  };
  const reload = (what: Promise<void>) => void what.catch(() => {});

  return {
    choose(meter) {
      keep(CHOSEN_METER, meter);
      store.set({ chosen: meter, power: undefined, days: undefined });
      reload(loader.charts(signal));
    },
    show(range) {
      store.set({ range });
      reload(loader.power(signal));
    },
    measure: (measure) => store.set({ measure }),
    toggleTable: () => store.set({ isTable: !store.state.isTable }),
    toggleIncidents: () => store.set({ showsAllIncidents: !store.state.showsAllIncidents }),
    toggleGaps: () => store.set({ showsAllGaps: !store.state.showsAllGaps }),
    hideFirstSteps() {
      store.set({ hidesFirstSteps: true });
      keepForNow(HIDDEN_STEPS);
    },
    open: (dialog) => store.set({ dialog }),
    close() {
      followed.abort();
      store.set({ dialog: undefined });
    },
    restart: (watch, force) => void ask(watch, 'restart', { force }, 'The restart has begun.'),
    hold: (watch, ms) => void ask(watch, 'hold', { for: `${Math.round(ms / 1000)}s` }, 'It is left alone.'),
    release: (watch) => void ask(watch, 'release', {}, 'It is watched again.'),
    drill(watch) {
      followed = new AbortController();
      void drill(watch, AbortSignal.any([signal, followed.signal]));
    },
    login: enter,
    async copy(text) {
      // Browsers lend the clipboard to secure pages only; the text can be selected everywhere.
      if (!(await copied(text))) return;
      store.set({ copied: text });
      setTimeout(() => store.set({ copied: undefined }), COPIED);
    },
  };
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof ApiError ? error.message : String(error);
}
