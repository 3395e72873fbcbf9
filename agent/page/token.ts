import { forget, keep, kept } from './storage.ts';

/** Where the browser keeps the token; it is sent in a header, never as a cookie. */
const NAME = 'wattdog-token';

/** The token of the address `#token=…`, which then leaves the address bar; else the one that is kept. */
export function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null || given === '') return kept(NAME);
  keepToken(given);
  history.replaceState(null, '', location.pathname + location.search);
  return given;
}

export function keepToken(token: string): void {
  keep(NAME, token);
}

export function forgetToken(): void {
  forget(NAME);
}
