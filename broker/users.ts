import { GiveUpError } from '../shared/errors.ts';
import type { BrokerUser, Role } from './access.ts';
import { checkHash, verifyPassword } from './passwords.ts';

/** The role of the user with that name and password; undefined when there is none. */
export type FindRole = (
  name: string | undefined,
  password: Uint8Array | undefined,
) => Promise<Role | undefined>;

/** @throws GiveUpError when two users share a name or a password hash cannot be used. */
export function userLookup(users: readonly BrokerUser[]): FindRole {
  const byName = new Map<string, BrokerUser>();
  for (const user of users) {
    if (byName.has(user.name))
      throw new GiveUpError(
        `reading broker.users: each name must be there once (broker.credentials adds meter and reader), got ${user.name} twice`,
        78,
      );
    try {
      checkHash(user.password_hash);
    } catch (error) {
      throw new GiveUpError(`reading broker.users: ${user.name} must have a usable password_hash`, 78, {
        cause: error,
      });
    }
    byName.set(user.name, user);
  }
  const [decoy] = users;

  return async (name = '', password = new Uint8Array()) => {
    const user = byName.get(name);
    // An unknown name costs as much as a wrong password, so that no clock finds out which names exist.
    const hash = (user ?? decoy)?.password_hash;
    const right = hash !== undefined && (await verifyPassword(hash, password));
    return right ? user?.role : undefined;
  };
}
