import { madeSecret, pageTokenFile } from '../../shared/made-secret.ts';
import { isLoopback } from '../../shared/settings/rules.ts';
import type { Settings } from '../../shared/settings/schema.ts';

/**
 * The bearer token that who comes by HTTP must have: the one of the settings; or, where others than this
 * machine can come, one that is made at the first start, in the file `page` beside the broker's passwords.
 *
 * @returns `made` for that one, which nobody knows but who can read the file. @throws GiveUpError
 */
export async function tokenOf({
  agent: { http },
  broker: { credentials },
}: Settings): Promise<{ token?: string | undefined; made: boolean }> {
  if (http.token !== undefined || isLoopback(http.host) || credentials === undefined)
    return { token: http.token, made: false };
  return { token: await madeSecret(pageTokenFile(credentials), 'the token of the page'), made: true };
}
