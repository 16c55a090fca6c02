/**
 * `countersign proxy run` and `countersign proxy validate`: command line, configuration, exit code.
 * What a proxy consists of is in `proxy.ts`.
 */

import { once } from 'node:events'
import { systemClock } from '../runtime/clock.ts'
import { Failure } from '../runtime/failure.ts'
import { type FlagSpecs, flagUsage, parseFlags } from '../runtime/flags.ts'
import { Lifetime } from '../runtime/lifetime.ts'
import { createLogger, type Logger } from '../runtime/log.ts'
import { ProxyAgent } from './agent/proxy-agent.ts'
import { loadProxyConfig, type ProxyConfig, type ProxySettings } from './config.ts'
import { openOwnRecord } from './own-record.ts'
import { startProxy } from './proxy.ts'

const flags = {
  config: { kind: 'string', help: 'Path of the configuration file', default: 'conf/proxy.yaml' },
} as const satisfies FlagSpecs

/** Where the words go. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** Runs one command to its end and returns its exit code. The signal ends `run`. */
export async function runProxy(
  [command = '', ...argv]: readonly string[],
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  if (command !== 'run' && command !== 'validate') {
    io.err(`expected run or validate, got ${JSON.stringify(command)}\n`)
    return 1
  }
  const parsed = parseFlags(argv, flags)
  if ('helpWanted' in parsed) {
    io.err(`${flagUsage(command, flags)}flag: help requested\n`)
    return 0
  }
  if ('problem' in parsed) {
    io.err(`${parsed.problem}\n${flagUsage(command, flags)}`)
    return 1
  }
  let config: ProxyConfig
  try {
    config = await loadProxyConfig(parsed.values.config)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    io.err(`${error.message}\n`)
    return 1
  }
  if (command === 'run') return await serve(config, io, signal)
  io.out('The proxy configuration file is valid.\n')
  return 0
}

async function serve(config: ProxyConfig, io: Io, signal: AbortSignal): Promise<number> {
  const log = createLogger(config.log)
  try {
    await runUntil(config.settings, log, signal)
    log.info('Proxy stopped')
    return 0
  } catch (error) {
    if (signal.aborted) return 0
    if (!(error instanceof Failure)) throw error
    log.fatal({ reason: error.message, code: error.code }, 'Proxy crashed')
    io.err(`${error.message}\n${error.hint === undefined ? '' : `hint: ${error.hint}\n`}`)
    return 1
  }
}

/** Serves until the signal is aborted, then lets open exchanges end within the configured time. */
async function runUntil(settings: ProxySettings, log: Logger, signal: AbortSignal): Promise<void> {
  const lifetime = new Lifetime()
  try {
    const agent = lifetime.own(new ProxyAgent(settings.agentProxySocketPath))
    const waiting = new Lifetime()
    const stopWaiting = (): void => {
      void waiting.close()
    }
    signal.addEventListener('abort', stopWaiting, { once: true })
    lifetime.defer(() => waiting.close())
    const deps = { agent, clock: systemClock, log }
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
