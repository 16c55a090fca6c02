/**
 * Command line flags as Go's `flag` package reads them, which is what SPIRE's users type:
 * `-spiffeID X`, `-spiffeID=X`, `--spiffeID X`; and our own spelling of the same, `--spiffe-id X`.
 *
 * A boolean takes no separate value. The first word that is no flag, or `--`, ends the flags; where
 * flags may also follow words, only `--` does.
 */

import { parseDurationMs } from './duration.ts'

export interface FlagSpec {
  /** `list` may be given more than once; `duration` is in Go's form; `choice` is one of `choices`. */
  readonly kind: 'string' | 'int' | 'bool' | 'list' | 'duration' | 'choice'
  readonly help: string
  /** What an absent flag is; also shown in the help where it is not empty. */
  readonly default?: string | number | boolean
  readonly choices?: readonly string[]
  /** Said of a value that is none of `choices`. */
  readonly badChoice?: string
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>

type FlagValue<S extends FlagSpec> = S['kind'] extends 'int' | 'duration'
  ? number
  : S['kind'] extends 'bool'
    ? boolean
    : S['kind'] extends 'list'
      ? readonly string[]
      : string

export type FlagValues<S extends FlagSpecs> = { readonly [Name in keyof S]: FlagValue<S[Name]> }

export type ParsedFlags<S extends FlagSpecs> =
  | {
      readonly values: FlagValues<S>
      /** Names of the flags that were given. */
      readonly given: ReadonlySet<string>
      /** The words that are no flags. */
      readonly rest: readonly string[]
    }
  | { readonly helpWanted: true }
  | { readonly problem: string }

type Value = string | number | boolean | string[]

/** Durations are milliseconds; an absent string is empty, an absent number 0. */
export function parseFlags<S extends FlagSpecs>(
  argv: readonly string[],
  specs: S,
  { flagsAfterWords = false }: { readonly flagsAfterWords?: boolean } = {},
): ParsedFlags<S> {
  const values: Record<string, Value> = {}
  for (const [name, spec] of Object.entries(specs)) values[name] = absent(spec)
  const given = new Set<string>()
  const words: string[] = []
  let at = 0
  for (; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (word === '--') {
      at++
      break
    }
    if (word.length < 2 || !word.startsWith('-')) {
      if (!flagsAfterWords) break
      words.push(word)
      continue
    }
    const read = readFlag(word, argv[at + 1], specs)
    if (!('name' in read)) return read
    const before = values[read.name]
    values[read.name] = Array.isArray(before) ? [...before, String(read.value)] : read.value
    given.add(read.name)
    if (read.tookNext) at++
  }
  return hasAll(values, specs)
    ? { values, given, rest: [...words, ...argv.slice(at)] }
    : { problem: 'a flag has no value' }
}

type ReadFlag =
  | { readonly name: string; readonly value: Value; readonly tookNext: boolean }
  | { readonly helpWanted: true }
  | { readonly problem: string }

function readFlag(word: string, next: string | undefined, specs: FlagSpecs): ReadFlag {
  const [written, inline] = split(word)
  if (/^(?:=|-|$)/.test(written)) return { problem: `bad flag syntax: ${word}` }
  const name = flagNamed(written, word.startsWith('--'), specs)
  const spec = name === undefined ? undefined : specs[name]
  if (name === undefined || spec === undefined)
    return /^h(?:elp)?$/.test(written)
      ? { helpWanted: true }
      : { problem: `flag provided but not defined: -${written}` }
  const tookNext = spec.kind !== 'bool' && inline === undefined
  const text = spec.kind === 'bool' ? (inline ?? 'true') : (inline ?? next)
  if (text === undefined) return { problem: `flag needs an argument: -${name}` }
  const read = readValue(name, spec, text)
  return 'problem' in read ? read : { name, value: read.value, tookNext }
}

/** The help of one command, in the form of Go's `PrintDefaults`. */
export function flagUsage(command: string, specs: FlagSpecs): string {
  const lines = Object.entries(specs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]) => `  -${name}${kindWord(spec)}\n    \t${spec.help}${defaultText(spec)}\n`)
  return `Usage of ${command}:\n${lines.join('')}`
}

function split(word: string): [string, string | undefined] {
  const body = word.replace(/^--?/, '')
  const equals = body.indexOf('=', 1)
  return equals < 0 ? [body, undefined] : [body.slice(0, equals), body.slice(equals + 1)]
}

/** `--x509-svid-ttl` is `x509SVIDTTL`: where hyphens stand between words is not looked at. */
function flagNamed(written: string, long: boolean, specs: FlagSpecs): string | undefined {
  if (Object.hasOwn(specs, written)) return written
  if (!long || written !== written.toLowerCase()) return undefined
  const plain = written.replaceAll('-', '')
  return Object.keys(specs).find((name) => name.toLowerCase().replaceAll('-', '') === plain)
}

function readValue(
  name: string,
  spec: FlagSpec,
  text: string,
): { value: Value } | { problem: string } {
  const invalid = (why: string): { problem: string } => ({
    problem: `invalid value ${JSON.stringify(text)} for flag -${name}: ${why}`,
  })
  switch (spec.kind) {
    case 'string':
    case 'list':
      return { value: text }
    case 'int':
      return /^[+-]?\d{1,15}$/.test(text) ? { value: Number(text) } : invalid('parse error')
    case 'duration': {
      const ms = parseDurationMs(text)
      return ms === undefined
        ? invalid(`time: invalid duration ${JSON.stringify(text)}`)
        : { value: ms }
    }
    case 'choice':
      return spec.choices?.includes(text)
        ? { value: text }
        : invalid(`${spec.badChoice ?? 'expected one of'} ${JSON.stringify(text)}`)
    case 'bool':
      if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return { value: true }
      if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return { value: false }
      return { problem: `invalid boolean value ${JSON.stringify(text)} for -${name}: parse error` }
  }
}

function absent(spec: FlagSpec): Value {
  if (spec.kind === 'list') return []
  if (spec.kind === 'duration') return parseDurationMs(String(spec.default ?? '0')) ?? 0
  return spec.default ?? { string: '', choice: '', int: 0, bool: false }[spec.kind]
}

function hasAll<S extends FlagSpecs>(
  values: Record<string, Value>,
  specs: S,
): values is FlagValues<S> & Record<string, Value> {
  return Object.keys(specs).every((name) => values[name] !== undefined)
}

function kindWord(spec: FlagSpec): string {
  const words = { string: ' string', int: ' int', bool: '', list: ' value', duration: ' value' }
  return { ...words, choice: ' value' }[spec.kind]
}

function defaultText(spec: FlagSpec): string {
  if (spec.default === undefined || spec.default === '' || spec.default === false) return ''
  if (spec.kind === 'choice') return `; default: ${String(spec.default)}.`
  return spec.kind === 'string'
    ? ` (default "${String(spec.default)}")`
    : ` (default ${String(spec.default)})`
}
