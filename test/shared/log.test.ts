import test from 'ava';
import { createLog } from '../../shared/log.ts';

async function written(format: 'auto' | 'json' | 'pretty', isTTY: boolean): Promise<string> {
  let text = '';
  const log = await createLog(
    { level: 'info', format },
    {
      isTTY,
      write(chunk) {
        text += chunk;
      },
    },
  );
  log.debug('too quiet');
  log.warn({ port: 'x' }, 'hello');
  await new Promise((resolve) => setImmediate(resolve));
  return text;
}

test('one JSON object a line, unless a person reads it', async (t) => {
  for (const text of [await written('auto', false), await written('json', true)]) {
    t.is(text.split('\n').length, 2);
    t.like(JSON.parse(text), { level: 40, msg: 'hello', port: 'x' });
  }
  for (const text of [await written('auto', true), await written('pretty', false)])
    t.regex(text, /^\S*\[?\d\d:\d\d:\d\d.*WARN.*hello.*\n$/);
});
