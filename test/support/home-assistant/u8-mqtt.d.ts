/** The part of it that the fake Home Assistant uses. */
declare module 'u8-mqtt/node' {
  interface Packet {
    topic: string;
    retain: boolean;
    text(): string;
  }
  interface Client {
    on_topic(filter: string, receive: (packet: Packet) => void): Client;
    with_tcp(url: string): Client;
    connect(options?: object): Promise<unknown>;
    subscribe(topics: [string, { qos: 0 | 1 }][]): Promise<[{ answers: number[] }]>;
    unsubscribe(topics: string[]): Promise<unknown>;
    pub(message: { topic: string; payload: string; qos: 0 | 1; retain?: 0 | 1 }): Promise<unknown>;
    disconnect(): Promise<unknown>;
  }
  interface Options {
    log_conn?: () => void;
    on_error?: (error: unknown) => void;
  }
  export function mqtt_v4(options: Options): Client;
  export function mqtt_v5(options: Options): Client;
}
