import { existsSync, readFileSync } from 'node:fs';
import { GiveUpError, reason } from '../shared/errors.ts';
import { loadSettings } from '../shared/settings/load.ts';
import type { Settings } from '../shared/settings/schema.ts';
import type { Arguments } from './arguments.ts';

const FILE = 'wattdog.yaml';
const FILE_VARIABLE = 'WATTDOG_CONFIG';

/** The settings of this command line, in this environment and folder. */
export function settingsFor(
  { flags, config }: Arguments,
  { [FILE_VARIABLE]: named, ...environment }: NodeJS.ProcessEnv,
): Settings {
  const name = config ?? named ?? (existsSync(FILE) ? FILE : undefined);
  const socket = dockerSocket(environment);
  return loadSettings({
    file: name === undefined ? undefined : { name, text: read(name) },
    environment: socket === undefined ? environment : { WATTDOG_AGENT_DOCKER_SOCKET: socket, ...environment },
    flags,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
}

function read(name: string): string {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    throw new GiveUpError(
      `reading the settings: the file must be readable, got ${name} (${reason(error)})`,
      78,
    );
  }
}

/** `DOCKER_HOST` names the engine as it does for Docker's own client. */
function dockerSocket({ DOCKER_HOST }: NodeJS.ProcessEnv): string | undefined {
  return DOCKER_HOST?.replace(/^unix:\/\//, '');
}
