/** What is said of a group: its commands, and which word was none of them. */

import { nearestWord } from '../../policy/source/did-you-mean.ts'
import { commandOf, type Group } from './command-group.ts'
import { shown } from './output.ts'

const footer = `
countersign help COMMAND shows a command's flags. They are written -spiffeID X, as with SPIRE, or
--spiffe-id X.
`

/** The programs list their commands; the groups below them show each command's flags too. */
export async function groupHelp(here: Group, path: readonly string[]): Promise<string> {
  const width = Math.max(...Object.keys(here.commands).map((name) => name.length)) + 4
  const usages: string[] = []
  const lines: string[] = []
  for (const [name, named] of Object.entries(here.commands)) {
    const command = await commandOf(named)
    if (command !== undefined && path.length > 1) usages.push(`${command.usage()}\n`)
    const summary = typeof named === 'string' ? named : (command?.summary ?? '')
    lines.push(`    ${name.padEnd(width)}${typeof named === 'object' ? named.summary : summary}\n`)
  }
  return [
    ...usages,
    `Usage: ${['countersign', ...path].join(' ')} [--version] [--help] <command> [<args>]\n\n`,
    `${here.summary}.\n\nAvailable commands are:\n`,
    ...lines,
    ...(path.length === 0 ? [footer] : []),
  ].join('')
}

/** One line about a word that names nothing here. */
export function unknownWord(here: Group, path: readonly string[], word: string): string {
  const name = ['countersign', ...path].join(' ')
  const kind = word.startsWith('-') ? 'flag' : 'command'
  const near = nearestWord(word, Object.keys(here.commands))
  const meant = near === undefined ? '' : `; did you mean ${near}?`
  return `${name}: there is no ${kind} ${shown(JSON.stringify(word))}${meant}\n`
}
