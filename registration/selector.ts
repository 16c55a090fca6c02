/** Selectors: what attestation found out about a node or a process, `type:value`. */

import { invalid } from './registration-error.ts'

export interface Selector {
  /** Name of the attestor; never empty, no colon. */
  readonly type: string
  readonly value: string
}

/** Reads a selector's two parts. Throws a RegistrationError with SPIRE's message. */
export function makeSelector(type: string, value: string): Selector {
  if (type === '') throw invalid('missing selector type')
  if (type.includes(':')) throw invalid("selector type contains ':'")
  if (value === '') throw invalid('missing selector value')
  return { type, value }
}

/** `type:value`, which names one selector since no type holds a colon. */
export function selectorText({ type, value }: Selector): string {
  return `${type}:${value}`
}

/** By type, then by value, bytewise. */
export function compareSelectors(a: Selector, b: Selector): number {
  return compareText(a.type, b.type) || compareText(a.value, b.value)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
