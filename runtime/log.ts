/** Logging: one static sentence, facts as fields. */

import { type DestinationStream, destination, type Logger, pino } from 'pino'
import { Failure } from './failure.ts'

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

/** SPIRE's names of log levels, in any case. */
const levelsByName: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  fatal: 'fatal',
  panic: 'fatal',
}

/** Log options as they are written in a configuration. @throws {Failure} in SPIRE's words. */
export function parseLogOptions(written: {
  readonly level: string
  readonly format: string
  /** Empty for standard output. */
  readonly file: string
}): LogOptions {
  const refuse = (why: string): Failure =>
    new Failure('invalid-configuration', `could not start logger: ${why}`)
  const name = written.level.toLowerCase()
  const level = Object.hasOwn(levelsByName, name) ? levelsByName[name] : undefined
  if (level === undefined)
    throw refuse(`not a valid logrus Level: ${JSON.stringify(written.level)}`)
  const format = written.format.toLowerCase()
  if (format !== 'text' && format !== 'json')
    throw refuse(`unknown logger format: ${JSON.stringify(written.format)}`)
  return { level, format, ...(written.file && { file: written.file }) }
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
