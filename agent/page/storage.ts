/** What the browser keeps for us. Storage may be forbidden: then nothing outlasts the page. */

export const CHOSEN_METER = 'wattdog-meter';
/** They are there again next time. */
export const HIDDEN_STEPS = 'wattdog-hides-first-steps';

/** For good. */
export function keep(name: string, value: string): void {
  attempt(() => localStorage.setItem(name, value));
}

export function forget(name: string): void {
  attempt(() => localStorage.removeItem(name));
}

export function kept(name: string): string | undefined {
  return attempt(() => localStorage.getItem(name)) ?? undefined;
}

/** Until the window is closed. */
export function keepForNow(name: string): void {
  attempt(() => sessionStorage.setItem(name, 'yes'));
}

export function isKeptForNow(name: string): boolean {
  return attempt(() => sessionStorage.getItem(name)) === 'yes';
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
