import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Owner } from './system.ts';

/** A server on a port of its own, which ends with the test, and so do its connections. */
export async function startHttp(t: Owner, answer: RequestListener): Promise<{ url: string; port: number }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port };
}
