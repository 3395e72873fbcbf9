import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { GiveUpError } from '../shared/errors.ts';
import type { BrokerSettings } from '../shared/settings/schema.ts';
import { watchStalled } from './stalled.ts';

const SOCKET = {
  // Nagle's algorithm and delayed acknowledgements make 44 ms of a round trip of 0.15 ms.
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
};

export interface Address {
  host: string;
  port: number;
}

export interface ListenerOptions {
  /** Takes each new connection; the stream carries MQTT. */
  handle(stream: Duplex, request?: IncomingMessage): void;
  /** Whether the web page of that origin, undefined for what is no browser, may open a WebSocket. */
  allowOrigin(origin: string | undefined): boolean;
  /** A connection was refused, there being too many. */
  onRefused(): void;
  /** A subscriber that stopped reading was disconnected. */
  onStalled(): void;
  /** Milliseconds for the request that opens a WebSocket to arrive. */
  requestTimeoutMs: number;
}

export interface Listeners {
  mqtt: Address;
  websocket?: Address;
  /** The open connections, over TCP and WebSocket. */
  sockets: ReadonlySet<Socket>;
  /** Accepts nobody any more; those who are connected stay. */
  stop(): void;
  /** Breaks every connection. */
  destroy(): Promise<void>;
}

/**
 * Listens for MQTT over TCP and, when `websocket_port` is set, over WebSocket.
 * @throws GiveUpError when an address cannot be had; then nothing stays open.
 */
export async function openListeners(settings: BrokerSettings, options: ListenerOptions): Promise<Listeners> {
  const { host, port, websocket_port } = settings;
  const sockets = new Set<Socket>();
  const buffer = { highWaterMark: clientBuffer(settings) };
  const stopping = new AbortController();
  const servers: Server[] = [];
  const closed: Promise<unknown>[] = [];

  const admit = (socket: Socket): boolean => {
    if (sockets.size >= settings.max_connections) {
      options.onRefused();
      socket.destroy();
      return false;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return true;
  };
  const stop = () => {
    stopping.abort();
    for (const server of servers.splice(0)) closed.push(new Promise((resolve) => server.close(resolve)));
  };
  const destroy = async () => {
    stop();
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  };
  const open = (server: Server, at: Address, setting: string): Promise<Address> => {
    servers.push(server);
    return listen(server, at, setting);
  };

  try {
    const mqtt = await open(tcpServer(buffer, admit, options.handle), { host, port }, 'broker.port');
    const listeners: Listeners = { mqtt, sockets, stop, destroy };
    if (websocket_port !== undefined) {
      const server = webSocketServer(buffer, admit, settings.max_packet, options);
      listeners.websocket = await open(server, { host, port: websocket_port }, 'broker.websocket_port');
    }
    const onStalled = (socket: Socket) => {
      options.onStalled();
      socket.destroy();
    };
    watchStalled(sockets, settings.drain_timeout, onStalled, stopping.signal);
    return listeners;
  } catch (error) {
    await destroy();
    throw error;
  }
}

/** Bytes that may wait for one client. */
const clientBuffer = ({ max_packet }: BrokerSettings) => 2 * max_packet;

interface Buffering {
  highWaterMark: number;
}

function tcpServer(
  buffer: Buffering,
  admit: (socket: Socket) => boolean,
  handle: (stream: Duplex) => void,
): Server {
  return createServer({ ...SOCKET, ...buffer }, (socket) => {
    if (admit(socket)) handle(socket);
  });
}

/** On any path. */
function webSocketServer(
  buffer: Buffering,
  admit: (socket: Socket) => boolean,
  maxPayload: number,
  { handle, allowOrigin, requestTimeoutMs }: ListenerOptions,
): Server {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    handleProtocols: (offered) => offered.has('mqtt') && 'mqtt',
  });
  const server = createHttpServer(
    {
      ...SOCKET,
      ...buffer,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: requestTimeoutMs / 4,
    },
    (_request, response) =>
      response
        .writeHead(426, { Upgrade: 'websocket', Connection: 'close' })
        .end('MQTT over WebSocket only\n'),
  );
  server.on('connection', admit);
  server.on('upgrade', (request, socket, head) => {
    if (!allowOrigin(request.headers.origin)) {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      handle(createWebSocketStream(webSocket, buffer), request),
    );
  });
  return server;
}

/**
 * Binds a server; `setting` is the one to change when that fails.
 * @throws GiveUpError when the address cannot be had.
 */
async function listen(server: Server, { host, port }: Address, setting: string): Promise<Address> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const rule =
      code === 'EADDRINUSE'
        ? `the port must be free, but another program listens there; stop it or change ${setting}`
        : `the address must be one of this machine that may be listened on; see broker.host and ${setting}`;
    throw new GiveUpError(`listening for MQTT on ${host}:${port}: ${rule}`, 1, { cause: error });
  }
  const address = server.address();
  return { host, port: typeof address === 'object' && address ? address.port : port };
}
