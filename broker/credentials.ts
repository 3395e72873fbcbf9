import { join } from 'node:path';
import { madeSecret } from '../shared/made-secret.ts';
import type { BrokerUser } from './access.ts';
import { hashPassword } from './passwords.ts';

const USERS = ['meter', 'reader'] as const;

/**
 * The users `meter` and `reader`, whose passwords stand in the files `<folder>/meter` and
 * `<folder>/reader`, made at the first start.
 * @throws GiveUpError when the folder cannot be written or a file cannot be used.
 */
export function credentialUsers(folder: string): Promise<BrokerUser[]> {
  return Promise.all(
    USERS.map(async (name) => {
      const password = await madeSecret(join(folder, name), `the password of the user ${name}`);
      return { name, role: name, password_hash: await hashPassword(password) };
    }),
  );
}
