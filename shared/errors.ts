/**
 * Errors are sorted by what the caller does next, not by where they came from.
 * Each message says the action, the rule it broke and the value received.
 */

/** Try the same thing again later. */
export class RetryError extends Error {
  override name = 'RetryError';
  /** Milliseconds the other side asked us to wait, when it did. */
  readonly afterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { afterMs?: number | undefined } = {}) {
    super(message, options);
    this.afterMs = options.afterMs;
  }
}

/** This one item can never succeed: count it, leave it out, go on with the next. */
export class DropError extends Error {
  override name = 'DropError';
}

/** A person must act: say the message and end the process with `exitCode`. */
export class GiveUpError extends Error {
  override name = 'GiveUpError';
  /** 78 (EX_CONFIG of sysexits.h) for settings, 2 for usage, 1 for everything else. */
  readonly exitCode: 1 | 2 | 78;

  constructor(message: string, exitCode: 1 | 2 | 78 = 1, options: ErrorOptions = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The message of anything that was thrown, with its causes, on one line. */
export function reason(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const nested = thrown instanceof AggregateError ? thrown.errors.map(reason).join('; ') : '';
  const message = thrown.message || nested || thrown.name;
  return thrown.cause === undefined ? message : `${message}: ${reason(thrown.cause)}`;
}
