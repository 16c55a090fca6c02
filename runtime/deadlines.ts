/**
 * Deadlines by the wall clock.
 *
 * A timer counts from when it was set: it misses a clock that jumps, and one of more than 24.8 days
 * fires at once. So deadlines wait in one heap, and what is due is looked up each second for as long
 * as there is one.
 */

import type { Clock } from './clock.ts'

const tickMs = 1000

export interface Deadline {
  cancel(): void
}

export class Deadlines {
  readonly #clock: Clock
  readonly #heap: Waiting[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs once `at` has come, within a second of it, never inside this call. */
  at(at: Date, run: () => void): Deadline {
    const waiting: Waiting = { at: at.getTime(), run }
    push(this.#heap, waiting)
    this.#arm()
    return {
      cancel: () => {
        waiting.run = undefined
      },
    }
  }

  /** Forgets every deadline; none fires afterwards. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#heap.length = 0
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#heap.length === 0) return
    const next = this.#heap[0]?.at ?? 0
    const waitMs = Math.min(Math.max(next - this.#clock.now().getTime(), 1), tickMs)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#runDue()
    }, waitMs)
    this.#timer.unref()
  }

  #runDue(): void {
    const now = this.#clock.now().getTime()
    const due: Waiting[] = []
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      due.push(first)
      pop(this.#heap)
    }
    this.#arm()
    for (const { run } of due) run?.()
  }
}

interface Waiting {
  readonly at: number
  run: (() => void) | undefined
}

function push(heap: Waiting[], item: Waiting): void {
  let index = heap.length
  heap.push(item)
  while (index > 0) {
    const above = (index - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || parent.at <= item.at) break
    heap[index] = parent
    index = above
  }
  heap[index] = item
}

function pop(heap: Waiting[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    const left = 2 * index + 1
    const right = heap[left + 1]
    const leftItem = heap[left]
    if (leftItem === undefined) break
    const child = right !== undefined && right.at < leftItem.at ? left + 1 : left
    const smaller = heap[child]
    if (smaller === undefined || smaller.at >= last.at) break
    heap[index] = smaller
    index = child
  }
  heap[index] = last
}
