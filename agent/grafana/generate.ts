/** Writes the folder `provisioning` anew; `npm run dashboards` formats it, too. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { provisioned } from './provisioning.ts';

const folder = join(import.meta.dirname, 'provisioning');
rmSync(folder, { recursive: true, force: true });
for (const [path, text] of Object.entries(provisioned())) {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
