import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { fastify } from 'fastify';
import { addPage } from '../../../agent/web/page.ts';
import { temporaryFolder } from '../../support/system.ts';

const SCRIPT = 'page-A1B2C3D4.js';

/** A page of two files; what is said to be Brotli is told apart by its text. */
function serve(t: ExecutionContext) {
  const folder = temporaryFolder(t);
  for (const [name, text] of [
    ['index.html', '<!doctype html>'],
    [SCRIPT, 'script'],
  ] as const) {
    writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, `${name}.br`), `brotli ${text}`);
    writeFileSync(join(folder, `${name}.gz`), gzipSync(text));
  }
  const server = fastify();
  addPage(server, folder);
  t.teardown(() => server.close());
  const get = (url: string, headers: Record<string, string> = {}) =>
    server.inject({ method: 'GET', url, headers });
  return { server, get };
}

test('each browser gets what it understands best', async (t) => {
  const { get } = serve(t);
  for (const [accepts, coding, body] of [
    ['gzip, deflate, br, zstd', 'br', 'brotli script'],
    ['br;q=0, gzip', 'gzip', undefined],
    ['GZIP;q=0.5', 'gzip', undefined],
    ['br;q=0.000, identity', undefined, 'script'],
    ['', undefined, 'script'],
  ] as const) {
    const answer = await get(`/${SCRIPT}`, { 'accept-encoding': accepts });
    t.is(answer.headers['content-encoding'], coding, accepts);
    t.is(answer.headers['content-type'], 'text/javascript; charset=utf-8');
    if (body !== undefined) t.is(answer.body, body);
  }
});

test('what is named by its content is kept for ever, the page is asked for again', async (t) => {
  const { get } = serve(t);
  t.is((await get(`/${SCRIPT}`)).headers['cache-control'], 'public, max-age=31536000, immutable');
  const page = await get('/', { 'accept-encoding': 'br' });
  t.is(page.headers['cache-control'], 'no-cache');
  t.is(page.headers.vary, 'accept-encoding');
  const tag = String(page.headers.etag);
  const again = await get('/', { 'accept-encoding': 'br', 'if-none-match': tag });
  t.is(again.statusCode, 304);
  t.is(again.body, '');
  t.is((await get('/', { 'if-none-match': tag })).statusCode, 200, 'another coding is another thing');
});

test('nothing may be run, framed or sent that is not ours', async (t) => {
  const { headers } = await serve(t).get('/');
  const policy = String(headers['content-security-policy']);
  t.regex(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  t.regex(policy, /frame-ancestors 'none'/);
  t.notRegex(policy, /unsafe/);
  t.is(headers['x-content-type-options'], 'nosniff');
  t.is(headers['referrer-policy'], 'no-referrer');
});

test('HEAD is answered; what is no file of the page is not there', async (t) => {
  const { server, get } = serve(t);
  t.is((await server.inject({ method: 'HEAD', url: '/' })).statusCode, 200);
  for (const url of ['/index.html.br', '/../package.json', '/%2e%2e/package.json', '/other.js'])
    t.is((await get(url)).statusCode, 404, url);
});

test('a page that was not built says how it is', async (t) => {
  const server = fastify();
  addPage(server, temporaryFolder(t));
  t.teardown(() => server.close());
  const answer = await server.inject('/');
  t.is(answer.statusCode, 503);
  t.regex(answer.body, /node build\.ts page/);
});
