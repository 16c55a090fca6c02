// From a policy text to its YAML documents. Anchors, aliases, tags and directives are refused: a
// policy says what it means where it says it. Everything is bounded before the composer runs,
// which calls itself once per level.

import { Composer, type CST, isScalar, Lexer, LineCounter, type ParsedNode, Parser } from 'yaml'
import { POLICY_LIMITS } from '../limits.ts'
import { Problems } from './problems.ts'

/** One document that is valid YAML, and the text it alone stands for. */
export interface PolicyDocument {
  readonly contents: ParsedNode
  readonly source: string
  /** Line of the file on which `source` begins, from 1. */
  readonly firstLine: number
}

/** What a text holds, and where problems with it are to be put. */
export interface PolicyText {
  /** Empty documents are left out. */
  readonly documents: readonly PolicyDocument[]
  readonly problems: Problems
}

/**
 * Splits a text into its documents.
 *
 * @throws PolicyError when the text is over a limit, is not YAML or uses what is refused
 */
export function readDocuments(text: string, fileName: string): PolicyText {
  const lines = new LineCounter()
  lines.addNewLine(0)
  const problems = new Problems(fileName, lines)
  const tokens = readTokens(text, lines, problems)
  checkTokens(tokens, problems)
  problems.throwIfAny()
  return { documents: compose(tokens, text, problems), problems }
}

function readTokens(text: string, lines: LineCounter, problems: Problems): CST.Token[] {
  const { maxTextBytes, maxTokens } = POLICY_LIMITS
  if (Buffer.byteLength(text) > maxTextBytes) {
    problems.add(0, '', `expected at most ${maxTextBytes} bytes`, 'split it into several files')
    return []
  }
  const lexemes: string[] = []
  for (const lexeme of new Lexer().lex(text)) {
    lexemes.push(lexeme)
    if (lexemes.length > maxTokens) {
      const message = `expected at most ${maxTokens} words, brackets, gaps and line ends`
      problems.add(0, '', message, 'split it into several files')
      return []
    }
  }
  const parser = new Parser(lines.addNewLine)
  return [...lexemes.flatMap((lexeme) => [...parser.next(lexeme)]), ...parser.end()]
}

/** Looks at every token once, without recursion. */
function checkTokens(tokens: readonly CST.Token[], problems: Problems): void {
  const { maxDocuments, maxDepth } = POLICY_LIMITS
  const surplus = tokens.filter(isDocument)[maxDocuments]
  if (surplus) {
    const message = `expected at most ${maxDocuments} documents`
    problems.add(surplus.offset, '', message, 'split it into several files')
    return
  }
  const open: [token: CST.Token, depth: number][] = tokens.map((token) => [token, 0])
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [token, depth] = next
    if (depth > maxDepth) {
      problems.add(token.offset, '', `expected at most ${maxDepth} levels`, 'remove the nesting')
      return
    }
    checkToken(token, problems)
    for (const child of children(token)) open.push([child, depth + ('items' in token ? 1 : 0)])
  }
}

function children(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return [...token.start, ...(token.value ? [token.value] : [])]
  if (!('items' in token)) return []
  return token.items.flatMap((item) => [
    ...item.start,
    ...(item.key ? [item.key] : []),
    ...(item.sep ?? []),
    ...(item.value ? [item.value] : []),
  ])
}

function checkToken(token: CST.Token, problems: Problems): void {
  switch (token.type) {
    case 'anchor':
      problems.add(token.offset, '', 'expected no anchor', 'write the value where it is needed')
      break
    case 'alias':
      problems.add(token.offset, '', ...aliasProblem(token.source))
      break
    case 'tag':
      problems.add(token.offset, '', 'expected no tag', 'remove it; put text in quotes')
      break
    case 'directive':
      problems.add(token.offset, '', 'expected no directive', 'remove the line')
      break
    case 'scalar':
    case 'single-quoted-scalar':
    case 'double-quoted-scalar':
    case 'block-scalar':
      if (token.source.length > POLICY_LIMITS.maxScalarLength) {
        const message = `expected at most ${POLICY_LIMITS.maxScalarLength} characters`
        problems.add(token.offset, '', message, 'shorten it')
      }
      break
    case 'flow-collection':
      checkCommas(token, problems)
      break
    default:
  }
}

// The composer would find these too, and take long over a text of many commas.
function checkCommas(token: CST.FlowCollection, problems: Problems): void {
  for (const { start } of token.items) {
    const [, second] = start.filter(({ type }) => type === 'comma')
    if (second) problems.add(second.offset, '', 'expected a value before the comma', 'remove it')
  }
}

// An unquoted star is by far the likeliest alias in a policy.
function aliasProblem(source: string): [message: string, fix: string] {
  return source === '*'
    ? ['expected a star in quotes', 'write "*"']
    : ['expected no alias', 'write the value where it is needed; put a star in quotes']
}

function compose(tokens: CST.Token[], text: string, problems: Problems): PolicyDocument[] {
  // Pretty errors and the composer's own search for equal keys cost quadratic time.
  const options = {
    prettyErrors: false,
    uniqueKeys: false,
    version: '1.2',
    schema: 'core',
  } as const
  const composed = [...new Composer(options).compose(tokens)]
  for (const error of composed.flatMap((document) => document.errors)) {
    problems.add(
      error.pos[0],
      '',
      `expected YAML: ${lowerFirst(error.message)}`,
      'correct the syntax',
    )
  }
  problems.throwIfAny()
  const starts = tokens.filter(isDocument).map((token) => contentStart(token, text))
  return composed.flatMap(({ contents, range }, position) => {
    if (contents === null || (isScalar(contents) && contents.value === null)) return []
    const start = starts[position] ?? range[0]
    return [{ contents, source: text.slice(start, range[2]), firstLine: problems.lineOf(start) }]
  })
}

function isDocument(token: CST.Token): token is CST.Document {
  return token.type === 'document'
}

/** Where a document's own text begins: behind the `---` that separates it from what came before. */
function contentStart(token: CST.Document, text: string): number {
  const marker = token.start.find(({ type }) => type === 'doc-start')
  if (!marker) return 0
  const rest = /[ \t]*\r?\n/y
  rest.lastIndex = marker.offset + marker.source.length
  return rest.test(text) ? rest.lastIndex : marker.offset + marker.source.length
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
