import { RetryError } from '../shared/errors.ts';
import type { Session } from '../shared/mqtt.ts';

/** What the agent says about itself over MQTT. What is current is said again to every new session. */
export class Bulletin {
  readonly #current = new Map<string, string>();
  #session: Session | undefined;

  attach(session: Session): void {
    this.#session = session;
    for (const [topic, payload] of this.#current) this.#publish(topic, payload, true);
  }

  /** A state, retained. */
  post(topic: string, state: unknown): void {
    const payload = typeof state === 'string' ? state : JSON.stringify(state);
    this.#current.set(topic, payload);
    this.#publish(topic, payload, true);
  }

  /** A state of something that is there no more: the broker forgets it. */
  retract(topic: string): void {
    this.#current.delete(topic);
    this.#publish(topic, '', true);
  }

  /** Something that happened, said once. */
  tell(topic: string, event: unknown): void {
    this.#publish(topic, JSON.stringify(event), false);
  }

  /** Something that somebody is to do. @throws RetryError while there is no session. */
  async command(topic: string, payload: string): Promise<void> {
    if (this.#session === undefined)
      throw new RetryError(`sending ${payload}: must have a session with the broker, has none`);
    await this.#session.publish(topic, payload);
  }

  #publish(topic: string, payload: string, retain: boolean): void {
    // Nothing here is a record: the incident's is on disk, a state is posted again to the next session.
    this.#session?.publish(topic, payload, { retain }).catch(() => {});
  }
}
