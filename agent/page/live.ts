import { createEventParser } from '../../shared/server-sent-events.ts';
import type { LiveEvent } from '../doors/queries.ts';
import { type Api, ApiError } from './api.ts';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
/** ms between two questions whether the agent is still there: a connection can be dead and silent. */
const PULSE = 15_000;

interface Listener {
  /** Once for each connection, before its first event. @throws ApiError */
  connected(signal: AbortSignal): Promise<void>;
  /** From time to time. @throws ApiError */
  pulse(signal: AbortSignal): Promise<void>;
  event(event: LiveEvent): void;
  lost(error: ApiError): void;
}

/** Listens to the house, again and again, until the signal aborts or the agent wants another token (401, 403). */
export async function keepLive(api: Api, listener: Listener, signal: AbortSignal): Promise<void> {
  for (let pause = FIRST_PAUSE; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    const began = performance.now();
    const error = await listen(api, listener, signal);
    if (signal.aborted) return;
    listener.lost(error);
    if (error.status === 401 || error.status === 403) return;
    if (performance.now() - began > LONGEST_PAUSE) pause = FIRST_PAUSE;
    await wait(pause * (0.75 + Math.random() / 2), signal);
  }
}

/** @returns why it ended. */
async function listen(api: Api, listener: Listener, signal: AbortSignal): Promise<ApiError> {
  const hangUp = new AbortController();
  const stopped = AbortSignal.any([signal, hangUp.signal]);
  try {
    const pieces = await api.stream('live', undefined, stopped);
    await listener.connected(stopped);
    const parse = createEventParser();
    void beat(listener, stopped, hangUp);
    for await (const piece of pieces)
      for (const { event, data } of parse(piece)) {
        stopped.throwIfAborted();
        listener.event({ event, data: JSON.parse(data) } as LiveEvent);
      }
    return new ApiError(0, 'the agent has hung up');
  } catch (error) {
    return error instanceof ApiError ? error : new ApiError(0, String(error));
  } finally {
    hangUp.abort();
  }
}

async function beat(listener: Listener, signal: AbortSignal, hangUp: AbortController): Promise<void> {
  try {
    for (;;) {
      await wait(PULSE, signal);
      if (signal.aborted) return;
      await listener.pulse(signal);
    }
  } catch {
    hangUp.abort();
  }
}

/** Waits, but no longer than until the network or the reader comes back. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    signal.addEventListener('abort', done);
  });
}
