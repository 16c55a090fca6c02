/** A collection in a fixed order, sorted anew only when it is asked for after a change. */

import type { Mirror } from '../datastore/collections/mirror.ts'

export class SortedView<T> {
  readonly keyOf: (item: T) => string
  readonly #mirror: Mirror<T>
  #sorted: readonly T[] | undefined

  constructor(mirror: Mirror<T>, keyOf: (item: T) => string) {
    this.keyOf = keyOf
    this.#mirror = mirror
    mirror.events.on('change', () => {
      this.#sorted = undefined
    })
  }

  /** Everything, in ascending order of the key. */
  get items(): readonly T[] {
    this.#sorted ??= [...this.#mirror.values()]
      .map((item) => ({ item, key: this.keyOf(item) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ item }) => item)
    return this.#sorted
  }
}
