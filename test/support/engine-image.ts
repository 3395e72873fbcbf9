import { execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { copyProgram, importFolder, type PrivateEngine } from './engine.ts';
import { findProgram, run } from './programs.ts';

const execute = promisify(execFile);
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/**
 * Gives the engine what the Dockerfile builds from, under the name it has there: this machine's Debian
 * with the running node, npm, and the certificates this machine trusts. Kept for the next run in
 * `WATTDOG_TEST_CACHE`, or a folder under the temporary one.
 */
export async function importDebootstrapBase(
  engine: PrivateEngine,
  name = 'node:24-bookworm-slim',
): Promise<void> {
  const cache = process.env.WATTDOG_TEST_CACHE ?? join(tmpdir(), 'wattdog-test-cache');
  const suite = debianSuite();
  const archive = join(cache, `${suite}-${process.arch}-node-${process.version}.tar`);
  mkdirSync(cache, { recursive: true });
  if (!existsSync(archive)) await makeBase(suite, cache, archive);
  const changes = ['ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', 'CMD ["node"]'];
  if (existsSync(CERTIFICATES)) changes.push(`ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`);
  changes.push(`ENV npm_config_registry=${run('npm', 'config', 'get', 'registry').trim()}`);
  await engine.docker('import', ...changes.flatMap((change) => ['--change', change]), archive, name);
}

/** `docker build` of the real Dockerfile, on what git would commit of the working tree and nothing else. */
export async function buildImage(engine: PrivateEngine, tag: string): Promise<void> {
  const context = mkdtempSync(join(engine.folder, 'context-'));
  const listed = await execute('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  for (const path of listed.stdout.split('\0').filter((path) => path !== '' && existsSync(path))) {
    mkdirSync(dirname(join(context, path)), { recursive: true });
    copyFileSync(path, join(context, path));
  }
  try {
    await engine.docker('build', '--network', 'host', '--tag', tag, context);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** Debian's VictoriaMetrics as the image `victoriametrics/victoria-metrics:<tag>`, with a shell and wget. */
export async function importVictoriaMetrics(engine: PrivateEngine, tag: string): Promise<void> {
  const root = mkdtempSync(join(engine.folder, 'victoria-'));
  copyProgram(findProgram('victoria-metrics') ?? 'victoria-metrics', root, '/victoria-metrics-prod');
  copyProgram('/bin/sh', root, '/bin/sh');
  const wget = findProgram('wget');
  if (wget !== undefined) copyProgram(wget, root, '/usr/bin/wget');
  mkdirSync(join(root, 'tmp'));
  await importFolder(
    engine,
    root,
    `victoriametrics/victoria-metrics:${tag}`,
    ...['ENV PATH=/usr/bin:/bin', 'EXPOSE 8428', 'ENTRYPOINT ["/victoria-metrics-prod"]'],
  );
  rmSync(root, { recursive: true });
}

async function makeBase(suite: string, cache: string, archive: string): Promise<void> {
  const folder = mkdtempSync(join(cache, 'making-'));
  const root = join(folder, 'root');
  try {
    const include = '--include=ca-certificates';
    await execute(
      findProgram('debootstrap') ?? 'debootstrap',
      ['--variant=minbase', include, suite, root, debianMirror(suite)],
      { maxBuffer: 64 << 20, env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } },
    );
    rmSync(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
    copyFileSync(process.execPath, join(root, 'usr/local/bin/node'));
    const npm = dirname(dirname(realpathSync(findProgram('npm') ?? 'npm')));
    cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
    for (const name of ['npm', 'npx'])
      symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name));
    if (existsSync(CERTIFICATES)) copyFileSync(CERTIFICATES, join(root, CERTIFICATES));
    // Renamed when whole, so that a run beside this one never sees half of it.
    const making = join(folder, 'base.tar');
    await execute('tar', ['--create', '--file', making, '--one-file-system', '--directory', root, '.']);
    renameSync(making, archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function debianSuite(): string {
  return /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm';
}

/** Where this machine itself gets the suite from, by either format of apt's sources. */
function debianMirror(suite: string): string {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder) : []).map((name) => join(folder, name)),
  ];
  for (const file of files.filter((path) => existsSync(path))) {
    const text = readFileSync(file, 'utf8');
    for (const [, uri = '', suites = ''] of text.matchAll(/^deb\s+(?:\[.*?\]\s+)?(\S+)\s+(\S+)/gm))
      if (suites === suite) return uri;
    for (const stanza of text.split(/\n\s*\n/)) {
      const [, uri] = /^URIs:\s*(\S+)/m.exec(stanza) ?? [];
      const [, suites = ''] = /^Suites:\s*(.+)$/m.exec(stanza) ?? [];
      if (uri !== undefined && suites.split(/\s+/).includes(suite)) return uri;
    }
  }
  throw new Error(`debootstrap needs a mirror: apt’s sources name none for the suite ${suite}`);
}
