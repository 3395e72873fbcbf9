/** A source file, its path from the top folder with `/`. */
export interface SourceFile {
  path: string;
  text: string;
}

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

const PRODUCT = /^(agent|meter|broker|shared|cli)\//;
const PARTS = ['agent', 'meter', 'broker'];
/** The agent embeds the broker, and reports what it counts. */
const MAY_IMPORT_BROKER = ['agent/embedded.ts', 'agent/status.ts'];
/** It has the version. */
const MANIFEST = 'package.json';
/** The page runs in a browser. */
const PAGE = 'agent/page/';
/** What it uses of the rest besides types: words and formats, which need nothing but the language. */
const PAGE_MAY_IMPORT = [
  'agent/notify/message.ts',
  'agent/notify/words.ts',
  'shared/lines.ts',
  'shared/server-sent-events.ts',
];
const LONGEST = 300;

/** What breaks the rules of the structure, one line each, naming the file and the rule. */
export function checkStructure(files: SourceFile[]): string[] {
  const imports = files.flatMap(importsOf);
  return [
    ...imports.flatMap(checkImport),
    ...imports.flatMap(checkPage),
    ...findCycles(imports),
    ...files.flatMap(checkLength),
    ...files.flatMap(checkBrowser),
  ];
}

function checkImport({ from, to, typeOnly }: Import): string[] {
  const [fromPart = '', toPart = ''] = [from, to].map((path) => path.split('/')[0] ?? '');
  const broken = (rule: string) => [`${from} imports ${to}: ${rule}`];
  if (!PRODUCT.test(from)) return [];
  if (toPart === 'test') return broken('product code must not import test code');
  if (to === MANIFEST) return [];
  if (fromPart === 'shared' && toPart !== 'shared') return broken('shared/ must import nothing but shared/');
  if (PARTS.includes(fromPart) && toPart === 'cli') return broken('only cli/ may import cli/');
  if (/^(agent|meter|broker)\/main\.ts$/.test(to) && fromPart !== 'cli')
    return broken('only cli/ may import a main.ts');
  if (PARTS.includes(fromPart) && PARTS.includes(toPart) && fromPart !== toPart) {
    const allowed = MAY_IMPORT_BROKER.includes(from) && toPart === 'broker';
    if (!allowed) return broken(`${PARTS.join('/, ')}/ must not import each other`);
    if (from === 'agent/status.ts' && !typeOnly) return broken('agent/status.ts may import types only');
  }
  return [];
}

function checkPage({ from, to, typeOnly }: Import): string[] {
  const broken = (rule: string) => [`${from} imports ${to}: ${rule}`];
  if (to.startsWith(PAGE) && PRODUCT.test(from) && !from.startsWith(PAGE))
    return broken('only the page may import the page');
  const isForBrowsers = from.startsWith(PAGE) || PAGE_MAY_IMPORT.includes(from);
  const isAllowed = typeOnly || to.startsWith(PAGE) || PAGE_MAY_IMPORT.includes(to);
  if (isForBrowsers && !isAllowed) return broken('the page may import types only, and words');
  return [];
}

function checkBrowser({ path, text }: SourceFile): string[] {
  const isForBrowsers = path.startsWith(PAGE) || PAGE_MAY_IMPORT.includes(path);
  const [, module] = /\b(?:from|import\(?)\s*['"](node:[^'"]+)['"]/.exec(withoutComments(text)) ?? [];
  return isForBrowsers && module !== undefined ? [`${path} imports ${module}: must run in a browser`] : [];
}

/** Cycles of imports, those of types too: they show that two files are one. */
function findCycles(imports: Import[]): string[] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push(`${[...trail.slice(start), path].join(' imports ')}: must be no cycle`);
    if (start >= 0 || done.has(path)) return;
    for (const { to } of next.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of next.keys()) visit(path, []);
  return cycles;
}

function checkLength({ path, text }: SourceFile): string[] {
  const lines = text.split('\n').length - 1;
  if (!PRODUCT.test(path) || lines <= LONGEST) return [];
  return [`${path}: must be at most ${LONGEST} lines long, has ${lines}`];
}

/** The relative imports of one file: static, re-exported, dynamic. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const code = withoutComments(text);
  const folder = path.split('/').slice(0, -1);
  const found = [
    ...code.matchAll(/\b(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s*|)['"](\.{1,2}\/[^'"]+)['"]/g),
    ...code.matchAll(/\bimport\(()\s*['"`](\.{1,2}\/[^'"`]+)['"`]/g),
  ];
  return found.map(([, type, specifier = '']) => ({
    from: path,
    to: resolve(folder, specifier),
    typeOnly: type !== undefined && type !== '',
  }));
}

function resolve(folder: string[], specifier: string): string {
  const steps = [...folder];
  for (const step of specifier.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '.') steps.push(step);
  }
  return steps.join('/');
}

function withoutComments(text: string): string {
  return text.replace(/^\s*(\/\/.*|\/?\*.*)$/gm, '');
}
