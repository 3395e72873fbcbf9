import test from 'ava';
import { nearest } from '../../cli/nearest.ts';

const COMMANDS = ['watch', 'watches', 'incidents', 'ports', 'export', 'check', 'up'];

for (const [word, meant] of [
  ['inc', 'incidents'],
  ['prots', 'ports'],
  ['exprot', 'export'],
  ['watchs', 'watch'],
  ['chek', 'check'],
  ['upp', 'up'],
  ['wat', undefined],
  ['frobnicate', undefined],
  ['', undefined],
] as const)
  test(`${word || 'nothing'} probably means ${meant ?? 'none of them'}`, (t) => {
    t.is(nearest(word, COMMANDS), meant);
  });
