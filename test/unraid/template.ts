import { readFileSync } from 'node:fs';
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** One field of the form that Unraid shows for a container. */
export interface Config {
  Name: string;
  Target: string;
  Default: string;
  Mode: string;
  Description: string;
  Type: string;
  Display: string;
  Required: string;
  Mask: string;
  /** What the form begins with. */
  value: string;
}

/** A Community Applications template. */
export interface Template {
  version: string;
  /** The text of each element but the Configs. */
  fields: Record<string, string>;
  configs: Config[];
}

/** The element at the root of an XML file, with the texts and attributes in it as they stand. */
export function readXml(path: string, root: string): Record<string, unknown> {
  const text = readFileSync(path, 'utf8');
  const valid = XMLValidator.validate(text);
  if (valid !== true)
    throw new Error(`reading ${path}: must be XML, got ${valid.err.msg} at line ${valid.err.line}`);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    textNodeName: 'value',
    parseTagValue: false,
    ignoreDeclaration: true,
    isArray: (name) => name === 'Config',
  });
  const { [root]: element, ...others } = parser.parse(text);
  if (element === undefined || Object.keys(others).length > 0)
    throw new Error(
      `reading ${path}: must have the one root ${root}, got ${Object.keys(parser.parse(text))}`,
    );
  return element;
}

export function readTemplate(path: string): Template {
  const { version, Config: configs, ...fields } = readXml(path, 'Container');
  return {
    version: String(version),
    fields: fields as Record<string, string>,
    configs: (configs as Config[]).map((config) => ({ ...config, value: config.value ?? '' })),
  };
}

/** What Unraid itself puts into a container. */
export interface Server {
  name: string;
  timeZone: string;
}

/**
 * The arguments of `docker` by which Unraid makes a container of a template whose form is filled in: its
 * `xmlToCommand`, for a network that is a bridge.
 *
 * @param filled what the user wrote into the form, by the Name of the field.
 */
export function dockerCreate(
  { fields, configs }: Template,
  { name: host, timeZone }: Server,
  filled: Record<string, string> = {},
): string[] {
  const {
    Name = '',
    Network = '',
    WebUI = '',
    Icon = '',
    ExtraParams = '',
    Repository = '',
    PostArgs = '',
  } = fields;
  const variables = [
    `TZ=${timeZone}`,
    'HOST_OS=Unraid',
    `HOST_HOSTNAME=${host}`,
    `HOST_CONTAINERNAME=${Name}`,
  ];
  const labels = [
    'net.unraid.docker.managed=dockerman',
    `net.unraid.docker.webui=${WebUI}`,
    `net.unraid.docker.icon=${Icon}`,
  ];
  const [ports, volumes, devices]: [string[], string[], string[]] = [[], [], []];
  for (const config of configs) {
    const { Target, Default, Mode } = config;
    const value = (filled[config.Name] ?? config.value) || Default;
    if (config.Type !== 'Device' && Target === '') continue;
    // A path without a value is left out; a variable without one is there, and empty.
    if (config.Type === 'Path' && value.trim() !== '') volumes.push(`${value}:${Target}:${Mode}`);
    if (config.Type === 'Port') ports.push(`${value}:${Target}/${Mode}`);
    if (config.Type === 'Variable') variables.push(`${Target}=${value}`);
    if (config.Type === 'Label') labels.push(`${Target}=${value}`);
    if (config.Type === 'Device') devices.push(value);
  }
  return [
    ...['create', `--name=${Name}`, `--net=${Network}`, '--pids-limit', '2048'],
    ...variables.flatMap((variable) => ['-e', variable]),
    ...labels.flatMap((label) => ['-l', label]),
    ...ports.flatMap((port) => ['-p', port]),
    ...volumes.flatMap((volume) => ['-v', volume]),
    ...devices.map((device) => `--device=${device}`),
    ...words(ExtraParams),
    Repository,
    ...words(PostArgs),
  ];
}

/** As a shell splits what has no quotes. */
const words = (text: string) => text.split(/\s+/).filter(Boolean);
