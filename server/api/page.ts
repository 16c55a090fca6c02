/** Pages of a sorted list by SPIRE's rules: no size, no pages; the last full page has a token too. */

import { Failure } from '../../runtime/failure.ts'

export interface PageRequest {
  readonly pageSize: number
  readonly pageToken: string
}

export interface PageOf<T> {
  readonly items: readonly T[]
  /** Empty when the page is. */
  readonly nextPageToken: string
}

/**
 * Items that `wanted` picks from `sorted`, which is in ascending order of `keyOf`. Throws a Failure
 * for a token that no page came with; `what` begins its message.
 */
export function pageOf<T>(
  sorted: readonly T[],
  keyOf: (item: T) => string,
  wanted: (item: T) => boolean,
  { pageSize, pageToken }: PageRequest,
  what: string,
): PageOf<T> {
  if (pageSize <= 0) return { items: sorted.filter(wanted), nextPageToken: '' }
  const items: T[] = []
  let at = pageToken === '' ? 0 : firstAfter(sorted, keyOf, keyIn(pageToken, what))
  for (; at < sorted.length && items.length < pageSize; at++) {
    const item = sorted[at]
    if (item !== undefined && wanted(item)) items.push(item)
  }
  const last = items.at(-1)
  return { items, nextPageToken: last === undefined ? '' : tokenOf(keyOf(last)) }
}

const mark = 'after:'

function tokenOf(key: string): string {
  return Buffer.from(`${mark}${key}`, 'utf8').toString('base64url')
}

function keyIn(token: string, what: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8')
  if (!text.startsWith(mark))
    throw new Failure('internal', `${what}: could not parse token '${token}'`)
  return text.slice(mark.length)
}

function firstAfter<T>(sorted: readonly T[], keyOf: (item: T) => string, key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = sorted[middle]
    if (item !== undefined && keyOf(item) <= key) low = middle + 1
    else high = middle
  }
  return low
}
