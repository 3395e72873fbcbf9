import { until } from './system.ts';

/**
 * Makes the event loop of a node process spin for ever, by way of its own debugger: a signal opens it,
 * and what it evaluates never returns.
 * @param pid of a process in this network namespace, started with `--inspect-port=<port>`.
 */
export async function spin(pid: number, port: number): Promise<void> {
  process.kill(pid, 'SIGUSR1');
  const url = await until('the debugger', 10_000, async () => {
    const [target] = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
      webSocketDebuggerUrl: string;
    }[];
    return target?.webSocketDebuggerUrl;
  });
  const socket = new WebSocket(url);
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'for (;;);' } }));
}
