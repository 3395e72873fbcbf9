/** The ways of bringing a container back that ours is measured against, each as small as it is in the field. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Dockerode from 'dockerode';

/** Seconds: what `docker restart` gives a container to stop, unless told otherwise. */
const STOP_TIMEOUT_S = 10;

export interface Peer {
  /** Runs until the signal aborts; tells when it has decided to restart. */
  run(container: Dockerode.Container, decided: () => void, signal: AbortSignal): Promise<void>;
}

/** As willfarrell/autoheal does: every 5 s, whatever its Docker HEALTHCHECK calls unhealthy is restarted. */
export const autoheal: Peer = {
  async run(container, decided, signal) {
    for (;;) {
      await sleep(5000, undefined, { signal });
      const { State } = await container.inspect();
      if (State.Health?.Status !== 'unhealthy') continue;
      decided();
      await container.restart({ t: STOP_TIMEOUT_S });
    }
  },
};

/**
 * The chain that wattdog replaces: Grafana's rule "the last value of the past 5 s has no value", evaluated every
 * `periodMs`; when the alert begins to fire, its webhook runs `docker restart`, once. It fires again only after
 * it has been resolved.
 * @param lastValue asks the store whether there is a value between two times.
 */
export function grafana(periodMs: number, hasValue: (from: number, to: number) => Promise<boolean>): Peer {
  return {
    async run(container, decided, signal) {
      let firing = false;
      // The evaluations know nothing of the fault: it falls anywhere between two of them.
      await sleep(Math.random() * periodMs, undefined, { signal });
      for (let next = Date.now(); ; next += periodMs) {
        await sleep(Math.max(0, next - Date.now()), undefined, { signal });
        const now = Date.now();
        const absent = !(await hasValue(now - 5000, now));
        if (absent && !firing) {
          decided();
          // As the webhook's receiver did: whatever comes of it, nobody looks.
          container.restart({ t: STOP_TIMEOUT_S }).catch(() => {});
        }
        firing = absent;
      }
    },
  };
}
