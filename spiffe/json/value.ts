// What the reader returns and the writer takes. Nothing here is a plain object, so no name from
// outside ever meets a prototype.

import { MemberNames } from './member-names.ts'
import type { JsonNumber } from './number.ts'

/** Any JSON value. */
export type JsonValue = null | boolean | string | JsonNumber | JsonArray | JsonObject

/** A JSON array. */
export interface JsonArray extends ReadonlyArray<JsonValue> {}

/** A JSON object: members in the order in which they came, each name once. Immutable. */
export class JsonObject {
  readonly #names: MemberNames
  readonly #values: readonly JsonValue[]

  /** For the reader: takes over both, which are of one length. Elsewhere use `of`. */
  constructor(names: MemberNames, values: readonly JsonValue[]) {
    this.#names = names
    this.#values = values
  }

  /**
   * An object with these members.
   *
   * @throws TypeError when a name comes twice
   */
  static of(members: Iterable<readonly [name: string, value: JsonValue]>): JsonObject {
    const names = new MemberNames()
    const values: JsonValue[] = []
    for (const [name, value] of members) {
      if (!names.add(name)) throw new TypeError(`two members named ${JSON.stringify(name)}`)
      values.push(value)
    }
    return new JsonObject(names, values)
  }

  get size(): number {
    return this.#values.length
  }

  has(name: string): boolean {
    return this.#names.position(name) !== -1
  }

  /** The value of the member, or undefined when there is none. */
  get(name: string): JsonValue | undefined {
    return this.#values[this.#names.position(name)]
  }

  /** The names in order. */
  names(): readonly string[] {
    return this.#names.list
  }

  /** The values in the order of the names. */
  values(): readonly JsonValue[] {
    return this.#values
  }

  /** The members in order. */
  entries(): (readonly [name: string, value: JsonValue])[] {
    return this.#names.list.map((name, position) => [name, this.#values[position] ?? null])
  }

  /** The same object with one member replaced where it stands, or added at the end. */
  with(name: string, value: JsonValue): JsonObject {
    if (!this.has(name)) return JsonObject.of([...this.entries(), [name, value]])
    const values = [...this.#values]
    values[this.#names.position(name)] = value
    return new JsonObject(this.#names, values)
  }
}
