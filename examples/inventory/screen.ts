/** What the demo prints: steps, commands, and a matrix of what was expected against what was seen. */

const colour = process.stdout.isTTY && !('NO_COLOR' in process.env)
const paint = (code: number, text: string): string =>
  colour ? `\u001b[${code}m${text}\u001b[0m` : text

export const good = (text: string): string => paint(32, text)
export const bad = (text: string): string => paint(31, text)
export const quiet = (text: string): string => paint(2, text)
const strong = (text: string): string => paint(1, text)

let steps = 0

export function step(title: string, why: string): void {
  steps++
  print(`\n${strong(`${steps}  ${title}`)}\n   ${quiet(why)}\n`)
}

export function shell(words: readonly string[]): void {
  print(`   ${quiet('$')} countersign ${words.join(' ')}\n`)
}

export function detail(text: string): void {
  for (const line of text.trimEnd().split('\n')) print(`     ${line}\n`)
}

export function print(text: string): void {
  process.stdout.write(text)
}

export interface Cell {
  /** How often the tool ran, by the server's own count. */
  readonly ran: number
  readonly expected: number
  /** Why this cell cannot be judged here, such as `not separated (one uid)`. */
  readonly exempt?: string
}

export interface Row {
  readonly name: string
  readonly cells: readonly Cell[]
}

const width = 15

/** Prints the matrix; returns how many cells differ. */
export function matrix(tools: readonly string[], rows: readonly Row[]): number {
  const names = Math.max(...rows.map(({ name }) => name.length)) + 2
  print(`     ${' '.repeat(names)}${tools.map((tool) => quiet(tool.padEnd(width))).join('')}\n`)
  for (const { name, cells } of rows) {
    const exempt = cells.find((cell) => cell.exempt !== undefined)?.exempt
    const shown = exempt === undefined ? cells.map(cellText).join('') : quiet(exempt)
    print(`     ${name.padEnd(names)}${shown}\n`)
  }
  return rows.flatMap(({ cells }) => cells.filter(differs)).length
}

function differs({ ran, expected, exempt }: Cell): boolean {
  return exempt === undefined && ran !== expected
}

function cellText(cell: Cell): string {
  const seen = cell.ran === 0 ? 'refused' : cell.ran === 1 ? 'ran' : `ran ${cell.ran} times`
  return differs(cell) ? bad(`${seen.toUpperCase()} !`.padEnd(width)) : good(seen.padEnd(width))
}
