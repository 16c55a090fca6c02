/** Colour where the terminal takes it; the words say the same without. */

import { styleText } from 'node:util'
import type { Io } from '../../command.ts'

export type Tone = 'good' | 'bad' | 'warning' | 'faint'

const styles = { good: 'green', bad: 'red', warning: 'yellow', faint: 'dim' } as const

export function paint({ pretty }: Pick<Io, 'pretty'>, tone: Tone, text: string): string {
  return pretty ? styleText(styles[tone], text) : text
}
