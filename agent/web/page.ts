/** Hands out the page, which `build.ts` has made: files in memory, compressed already. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Only what comes from here, nothing written into the page itself, and nobody may frame it or post from it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  vary: 'accept-encoding',
};

/** `page-A1B2C3D4.js`: another content has another name. */
const IS_HASHED = /-[A-Z0-9]{8}\.\w+$/;

type Coding = 'br' | 'gzip';

interface PageFile {
  type: string;
  cache: string;
  tag: string;
  plain: Buffer;
  compressed: Record<Coding, Buffer>;
}

/** Where the page was built: beside the bundle, or in a clone’s `dist/`. */
export function pageFolder(): string {
  const beside = join(import.meta.dirname, 'page');
  return existsSync(beside) ? beside : join(import.meta.dirname, '../../dist/page');
}

/** Reads the files once: they are small, and a page is either there as a whole or not at all. */
export function addPage(server: FastifyInstance, folder: string): void {
  if (!existsSync(join(folder, 'index.html'))) {
    server.get('/', (_request, reply) =>
      reply.code(503).send({ error: 'the page has not been built: node build.ts page' }),
    );
    return;
  }
  for (const name of readdirSync(folder).filter((name) => TYPES[extname(name)] !== undefined)) {
    const file = readPageFile(folder, name);
    server.get(name === 'index.html' ? '/' : `/${name}`, (request, reply) => {
      const coding = codingOf(request.headers);
      const tag = `"${file.tag}${coding ? `-${coding}` : ''}"`;
      void reply.headers({ ...HEADERS, 'cache-control': file.cache, etag: tag });
      if (request.headers['if-none-match']?.includes(tag)) return reply.code(304).send();
      if (coding) void reply.header('content-encoding', coding);
      return reply.type(file.type).send(coding ? file.compressed[coding] : file.plain);
    });
  }
}

function readPageFile(folder: string, name: string): PageFile {
  const path = join(folder, name);
  const plain = readFileSync(path);
  return {
    type: TYPES[extname(name)] ?? '',
    cache: IS_HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
    tag: createHash('sha256').update(plain).digest('base64url').slice(0, 16),
    plain,
    compressed: { br: readFileSync(`${path}.br`), gzip: readFileSync(`${path}.gz`) },
  };
}

/** What the browser understands best; browsers want Brotli over HTTPS and from this machine only. */
function codingOf({ 'accept-encoding': accepted = '' }: IncomingHttpHeaders): Coding | undefined {
  const codings = String(accepted)
    .split(',')
    .map((part) =>
      part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/),
    )
    .filter(([, quality]) => quality === undefined || !/^q=0(\.0*)?$/.test(quality))
    .map(([coding]) => coding);
  return (['br', 'gzip'] as const).find((coding) => codings.includes(coding));
}
