import { GiveUpError } from '../shared/errors.ts';
import { COMMANDS, type CommandInfo, GROUPS } from './commands.ts';
import { nearest } from './nearest.ts';
import type { Screen } from './screen.ts';

type Paint = Screen['paint'];

/** What every command may end with, and what 0 and 1 mean where a command does not say more. */
const EXITS: [ended: string, failed: string] = ['ended as asked', 'could not'];
const MOMENT =
  'A MOMENT is 2026-11-01, 2026-11-01T14:30 (both local), 2026-11-01T13:30Z, or 7d: that long ago.';

/** `wattdog hold <watch> <duration>` */
export function usage(command: string, words: readonly string[] = []): string {
  const shown = words.map((word) => (word.endsWith('?') ? `[${word.slice(0, -1)}]` : `<${word}>`));
  return ['wattdog', command, ...shown].join(' ');
}

/** The command of that name. @throws GiveUpError with exit code 2, and the one that was probably meant. */
export function findCommand(name: string): CommandInfo {
  const info = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (info !== undefined) return info;
  const close = nearest(name, Object.keys(COMMANDS));
  const hint = close === undefined ? '' : `; did you mean ${close}?`;
  throw new GiveUpError(
    `running wattdog: the command must be one that \`wattdog help\` lists, got ${name}${hint}`,
    2,
  );
}

/** @param topic a command, `settings`, or nothing for all of it. @throws GiveUpError for anything else. */
export async function help(topic: string, paint: Paint): Promise<string> {
  if (topic === '') return overview(paint);
  if (topic === 'settings') return await settings(paint);
  return explain(topic, findCommand(topic), paint);
}

function overview(paint: Paint): string {
  const groups = Object.entries(GROUPS).map(([group, title]) => {
    const commands = Object.entries(COMMANDS).filter(([, info]) => info.group === group);
    return section(
      title,
      commands.map(([name, { about }]) => [name, about]),
      paint,
    );
  });
  return join([
    'Reads your electricity meter, publishes it, stores it, and brings back whatever froze.',
    `${paint('bold', 'usage:')} wattdog COMMAND [options] [--setting value]…`,
    ...groups,
    section(
      'Begin with',
      [
        ['wattdog up', 'a simulated panel, and the address of its page'],
        ['wattdog ports', 'which serial devices there are'],
        ['wattdog sniff --port PATH', 'what one of them sends, and the command that reads it'],
      ],
      paint,
    ),
    'wattdog help COMMAND explains one, with examples; wattdog help settings lists every setting; --version.',
    exitCodes(EXITS),
  ]);
}

function explain(name: string, info: CommandInfo, paint: Paint): string {
  const { about, words, detail, examples = [], options = {}, exits = EXITS } = info;
  return join([
    `${paint('bold', `wattdog ${name}`)}: ${about}`,
    `${paint('bold', 'usage:')} ${usage(name, words)}${Object.keys(options).length > 0 ? ' [options]' : ''}`,
    ...(detail === undefined ? [] : [detail]),
    ...(Object.keys(options).length === 0
      ? []
      : [
          section(
            'Options',
            Object.entries(options).map(([option, text]) => [`--${option}`, text]),
            paint,
          ),
        ]),
    ...('from MOMENT' in options ? [MOMENT] : []),
    section(
      'Examples',
      examples.map(([command, does]) => [`$ ${command}`, does]),
      paint,
    ),
    'Every setting is an option too, such as --data FOLDER or --meter.port PATH: see wattdog help settings.',
    exitCodes(exits),
  ]);
}

async function settings(paint: Paint): Promise<string> {
  const { listKeys } = await import('../shared/settings/keys.ts');
  return join([
    'Every setting is a flag, a variable, and a key of wattdog.yaml; the flag wins, then the variable:',
    '  --meter.port /dev/ttyACM0   WATTDOG_METER_PORT=/dev/ttyACM0   meter: { port: /dev/ttyACM0 }',
    'Short: --port --decoder --baud --name (of the meter). --config FILE names another wattdog.yaml.\nA secret can be read from a file: WATTDOG_MQTT_PASSWORD_FILE=/run/secrets/mqtt.\nwattdog check prints what was understood, or everything that is wrong at once.',
    listKeys()
      .map(
        ({ key, fallback, text }) =>
          `  ${paint('bold', `--${key}`)}${fallback && ` (${fallback})`}\n      ${text}`,
      )
      .join('\n'),
  ]);
}

/** Lines of a name and what it does; long names have it below. */
function section(title: string, lines: readonly (readonly [string, string])[], paint: Paint): string {
  const width = Math.max(0, ...lines.map(([name]) => name.length).filter((length) => length <= 28));
  const body = lines.map(([name, text]) =>
    name.length > width && text !== ''
      ? `  ${name}\n      ${text}`
      : `  ${name.padEnd(width)}  ${text}`.trimEnd(),
  );
  return [paint('bold', title), ...body].join('\n');
}

function exitCodes([ended, failed]: [string, string]): string {
  return `Exit codes: 0 ${ended}, 1 ${failed}, 2 wrong command line, 78 wrong settings.`;
}

function join(blocks: readonly string[]): string {
  return `${blocks.join('\n\n')}\n`;
}
