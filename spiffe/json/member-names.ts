// The names of one object's members: in order, each once, found in constant time.

// Up to here a search through the list costs less than an index.
const LONGEST_SEARCH = 8

/** Distinct names and their positions. */
export class MemberNames {
  readonly #list: string[] = []
  #positions: Map<string, number> | undefined

  /** Adds a name at the end; false when it is there already. */
  add(name: string): boolean {
    if (this.position(name) !== -1) return false
    this.#positions?.set(key(name), this.#list.length)
    this.#list.push(name)
    if (this.#list.length > LONGEST_SEARCH) this.#positions ??= positionsOf(this.#list)
    return true
  }

  /** The position from 0, or -1. */
  position(name: string): number {
    return this.#positions ? (this.#positions.get(key(name)) ?? -1) : this.#list.indexOf(name)
  }

  /** The names in order. */
  get list(): readonly string[] {
    return this.#list
  }
}

function positionsOf(names: readonly string[]): Map<string, number> {
  return new Map(names.map((name, position) => [key(name), position]))
}

// Some versions of V8 hash a string of digits by its value alone, so that whoever sends the names
// can choose ones that all collide. Any other first character brings the secret seed in.
function key(name: string): string {
  const first = name.charCodeAt(0)
  return first === HASH || (first >= ZERO && first <= NINE) ? `#${name}` : name
}

const HASH = 0x23
const ZERO = 0x30
const NINE = 0x39
