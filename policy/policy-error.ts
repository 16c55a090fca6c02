// What is wrong with a policy's text: every problem at once, each with its place and its fix.

/** One problem. */
export interface PolicyProblem {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 code units. */
  readonly column: number
  /** Where in the document, such as `spec.rules[2].mcp.tools[0]`; empty for the text as a whole. */
  readonly path: string
  /** What was expected and what came. */
  readonly message: string
  /** What to write instead. */
  readonly fix: string
}

/** A policy text that is refused as a whole. */
export class PolicyError extends Error {
  readonly code = 'ERR_POLICY'
  /** In order of place; at least one. */
  readonly problems: readonly PolicyProblem[]

  /** How many more there are. */
  readonly omitted: number

  constructor(problems: readonly PolicyProblem[], omitted = 0) {
    const more = omitted === 0 ? [] : [`and ${omitted} more`]
    super([...problems.map(problemLine), ...more].join('\n'))
    this.name = 'PolicyError'
    this.problems = problems
    this.omitted = omitted
  }
}

function problemLine({ file, line, column, path, message, fix }: PolicyProblem): string {
  const where = path === '' ? '' : `${path}: `
  return `${file}:${line}:${column}: ${where}${message}; ${fix}`
}
