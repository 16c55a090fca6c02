/** Logging: one static sentence, facts as fields. */

import { type DestinationStream, destination, type Logger, pino } from 'pino'

export type { Logger }

export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const

export type LogLevel = (typeof logLevels)[number]

export interface LogOptions {
  /** `info` unless told. */
  readonly level?: LogLevel
  /** `text` (for people, default) or `json`. */
  readonly format?: 'text' | 'json'
  /** Appended to; standard output unless told. */
  readonly file?: string
}

/** Fields that may never reach a log, whatever an object brings along. */
const redacted = ['key', 'privateKey', 'token', 'joinToken', 'authorization', '*.token', '*.key']

export function createLogger(options: LogOptions = {}): Logger {
  const sink = destination({ dest: options.file ?? 1, sync: true, mkdir: true })
  const { level = 'info', format = 'text' } = options
  return pino(
    {
      level,
      base: null,
      redact: redacted,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === 'json' ? sink : textStream(sink),
  )
}

/** A logger that writes nothing, for parts used without a daemon. */
export const silentLogger: Logger = pino({ level: 'silent' })

function textStream(sink: DestinationStream): DestinationStream {
  return {
    write: (line) => {
      sink.write(asText(line))
    },
  }
}

function asText(line: string): string {
  const logged: unknown = JSON.parse(line)
  if (!isRecord(logged)) return line
  const { time, level, msg, err, ...fields } = logged
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${fieldText(value)}`)
  const error = err === undefined ? '' : ` error=${fieldText(errorText(err))}`
  return `${String(time)} ${String(level).toUpperCase().padEnd(5)} ${String(msg)}${rest.join('')}${error}\n`
}

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text)
}

function errorText(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'message' in error ? error.message : error
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
