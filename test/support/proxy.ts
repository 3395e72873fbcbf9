import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from './system.ts';

/** A TCP link on loopback that can be troubled. */
export interface Link {
  readonly port: number;
  /** Resets every connection and refuses new ones. */
  cut(): void;
  /** Holds all bytes, both ways, and the news of a lost connection too. */
  freeze(): void;
  /** Adds latency to each piece of data, both ways. */
  delay(ms: number): void;
  /** Takes connections again, and passes on what it held without delay. */
  heal(): Promise<void>;
}

/** Passes connections to its port on to `target`; closed with the test. */
export async function openLink(t: Owner, port: number, target: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let delayMs = 0;
  let thaw: PromiseWithResolvers<void> | undefined;
  const pass = async () => {
    if (delayMs > 0) await sleep(delayMs);
    await thaw?.promise;
  };
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    keep(near);
    void (async () => {
      await pass();
      const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
      keep(far);
      await Promise.all([pump(near, far, pass), pump(far, near, pass)]);
    })();
  });
  const listen = async () => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const heal = async () => {
    delayMs = 0;
    thaw?.resolve();
    thaw = undefined;
    if (!server.listening) await listen();
  };
  t.teardown(async () => {
    cut();
    thaw?.resolve();
  });
  await listen();
  return {
    port,
    cut,
    freeze() {
      thaw ??= Promise.withResolvers();
    },
    delay(ms) {
      delayMs = ms;
    },
    heal,
  };
}

/** One direction, until either end is lost; what one end does the other sees. */
async function pump(from: Socket, to: Socket, pass: () => Promise<void>): Promise<void> {
  try {
    for await (const chunk of from) {
      await pass();
      if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
    }
    await pass();
    to.end();
  } catch {
    await pass();
    if (!to.destroyed) to.resetAndDestroy();
  }
}
