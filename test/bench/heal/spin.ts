/**
 * node spin.ts PID PORT: makes the event loop of that process spin for ever, by way of its own debugger; to be
 * run in its network namespace (`nsenter --net`). Prints the time (ms since 1970) at which it began.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { spin } from '../../support/inspector.ts';

const [pid = 0, port = 9229] = process.argv.slice(2).map(Number);
await spin(pid, port);
process.stdout.write(`${Date.now()}\n`);
// The request is on its way, and will not be answered.
await sleep(100);
process.exit(0);
