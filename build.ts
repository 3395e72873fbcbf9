/**
 * Bundles the command line into dist/: start-up time is lost data, and an image without node_modules
 * is small. What is imported lazily stays in a file of its own, so that a meter never loads a broker.
 */
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const out = 'dist';

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

await rm(out, { recursive: true, force: true });
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
