import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { keepHeartbeat, missedHeartbeat } from '../../shared/heartbeat.ts';
import { temporaryFolder } from '../support/system.ts';
import { virtualTime } from '../support/virtual-time.ts';

test.serial(
  'a beat is missed when it is older than 20 s, and survives whoever tidies the folder',
  async (t) => {
    const folder = temporaryFolder(t);
    process.env.TMPDIR = folder;
    const time = virtualTime();
    const stop = new AbortController();
    t.truthy(missedHeartbeat('broker', time.now()), 'never seen');
    const beating = keepHeartbeat('broker', time, stop.signal);
    await time.advance(60_000);
    t.is(missedHeartbeat('broker', time.now()), undefined);
    t.truthy(missedHeartbeat('meter', time.now()), 'another role');
    rmSync(join(folder, 'wattdog-broker.alive'));
    await time.advance(5000);
    t.is(missedHeartbeat('broker', time.now()), undefined);
    rmSync(join(folder, 'wattdog-broker.alive'));
    mkdirSync(join(folder, 'wattdog-broker.alive'));
    await time.advance(21_000);
    t.truthy(missedHeartbeat('broker', Date.now() + 21_000), 'what cannot be touched is missed');
    rmdirSync(join(folder, 'wattdog-broker.alive'));
    await time.advance(5000);
    t.is(missedHeartbeat('broker', time.now()), undefined, 'and beats again when it can be');
    t.truthy(missedHeartbeat('broker', time.now() + 26_000), 'older than 20 s');
    stop.abort();
    await beating;
    t.truthy(missedHeartbeat('broker', time.now()), 'an orderly end leaves no sign of life');
  },
);
