/** Who may come in, by what a request carries; pure. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../shared/settings/rules.ts';

/** The ways in to a webhook; each is closed while it is not configured. */
export interface Credentials {
  /** Bearer token. */
  token?: string | undefined;
  /** Basic authentication, both together. */
  username?: string | undefined;
  password?: string | undefined;
  /** Key of an HMAC-SHA256 signature. */
  secret?: string | undefined;
}

const SIGNATURE = 'x-grafana-alerting-signature';
const TIMESTAMP = 'x-grafana-alerting-timestamp';
/** Seconds a signed timestamp may be off: later, the same request is a replay. */
const WINDOW = 300;

export function hasCredentials({ token, password, secret }: Credentials): boolean {
  return token !== undefined || password !== undefined || secret !== undefined;
}

/**
 * Whether a webhook's request carries one of the credentials: a bearer token, basic authentication, or the
 * HMAC-SHA256, in hexadecimal, of its body, or of `timestamp:body` where it carries a timestamp.
 *
 * @param body the bytes as they came. @param now ms since 1970 UTC.
 * @returns true, or the rule it broke.
 */
export function mayCall(
  { headers, body }: { headers: IncomingHttpHeaders; body: Uint8Array },
  { token, username, password, secret }: Credentials,
  now: number,
): true | string {
  if (token !== undefined && hasBearer(headers, token)) return true;
  if (username !== undefined && password !== undefined && hasBasic(headers, `${username}:${password}`))
    return true;
  if (secret !== undefined && isSigned(headers, body, secret)) {
    const timestamp = headers[TIMESTAMP];
    const off = timestamp === undefined ? 0 : Math.abs(now / 1000 - Number(timestamp));
    if (off <= WINDOW) return true;
    return `the signature’s timestamp must be within ${WINDOW} s of this machine’s clock, is ${Math.round(off)} s off`;
  }
  return 'the request must carry a bearer token (agent.http.token), basic authentication (agent.hooks.username and password) or an HMAC signature (agent.hooks.secret) that is right';
}

export function hasBearer(headers: IncomingHttpHeaders, token: string): boolean {
  return same(bytesOf(headers.authorization), Buffer.from(`Bearer ${token}`));
}

function hasBasic({ authorization }: IncomingHttpHeaders, pair: string): boolean {
  const [, encoded] = /^Basic +(\S+)$/i.exec(authorization ?? '') ?? [];
  return encoded !== undefined && same(Buffer.from(encoded, 'base64'), Buffer.from(pair));
}

function isSigned(headers: IncomingHttpHeaders, body: Uint8Array, secret: string): boolean {
  const timestamp = headers[TIMESTAMP];
  const hmac = createHmac('sha256', secret);
  if (timestamp !== undefined) hmac.update(`${String(timestamp)}:`);
  return same(Buffer.from(String(headers[SIGNATURE]), 'hex'), hmac.update(body).digest());
}

/** Takes as long whatever is given, and however long that is. */
function same(given: Uint8Array, wanted: Uint8Array): boolean {
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Node reads a header as Latin-1, whatever its bytes mean. */
function bytesOf(header: string | undefined): Buffer {
  return Buffer.from(header ?? '', 'latin1');
}

/**
 * Whether a browser sends this for a page of another site. Browsers let any page in the world try
 * 127.0.0.1, and name the page’s origin; other programs name none.
 */
export function isForeignPage({ origin, host }: IncomingHttpHeaders): boolean {
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase();
}

/**
 * Whether the request calls this machine by its own name. Under any other, a page may have been led here:
 * its site’s name was resolved to 127.0.0.1 after it was loaded (DNS rebinding).
 */
export function isForThisMachine({ host }: IncomingHttpHeaders): boolean {
  const url = `http://${host}`;
  return host !== undefined && URL.canParse(url) && isLoopback(new URL(url).hostname);
}
