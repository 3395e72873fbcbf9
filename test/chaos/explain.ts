import type { Problem, Result, Truth } from './compare.ts';
import { describe, type Fault } from './schedule.ts';

const MOST = 30;
/** Faults that were on this long before a problem's line, and those that began this long after it, are told; ms. */
const BEFORE_MS = 3000;
const AFTER_MS = 1000;

/** What is wrong, when its line was sent, and what was done around that time; one line for each row of lines. */
export function explain(
  { problems }: Result,
  faults: readonly Fault[],
  lines: readonly Truth[],
  startedAt: number,
): string[] {
  const rows = inRows(problems);
  const told = rows.slice(0, MOST).map((row) => {
    const [{ kind, where, line, details }] = row;
    const last = row.at(-1)?.line ?? line;
    const what = `${kind} in the ${where}: line ${line}${last > line ? ` to ${last}` : ''}`;
    // Lines are numbered from 1.
    const sentAt = lines[line - 1]?.sentAt;
    if (sentAt === undefined) return `${what}: ${details}`;
    const at = sentAt - startedAt;
    const around = faults.filter((fault) => {
      const lasts = 'durationMs' in fault ? fault.durationMs : 0;
      return fault.atMs < at + AFTER_MS && fault.atMs + lasts > at - BEFORE_MS;
    });
    const did = around.map((fault) => `${(fault.atMs / 1000).toFixed(3)} s ${describe(fault)}`).join(', ');
    return `${what}, sent at ${(at / 1000).toFixed(3)} s: ${details} (${did || 'no fault near'})`;
  });
  const untold = rows.length - told.length;
  return untold > 0 ? [...told, `and ${untold} more`] : told;
}

type Row = [Problem, ...Problem[]];

/** Problems of one kind whose lines follow each other. */
function inRows(problems: readonly Problem[]): Row[] {
  const rows: Row[] = [];
  for (const problem of problems) {
    const row = rows.at(-1);
    const last = row?.at(-1);
    if (last && last.kind === problem.kind && last.where === problem.where && problem.line === last.line + 1)
      row?.push(problem);
    else rows.push([problem]);
  }
  return rows;
}
