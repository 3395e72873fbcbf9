import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import * as z from 'zod';
import { readLabels } from '../../agent/heal/labels.ts';
import { findKey } from '../../shared/settings/keys.ts';
import { loadSettings } from '../../shared/settings/load.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { meterTopics } from '../../shared/wire.ts';
import { type Config, dockerCreate, readTemplate, readXml, type Template } from './template.ts';

const REPOSITORY = 'https://raw.githubusercontent.com/wattdog/wattdog/main/';
/** What Community Applications shows, and what Unraid makes a container of. */
const FIELDS = [
  ...['Name', 'Repository', 'Registry', 'Network', 'Shell', 'Privileged', 'Support', 'Project', 'Overview'],
  ...['Category', 'WebUI', 'TemplateURL', 'Icon', 'ExtraParams', 'PostArgs'],
];
const ATTRIBUTES = [
  'Name',
  'Target',
  'Default',
  'Mode',
  'Description',
  'Type',
  'Display',
  'Required',
  'Mask',
];
/** Each type's modes. */
const MODES: Record<string, string[]> = {
  Path: ['rw', 'ro'],
  Port: ['tcp', 'udp'],
  Variable: [''],
  Label: [''],
  Device: [''],
};
/** Settings that hold secrets among other things. */
const SECRETIVE = ['WATTDOG_AGENT_NOTIFY_SERVICES'];

const paths = globSync('templates/*.xml').sort();
const agent = readTemplate('templates/wattdog-agent.xml');
const meter = readTemplate('templates/wattdog-meter.xml');
const dockerfile = readFileSync('Dockerfile', 'utf8');
const compose = parse(readFileSync('compose.yaml', 'utf8'), { merge: true });
const defaults = loadSettings({ environment: {}, readFile: () => '' });

const ofType = ({ configs }: Template, type: string) => configs.filter(({ Type }) => Type === type);
const at = ({ configs }: Template, target: string) => configs.find(({ Target }) => Target === target)?.value;
const environmentOf = (template: Template) =>
  Object.fromEntries(ofType(template, 'Variable').map(({ Target, value }) => [Target, value]));
const settingsOf = (template: Template) =>
  loadSettings({ environment: environmentOf(template), readFile: () => 'password' });
const inDockerfile = (name: string) => new RegExp(`^ENV.*\\b${name}=(\\S+)`, 'm').exec(dockerfile)?.[1];

test('there are two templates', (t) => {
  t.deepEqual(paths, ['templates/wattdog-agent.xml', 'templates/wattdog-meter.xml']);
});

