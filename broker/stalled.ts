import type { Socket } from 'node:net';

/** How often within the timeout a socket's progress is looked at. */
const LOOKS = 4;

/**
 * Calls `onStalled` with each socket that had bytes to send for `timeoutMs` (and at most a quarter more)
 * while its other end took none. Ends with the signal; a timeout of 0 looks at nothing.
 *
 * aedes disconnects a client that does not read only where it waits for it, and for live messages it does
 * not wait. Looks are counted rather than time, so that a process that was itself stopped for a while
 * blames nobody.
 */
export function watchStalled(
  sockets: Iterable<Socket>,
  timeoutMs: number,
  onStalled: (socket: Socket) => void,
  signal: AbortSignal,
): void {
  if (timeoutMs === 0) return;
  const seen = new WeakMap<Socket, { sent: number; looks: number }>();
  const look = () => {
    for (const socket of sockets) {
      const sent = socket.bytesWritten - socket.writableLength;
      const before = seen.get(socket);
      const stuck = socket.writableLength > 0 && before?.sent === sent;
      const looks = stuck ? before.looks + 1 : 0;
      seen.set(socket, { sent, looks });
      if (looks >= LOOKS) onStalled(socket);
    }
  };
  const timer = setInterval(look, timeoutMs / LOOKS);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
