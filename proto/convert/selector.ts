/** Selectors on the wire. */

import { makeSelector, type Selector } from '../../registration/selector.ts'
import type { Selector__Output } from '../gen/spire/api/types/Selector.ts'

/** Throws a RegistrationError with SPIRE's message for the first that is none. */
export function selectorsOf(wire: readonly Selector__Output[]): readonly Selector[] {
  return wire.map(({ type, value }) => makeSelector(type, value))
}

export function selectorsToWire(selectors: readonly Selector[]): Selector__Output[] {
  return selectors.map(({ type, value }) => ({ type, value }))
}
