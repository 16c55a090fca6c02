/**
 * `countersign proxy run` and `countersign proxy validate`: command line, configuration, exit code.
 * What a proxy consists of is in `proxy.ts`.
 */

import { once } from 'node:events'
import type { Clock } from '../runtime/clock.ts'
import { type Daemon, type DaemonIo, runDaemon } from '../runtime/daemon.ts'
import type { FlagSpecs } from '../runtime/flags.ts'
import { Lifetime } from '../runtime/lifetime.ts'
import type { Logger } from '../runtime/log.ts'
import { ProxyAgent } from './agent/proxy-agent.ts'
import { loadProxyConfig, type ProxyConfig, type ProxySettings } from './config.ts'
import { openOwnRecord } from './own-record.ts'
import { startProxy } from './proxy.ts'

const flags = {
  config: { kind: 'string', help: 'Path of the configuration file', default: 'conf/proxy.yaml' },
} as const satisfies FlagSpecs

/** Runs one command to its end and returns its exit code. The signal ends `run`. */
export async function runProxy(
  argv: readonly string[],
  io: DaemonIo,
  signal: AbortSignal,
): Promise<number> {
  return await runDaemon(daemon, argv, io, signal)
}

const daemon: Daemon<typeof flags, ProxyConfig> = {
  name: 'proxy',
  flags,
  load: async ({ values }) => await loadProxyConfig(values.config),
  serve: async ({ settings }, deps, signal) => {
    try {
      await runUntil(settings, deps, signal)
    } catch (error) {
      // What was waited for when the signal came fails; that is the stop that was asked for.
      if (signal.aborted) return
      throw error
    }
  },
  valid: 'The proxy configuration file is valid.',
  invalid: (problem) => `${problem}\n`,
}

/** Serves until the signal is aborted, then lets open exchanges end within the configured time. */
async function runUntil(
  settings: ProxySettings,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  const lifetime = new Lifetime()
  try {
    const agent = lifetime.own(new ProxyAgent(settings.agentProxySocketPath))
    const waiting = new Lifetime()
    const stopWaiting = (): void => {
      void waiting.close()
    }
    signal.addEventListener('abort', stopWaiting, { once: true })
    lifetime.defer(() => waiting.close())
    const deps = { agent, clock, log }
    const journal = await openOwnRecord(settings, deps, waiting)
    signal.removeEventListener('abort', stopWaiting)
    const proxy = await startProxy(settings, { ...deps, journal })
    if (!signal.aborted) await once(signal, 'abort')
    log.info('Stopping: open exchanges may end')
    await proxy.close(AbortSignal.timeout(settings.shutdownGraceMs))
  } finally {
    await lifetime.close()
  }
}
