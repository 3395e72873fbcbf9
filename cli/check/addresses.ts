/** The addresses that the agent listens on: free, or its own already. */
import { createServer } from 'node:net';
import { reason } from '../../shared/errors.ts';
import type { Settings } from '../../shared/settings/schema.ts';
import type { Finding } from './finding.ts';

/** ms for an agent of this machine to answer. */
const PATIENCE = 3000;

interface Address {
  host: string;
  port: number;
}

/** What an agent that runs already says of itself; undefined where nobody, or somebody else, answers. */
type Readiness = { status: string; checks: Record<string, true | string> } | undefined;

/** @returns the findings of the HTTP port and of the embedded broker’s, where there is one. */
export async function checkAddresses({ agent, broker, mqtt }: Settings): Promise<Finding[]> {
  const { http } = agent;
  const readiness = await readinessOf(http);
  const own = [await checkAddress('HTTP port', 'agent.http.port', http, readiness)];
  if (mqtt.url !== 'embedded') return own;
  return [...own, await checkAddress('broker', 'broker.port', broker, readiness)];
}

async function checkAddress(
  name: string,
  setting: string,
  { host, port }: Address,
  readiness: Readiness,
): Promise<Finding> {
  const at = `${host}:${port}`;
  if (port === 0) return { name, result: 'ok', sentence: `${host}, any free port` };
  const trouble = await whyTaken({ host, port });
  if (trouble === undefined) return { name, result: 'ok', sentence: `${at} is free` };
  if (trouble.code !== 'EADDRINUSE')
    return {
      name,
      result: 'fail',
      sentence: `${at}: ${reason(trouble)}`,
      advice: `choose another with ${setting}`,
    };
  if (readiness === undefined)
    return {
      name,
      result: 'fail',
      sentence: `another program listens at ${at}`,
      advice: `end it (\`ss -ltnp\` names it), or choose another with ${setting}`,
    };
  const unwell = Object.values(readiness.checks).filter((check) => check !== true);
  return unwell.length === 0
    ? { name, result: 'ok', sentence: `the running agent listens at ${at}` }
    : { name, result: 'warn', sentence: `the running agent listens at ${at}, but: ${unwell.join('; ')}` };
}

/** Takes the address for a moment. */
async function whyTaken({ host, port }: Address): Promise<NodeJS.ErrnoException | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ host, port, exclusive: true }, resolve);
    });
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

async function readinessOf({ host, port }: Address): Promise<Readiness> {
  if (port === 0) return undefined;
  const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host;
  try {
    const response = await fetch(`http://${near}:${port}/readyz`, { signal: AbortSignal.timeout(PATIENCE) });
    const said = (await response.json()) as NonNullable<Readiness>;
    return typeof said.checks === 'object' ? said : undefined;
  } catch {
    return undefined;
  }
}