for (const path of paths) {
  const template = readTemplate(path);
  const { fields, configs } = template;

  test(`${path}: every field of Community Applications is there once, and no other`, (t) => {
    t.is(template.version, '2');
    t.deepEqual(Object.keys(fields).sort(), [...FIELDS].sort());
    for (const name of FIELDS) t.regex(String(fields[name]), /\S/, name);
    t.is(fields.Category, 'HomeAutomation: Tools:');
    t.is(fields.Network, 'bridge');
    t.is(fields.Privileged, 'false');
    t.is(fields.TemplateURL, `${REPOSITORY}${path}`);
    t.is(path, `templates/${fields.Name}.xml`);
    for (const name of ['Registry', 'Support', 'Project', 'TemplateURL', 'Icon'])
      t.regex(fields[name] ?? '', /^https:\/\/\S+$/, name);
    t.notRegex(fields.ExtraParams ?? '', /["'\\$`]/, 'it is split at its spaces');
    for (const text of [...Object.values(fields), ...configs.flatMap((config) => Object.values(config))])
      t.notRegex(text, /[<>]/, 'Unraid takes tags out');
  });

  test(`${path}: every field of the form is one that Unraid knows`, (t) => {
    for (const config of configs) {
      const { value, ...attributes } = config;
      t.deepEqual(Object.keys(attributes).sort(), [...ATTRIBUTES].sort(), config.Name);
      t.true(MODES[config.Type]?.includes(config.Mode), `${config.Name}: ${config.Type} ${config.Mode}`);
      t.true(['always', 'advanced'].includes(config.Display), config.Name);
      t.true(
        ['true', 'false'].includes(config.Required) && ['true', 'false'].includes(config.Mask),
        config.Name,
      );
      t.true(config.Name !== '' && config.Description !== '');
      t.true(config.Default.split('|').includes(value), `${config.Name} begins with its default`);
      t.true(config.Type === 'Device' || config.Target !== '', config.Name);
    }
    for (const key of ['Name', 'Target'] as const) {
      const all = configs.map((config) => config[key]);
      t.is(new Set(all).size, all.length, `each ${key} once`);
    }
  });

  test(`${path}: its variables are settings or the image’s own, and make whole settings`, (t) => {
    for (const { Target, value, Mask } of ofType(template, 'Variable')) {
      const name = /^WATTDOG_(.*)$/.exec(Target)?.[1];
      if (name === undefined) t.is(inDockerfile(Target), value, `${Target} in the Dockerfile`);
      else {
        const key = findKey(name) ?? findKey(name.replace(/_FILE$/, ''));
        t.truthy(key, `${Target} is a setting`);
        t.is(
          Mask,
          String(key?.secret === true || SECRETIVE.includes(Target)),
          `${Target}: secrets are masked`,
        );
      }
    }
    for (const name of ['PUID', 'PGID', 'UMASK']) t.truthy(at(template, name), name);
    t.is(at(template, 'TZ'), undefined, 'Unraid gives its own');
    t.notThrows(() => settingsOf(template));
  });

  test(`${path}: its state is in appdata, and outlives the container`, (t) => {
    t.is(inDockerfile('WATTDOG_DATA'), '/data');
    t.is(at(template, '/data'), `/mnt/user/appdata/${fields.Name}`);
  });

  test(`${path}: it may do what compose.yaml lets it, runs the same and looks the same`, (t) => {
    const service = compose.services[path.includes('agent') ? 'agent' : 'meter'];
    const given = dockerCreate(template, { name: 'Tower', timeZone: 'UTC' });
    const option = (name: string) =>
      given.filter((arg) => arg.startsWith(`--${name}=`)).map((arg) => arg.slice(name.length + 3));
    t.deepEqual(option('cap-drop'), service.cap_drop);
    t.deepEqual(option('cap-add'), service.cap_add);
    t.deepEqual(option('security-opt'), service.security_opt);
    t.deepEqual(option('tmpfs'), service.tmpfs);
    t.deepEqual(option('restart'), [service.restart]);
    t.is(given.includes('--read-only'), service.read_only);
    t.deepEqual(given.slice(-1), service.command);
    t.is(fields.Icon, service.labels['net.unraid.docker.icon']);
    t.is(fields.Shell, service.labels['net.unraid.docker.shell']);
    t.is(fields.WebUI, compose.services.agent.labels['net.unraid.docker.webui']);
  });
}

test('the agent’s ports are the settings’, exposed by the image and published by compose.yaml', (t) => {
  const { broker, http } = { broker: defaults.broker, http: defaults.agent.http };
  const ports = ofType(agent, 'Port').map(({ Target }) => Number(Target));
  t.deepEqual(ports.toSorted(), [broker.port, http.port].toSorted());
  const exposed = /^EXPOSE (.*)$/m.exec(dockerfile)?.[1]?.split(' ').map(Number);
  t.deepEqual(exposed?.toSorted(), ports.toSorted());
  const published = compose.services.agent.ports.map((port: string) => Number(port.split(':').at(-1)));
  t.deepEqual(published.toSorted(), ports.toSorted());
  for (const { Target, value } of ofType(agent, 'Port')) t.is(value, Target, 'nothing to know by heart');
  t.is(agent.fields.WebUI, `http://[IP]:[PORT:${http.port}]/`);
});

test('both templates together: the meter finds the agent’s broker, its password and its watch', (t) => {
  const [ours, theirs] = [settingsOf(agent), settingsOf(meter)];
  t.is(ours.broker.host, '0.0.0.0');
  t.is(ours.agent.http.host, '0.0.0.0');
  t.is(theirs.mqtt.url, `mqtt://host.docker.internal:${at(agent, '1883')}`);
  t.regex(meter.fields.ExtraParams ?? '', /--add-host=host\.docker\.internal:host-gateway/);
  t.is(theirs.mqtt.username, 'meter');

  const made = join('/', at(agent, 'WATTDOG_BROKER_CREDENTIALS') ?? '');
  t.true(made.startsWith('/data/'), 'in appdata');
  t.is(at(meter, '/credentials'), made.replace('/data', at(agent, '/data') ?? ''));
  t.is(meter.configs.find(({ Target }) => Target === '/credentials')?.Mode, 'ro');
  t.is(at(meter, 'WATTDOG_MQTT_PASSWORD_FILE'), '/credentials/meter');

  t.is(ours.meter.name, theirs.meter.name);
  const labels = Object.fromEntries(ofType(meter, 'Label').map(({ Target, value }) => [Target, value]));
  const read = readLabels({ name: 'wattdog-meter', labels });
  t.true(read !== undefined && 'watch' in read);
  if (read && 'watch' in read) {
    t.is(read.watch.name, theirs.meter.name);
    t.deepEqual(read.watch.topics, [meterTopics(theirs.meter.name).reading]);
  }
  t.is(at(agent, '/var/run/docker.sock'), defaults.agent.docker.socket);
});

test('the meter’s device is one by its stable name, under the name that the meter reads', (t) => {
  const [device, ...more] = ofType(meter, 'Device') as [Config, ...Config[]];
  t.deepEqual(more, []);
  const [host = '', container, ...rest] = device.value.split(':');
  t.deepEqual(rest, []);
  t.regex(host, /^\/dev\/serial\/by-id\/usb-/);
  t.is(container, settingsOf(meter).meter.port);
  t.is(device.Required, 'true');
});

test('the form offers the formats there are', (t) => {
  const decoder = meter.configs.find(({ Target }) => Target === 'WATTDOG_METER_DECODER');
  const schema = z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' });
  const at = schema.properties?.meter as { properties: { decoder: { enum: string[] } } };
  t.deepEqual(decoder?.Default.split('|').toSorted(), at.properties.decoder.enum.toSorted());
});

test('the icon is a PNG of 256 × 256 in the place it is looked for', (t) => {
  t.is(agent.fields.Icon, `${REPOSITORY}templates/icon.png`);
  const icon = readFileSync('templates/icon.png');
  t.is(icon.subarray(1, 4).toString(), 'PNG');
  t.deepEqual([icon.readUInt32BE(16), icon.readUInt32BE(20)], [256, 256]);
  t.true(statSync('templates/icon.png').size < 50_000);
});

test('ca_profile.xml has what Community Applications wants', (t) => {
  const profile = readXml('ca_profile.xml', 'CommunityApplications');
  t.deepEqual(Object.keys(profile), ['Profile', 'Icon', 'WebPage', 'Forum']);
  t.regex(String(profile.Profile), /\w/);
  t.is(profile.Icon, agent.fields.Icon);
  t.is(profile.WebPage, agent.fields.Project);
  t.is(profile.Forum, agent.fields.Support);
});

test('every WATTDOG_ variable that compose.yaml sets is a setting', (t) => {
  for (const service of ['agent', 'meter'])
    for (const name of Object.keys(compose.services[service].environment)) {
      const key = /^WATTDOG_(.*?)(_FILE)?$/.exec(name)?.[1];
      if (key === undefined) t.true(['TZ', 'PUID', 'PGID', 'UMASK'].includes(name), name);
      else t.truthy(findKey(key), name);
    }
});
