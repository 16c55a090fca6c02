/**
 * Configuration files: YAML (and so JSON) against one schema per daemon.
 *
 * Every problem is reported at once with file, line and column; unknown keys, duplicate keys and
 * aliases are problems. What the schema returns is what the daemon runs with.
 */

import { createReadStream } from 'node:fs'
import { type Document, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { parseDurationMs } from './duration.ts'
import { Failure, reasonOf } from './failure.ts'

const maxConfigBytes = 1 << 20

export interface ConfigProblem {
  /** From 1; 0 when the problem has no place in the file. */
  readonly line: number
  readonly column: number
  readonly message: string
}

/** @throws {Failure} `invalid-configuration` naming the file and each problem. */
export async function loadConfig<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  let text: string
  try {
    text = await readConfigText(file)
  } catch (error) {
    throw new Failure('invalid-configuration', `cannot read ${file}: ${reasonOf(error)}`, {
      cause: error,
    })
  }
  const result = parseConfig(text, schema)
  if ('problems' in result)
    throw new Failure('invalid-configuration', describe(file, result.problems))
  return result.config
}

/** The text of a file, never more of it than a configuration may have. @throws {Error} */
export async function readConfigText(file: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Reads one byte more than is allowed, to see that there is one.
  const stream: AsyncIterable<Buffer> = createReadStream(file, { end: maxConfigBytes })
  for await (const chunk of stream) {
    chunks.push(chunk)
    bytes += chunk.length
  }
  if (bytes > maxConfigBytes) throw new RangeError(`it is longer than ${maxConfigBytes} bytes`)
  return Buffer.concat(chunks).toString('utf8')
}

export function parseConfig<T>(
  text: string,
  schema: z.ZodType<T>,
): { config: T } | { problems: readonly ConfigProblem[] } {
  if (text.length > maxConfigBytes)
    return {
      problems: [{ line: 0, column: 0, message: `longer than ${maxConfigBytes} characters` }],
    }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: false })
  const problems: ConfigProblem[] = [...document.errors, ...document.warnings].map((error) => ({
    ...position(lines, error.pos[0]),
    message: error.message.split(' at line ')[0]?.split('\n')[0] ?? error.message,
  }))
  visit(document, {
    Alias: (_key, node) => {
      problems.push({ ...at(lines, node), message: 'aliases are not allowed' })
    },
  })
  if (problems.length > 0) return { problems }
  const parsed = schema.safeParse(document.toJS() ?? {})
  if (parsed.success) return { config: parsed.data }
  const found = parsed.error.issues.flatMap((issue) => problemsOf(issue, document, lines))
  return { problems: found.sort((a, b) => a.line - b.line || a.column - b.column) }
}

function problemsOf(
  issue: z.core.$ZodIssue,
  document: Document.Parsed,
  lines: LineCounter,
): ConfigProblem[] {
  const where = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      ...at(lines, keyAt(document, issue.path, key) ?? nodeAt(document, issue.path)),
      message: `unknown key ${JSON.stringify(where ? `${where}.${key}` : key)}`,
    }))
  const isMissing = issue.code === 'invalid_type' && !document.hasIn(issue.path)
  const what = isMissing
    ? `missing, expected ${issue.expected}`
    : lowerFirst(issue.message.replace(/^Invalid input: /, '').replace(', received ', ', got '))
  return [
    { ...at(lines, nodeAt(document, issue.path)), message: where ? `${where}: ${what}` : what },
  ]
}

/** The value at a path, or the innermost one around it. */
function nodeAt(document: Document.Parsed, path: readonly PropertyKey[]): Node | undefined {
  for (let length = path.length; length >= 0; length--) {
    const found = document.getIn(path.slice(0, length), true)
    if (isNode(found)) return found
  }
  return undefined
}

function keyAt(
  document: Document.Parsed,
  path: readonly PropertyKey[],
  key: string,
): Node | undefined {
  const map = path.length === 0 ? document.contents : document.getIn(path, true)
  if (!isMap(map)) return undefined
  return map.items.map((pair) => pair.key).find((name) => String(name) === key)
}

/** A duration in Go's form, such as `1h30m`; milliseconds to the program. */
export const durationMs = z.string().transform((text, context) => {
  const ms = parseDurationMs(text)
  if (ms !== undefined && ms >= 0) return ms
  context.addIssue({
    code: 'custom',
    message: `expected a duration such as 30s or 24h, got ${JSON.stringify(text)}`,
  })
  return z.NEVER
})

const notSupportedText = 'not supported yet; remove it'

/** A key of SPIRE's that is refused with better words than an unknown one. */
export const notSupported = z
  .custom<undefined>((value) => value === undefined, notSupportedText)
  .optional()

/** What is wrong with a file, in SPIRE's words; below them each place. */
export function describeInvalid(file: string, problems: readonly ConfigProblem[]): string {
  const places = describe(file, problems)
  const isUnknown = ({ message }: ConfigProblem): boolean => message.startsWith('unknown key ')
  const isUnsupported = ({ message }: ConfigProblem): boolean => message.endsWith(notSupportedText)
  if (problems.every(isUnknown)) return `unknown configuration detected\n${places}`
  if (problems.every((problem) => isUnknown(problem) || isUnsupported(problem)))
    return `unsupported configuration detected\n${places}`
  const gap = problems.length > 1 ? '\n' : ' '
  return `unable to decode configuration at ${JSON.stringify(file)}:${gap}${places}`
}

export function describe(file: string, problems: readonly ConfigProblem[]): string {
  return problems
    .map(
      ({ line, column, message }) => `${file}${line > 0 ? `:${line}:${column}` : ''}: ${message}`,
    )
    .join('\n')
}

interface KeyedMap {
  readonly items: readonly { readonly key: Node }[]
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value
}

function isMap(value: unknown): value is KeyedMap {
  return isNode(value) && 'items' in value && Array.isArray(value.items)
}

function at(lines: LineCounter, node: Node | undefined): { line: number; column: number } {
  return node?.range ? position(lines, node.range[0]) : { line: 0, column: 0 }
}

function position(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
