/** A word that stands for several commands, such as `server entry`. */

import type { Command } from './command.ts'

/** Loads a command's file. */
export type Load = () => Promise<{ readonly command: Command }>

/** What a word can name: a command, a group, or a program of its own (with its summary). */
export type Named = Load | Group | string

export interface Group {
  readonly summary: string
  readonly commands: Readonly<Record<string, Named>>
  /** Exit code where no command of this group was named; SPIRE's programs answer 127. */
  readonly unnamed: number
  /** The command that the group's own name stands for. */
  readonly preset: Load | undefined
  /** Commands of SPIRE's that are not built: their words do not go to the preset. */
  readonly refused: readonly string[]
}

export function group(
  summary: string,
  commands: Group['commands'],
  { unnamed = 1, preset, refused = [] }: Partial<Omit<Group, 'summary' | 'commands'>> = {},
): Group {
  return { summary, commands, unnamed, preset, refused }
}

/** The command behind a name, where there is one. */
export async function commandOf(named: Named): Promise<Command | undefined> {
  const load = typeof named === 'object' ? named.preset : named
  return typeof load === 'function' ? (await load()).command : undefined
}
