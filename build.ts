/**
 * Bundles the command line and the page into dist/: start-up time is lost data, and an image without
 * node_modules is small. What is imported lazily stays in a file of its own, so that a meter never loads a
 * broker. `node build.ts page` makes the page alone, which is all that a clone needs.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { build } from 'esbuild';

const out = 'dist';
const page = join(out, 'page');

/**
 * CommonJS modules inside the bundle need `require` and `__dirname`. The latter is one folder deeper,
 * as it was in their packages: the serial port looks for its native binding in `../prebuilds`.
 */
const banner = `
import { createRequire as createRequireOfBundle } from 'node:module';
const require = createRequireOfBundle(import.meta.url);
const __filename = import.meta.filename;
const __dirname = import.meta.dirname + '/lib';
`;

if (process.argv[2] === 'page') {
  await buildPage();
} else {
  await rm(out, { recursive: true, force: true });
  await Promise.all([buildProgram(), buildPage()]);
}

async function buildProgram(): Promise<void> {
  await build({
    entryPoints: { wattdog: 'cli/main.ts' },
    outdir: out,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    banner: { js: banner },
    // Native code of ssh2 (by way of dockerode), which does without where it is missing.
    external: ['*.node', 'cpu-features'],
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
  });

  const prebuilds = 'node_modules/@serialport/bindings-cpp/prebuilds';
  for (const platform of await readdir(prebuilds)) {
    if (['linux-x64', 'linux-arm64'].includes(platform))
      await cp(join(prebuilds, platform), join(out, 'prebuilds', platform), { recursive: true });
  }
}

/** One page, one script, one style sheet and an icon, each compressed already: the agent only hands them out. */
async function buildPage(): Promise<void> {
  const source = 'agent/page';
  const { outputFiles } = await build({
    entryPoints: { page: join(source, 'main.ts'), style: join(source, 'style/page.css') },
    outdir: page,
    entryNames: '[name]-[hash]',
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]));
  files.set('icon.svg', await readFile(join(source, 'icon.svg')));
  files.set('index.html', Buffer.from(await htmlWith([...files.keys()], join(source, 'index.html'))));
  await rm(page, { recursive: true, force: true });
  await mkdir(page, { recursive: true });
  await Promise.all([...files].map(([name, contents]) => writeCompressed(name, contents)));
}

/** The HTML with the names that the bundler gave, which change with what is in them. */
async function htmlWith(names: string[], path: string): Promise<string> {
  const named = (start: string, end: string) =>
    names.find((name) => name.startsWith(start) && name.endsWith(end)) ?? '';
  const html = await readFile(path, 'utf8');
  return html.replace('page.js', named('page-', '.js')).replace('style.css', named('style-', '.css'));
}

async function writeCompressed(name: string, contents: Uint8Array): Promise<void> {
  await writeFile(join(page, name), contents);
  await writeFile(join(page, `${name}.br`), await promisify(brotliCompress)(contents));
  await writeFile(join(page, `${name}.gz`), await promisify(gzip)(contents, { level: 9 }));
}
