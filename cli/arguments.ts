import { GiveUpError } from '../shared/errors.ts';
import { nearest } from './nearest.ts';

/** Short names for the settings people give most. */
const SHORT: Record<string, string> = {
  port: 'meter.port',
  decoder: 'meter.decoder',
  baud: 'meter.baud',
  name: 'meter.name',
};

export interface Arguments {
  /** What is not a flag. */
  words: string[];
  /** Settings by their dotted name. */
  flags: Record<string, string>;
  /** The command's own options by name; a switch that was given is `true`. */
  options: Record<string, string>;
  config?: string;
  help: boolean;
}

/**
 * `--meter.port X`, `--meter.port=X` and the short names, such as `--port X`. Every setting is a flag.
 * @param own options of the command that are no settings: `from MOMENT` takes a value, `json` does not.
 * @throws GiveUpError with exit code 2 for a flag without a value.
 */
export function parseArguments(args: readonly string[], own: readonly string[] = []): Arguments {
  const parsed: Arguments = { words: [], flags: {}, options: {}, help: false };
  const switches = own.filter((option) => !option.includes(' '));
  const valued = own.map((option) => option.split(' ')[0] ?? '');
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--help' || arg === '-h') {
      parsed.help = true;
      continue;
    }
    if (!arg.startsWith('--')) {
      parsed.words.push(arg);
      continue;
    }
    const [, name = '', , inline] = /^--([^=]+)(=(.*))?$/s.exec(arg) ?? [];
    if (switches.includes(name) && inline === undefined) {
      parsed.options[name] = 'true';
      continue;
    }
    const value = inline ?? rest.shift();
    if (value === undefined || (inline === undefined && value.startsWith('--')))
      throw new GiveUpError(
        `reading the command line: --${name} must have a value, got ${value === undefined ? 'nothing' : 'another flag (write --NAME=VALUE for a value that starts with --)'}${meant(name, valued)}`,
        2,
      );
    if (name === 'config') parsed.config = value;
    else if (valued.includes(name)) parsed.options[name] = value;
    else parsed.flags[SHORT[name] ?? name] = value;
  }
  return parsed;
}

/** `; did you mean --json?`, where a name that is none of the command’s options looks like one. */
export function meant(name: string, own: readonly string[]): string {
  const known = [...own, ...Object.keys(SHORT), 'config', 'data', 'help'];
  const close = known.includes(name) ? undefined : nearest(name, known);
  return close === undefined ? '' : `; did you mean --${close}?`;
}
