/** The health check that both daemons answer. */

import { errorText, type Io, UsageError } from '../../command.ts'

export const healthFlags = {
  shallow: { kind: 'bool', help: 'A less stringent check' },
  verbose: { kind: 'bool', help: 'Say more' },
} as const

/** @throws {UsageError} when the daemon is not serving. */
export async function checkHealth(
  program: 'server' | 'agent',
  verbose: boolean,
  io: Io,
  ask: () => Promise<string>,
): Promise<number> {
  if (verbose) io.out(`Checking ${program} health...\n`)
  let status: string
  try {
    status = await ask()
  } catch (error) {
    if (verbose) io.err(`Failed to check health: ${errorText(error)}\n`)
    throw new UsageError(`${program} is unhealthy: unable to determine health`, { cause: error })
  }
  if (status !== 'SERVING')
    throw new UsageError(`${program} is unhealthy: ${program} returned status "${status}"`)
  io.out(`${program === 'server' ? 'Server' : 'Agent'} is healthy.\n`)
  return 0
}
