/** Tells a Discord of one incident, and kills itself the moment it knows that the message was taken. */
import { createMessenger } from '../../../agent/notify/messenger.ts';
import { systemTime } from '../../../shared/time.ts';
import { silentLog } from '../../support/system.ts';
import { testIncident } from './support.ts';

const [path = '', url = ''] = process.argv.slice(2);
const messenger = createMessenger(
  { services: [{ kind: 'discord', url: `${url}/api/webhooks/1/s3cr3t` }] },
  { path, zone: 'UTC', time: systemTime, log: silentLog },
);
messenger.tell(testIncident());
void messenger.run(new AbortController().signal);
setInterval(() => {
  if (messenger.status()[0]?.sent === 1) process.kill(process.pid, 'SIGKILL');
}, 1);
