/** The system's Chromium, driven by playwright-core. */
import test, { type ExecutionContext } from 'ava';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findProgram } from './programs.ts';
import { realTest } from './real.ts';
import { type Owner, temporaryFolder } from './system.ts';

/** Serial: one browser at a time is load enough. */
export const chromiumTest = realTest('chromium') === test ? test.serial : test.serial.skip;

/** ms for the browser to start, and for whatever a page is to show. */
const PATIENCE = 60_000;

/** Nothing that is not asked for goes over the network. */
const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
];

/** One browser for a test file: opened by the first call, closed after the file's last test. */
export function sharedBrowser(): () => Promise<Browser> {
  const undo: (() => unknown)[] = [];
  test.after.always('close the browser', async () => {
    for (const act of undo.toReversed()) await act();
  });
  let opening: Promise<Browser> | undefined;
  return () => {
    opening ??= openBrowser({ teardown: (act) => void undo.push(act) });
    return opening;
  };
}

async function openBrowser(t: Owner): Promise<Browser> {
  const home = temporaryFolder(t);
  const browser = await chromium.launch({
    executablePath: findProgram('chromium') ?? 'chromium',
    timeout: PATIENCE,
    args: QUIET,
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home } as Record<
      string,
      string
    >,
  });
  t.teardown(() => browser.close());
  return browser;
}

export interface Visit {
  page: Page;
  /** What the page complained of, and what it asked of anybody but its own server. */
  complaints: string[];
  /** Bytes that came over the wire in answer to each request that was made so far. */
  sizes: { url: string; bytes: Promise<number> }[];
}

/** A visit by somebody new: nothing is kept from the one before. @param script runs before any of the page’s. */
export async function visit(
  t: ExecutionContext,
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  script = '',
): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  t.teardown(() => context.close());
  await context.addInitScript(script);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints: string[] = [];
  const sizes: Visit['sizes'] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`asked for ${request.url()}`);
  });
  page.on('requestfinished', (request) => {
    const bytes = request.sizes().then((size) => size.responseBodySize + size.responseHeadersSize);
    // The page may close before it is known, and nobody may ask for it.
    bytes.catch(() => {});
    sizes.push({ url: request.url(), bytes });
  });
  await page.goto(url);
  return { page, complaints, sizes };
}
