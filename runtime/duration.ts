/** Durations as Go writes them (`1h30m`, `500ms`), the form of SPIRE's configuration. */

const unitMs = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
} as const

const part = /(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h)/y

/** Milliseconds, or undefined when the text is no duration. Longest text: 64 characters. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0
  if (text.length > 64) return undefined
  const negative = text.startsWith('-')
  let at = negative || text.startsWith('+') ? 1 : 0
  if (at === text.length) return undefined
  let ms = 0
  while (at < text.length) {
    part.lastIndex = at
    const found = part.exec(text)
    const unit = found?.[2]
    if (!found || unit === undefined || !isUnit(unit)) return undefined
    ms += Number(found[1]) * unitMs[unit]
    at = part.lastIndex
  }
  return negative ? -ms : ms
}

function isUnit(text: string): text is keyof typeof unitMs {
  return Object.hasOwn(unitMs, text)
}

/** As Go prints it: `1h0m0s`, `1.5s`, `250ms`, `12.345µs`. */
export function formatDurationMs(ms: number): string {
  if (ms === 0) return '0s'
  const sign = ms < 0 ? '-' : ''
  const size = Math.abs(ms)
  if (size < 1) return `${sign}${trim(size * 1000, 3)}µs`
  if (size < 1000) return `${sign}${trim(size, 6)}ms`
  const hours = Math.floor(size / unitMs.h)
  const minutes = Math.floor((size % unitMs.h) / unitMs.m)
  const seconds = `${trim((size % unitMs.m) / 1000, 9)}s`
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
