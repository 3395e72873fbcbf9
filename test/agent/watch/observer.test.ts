import test from 'ava';
import { Observer } from '../../../agent/watch/observer.ts';

/** An observer that sees, and whose clock the test moves. */
function seeing() {
  const observer = new Observer();
  let now = 0;
  let canary = 0;
  const send = () => observer.sent(++canary, now);
  const look = () => observer.look(now);
  observer.connected();
  send();
  observer.returned(canary, now);
  look();
  return {
    observer,
    send,
    look,
    get canary() {
      return canary;
    },
    /** Time in which we look as often as we should. */
    pass(ms: number) {
      for (let left = ms; left > 0; left -= 100) {
        now += Math.min(left, 100);
        look();
      }
      return look();
    },
    /** Time in which we do nothing. */
    sleep(ms: number) {
      now += ms;
    },
    returned: (number: number) => observer.returned(number, now),
    engineAnswered: (ms: number) => observer.engineAnswered(ms, now),
  };
}

test('it cannot see before its own message has come back, in every session', (t) => {
  const observer = new Observer();
  t.is(observer.look(0).blindness, 'not connected to the broker yet');
  observer.connected();
  t.is(observer.look(0).blindness, 'waiting for the broker to deliver our own message');
  observer.sent(1, 0);
  t.not(observer.look(0).blindness, undefined);
  observer.returned(1, 5);
  t.is(observer.look(5).blindness, undefined);
  observer.disconnected();
  t.is(observer.look(6).blindness, 'no session with the broker');
  observer.connected();
  observer.returned(1, 7);
  t.not(observer.look(7).blindness, undefined, 'what was sent in the last session does not count');
});

test('a canary that is away for more than a second means blindness, until one comes back', (t) => {
  const self = seeing();
  self.send();
  const lost = self.canary;
  t.is(self.pass(1000).blindness, undefined);
  t.is(self.pass(100).blindness, 'the broker does not deliver our own messages');
  self.send();
  self.returned(lost);
  t.is(self.look().blindness, undefined);
  self.returned(self.canary);
  self.returned(lost);
  t.is(self.pass(5000).blindness, undefined);
});

test('who looks too late has stood still, and neither canaries nor strain are held against it', (t) => {
  const self = seeing();
  self.send();
  self.sleep(3_600_000);
  t.deepEqual(self.look(), { blindness: undefined, stoodStill: 3_600_000, strain: 0 });
  t.is(self.look().stoodStill, 0, 'once');
  t.is(self.pass(900).blindness, undefined);
  t.not(self.pass(300).blindness, undefined, 'but now it is away for longer than it may be');
});

test('slowness of our timers, of canaries and of the engine is remembered for ten seconds', (t) => {
  const self = seeing();
  t.is(self.pass(20_000).strain, 100, 'the time between two looks');
  self.sleep(800);
  t.is(self.look().strain, 800);
  t.is(self.pass(9900).strain, 800);
  t.is(self.pass(200).strain, 100);
  self.send();
  t.is(self.pass(400).strain, 400, 'while it is away');
  self.returned(self.canary);
  t.is(self.pass(5000).strain, 400);
  self.engineAnswered(700);
  t.is(self.pass(100).strain, 700);
  self.engineAnswered(3);
  t.is(self.pass(100).strain, 700);
});
