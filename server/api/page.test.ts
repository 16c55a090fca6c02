import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { refusedWith } from '../../test/support/refusals.ts'
import { pageOf } from './page.ts'

const letters = ['a', 'b', 'c', 'd', 'e']
const all = () => true
const same = (item: string) => item
const page = (pageSize: number, pageToken = '', wanted: (item: string) => boolean = all) =>
  pageOf(letters, same, wanted, { pageSize, pageToken }, 'failed')

test('without a size everything comes, whatever the token', () => {
  for (const size of [0, -1])
    assert.deepEqual(page(size, 'garbage'), { items: letters, nextPageToken: '' })
})

test('pages of any size put together are the list', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), fc.subarray(letters), (size, kept) => {
      const wanted = (item: string) => kept.includes(item)
      const found: string[] = []
      for (let token = ''; ; ) {
        const { items, nextPageToken } = page(size, token, wanted)
        assert.ok(items.length <= size)
        found.push(...items)
        token = nextPageToken
        if (token === '') break
      }
      assert.deepEqual(found, kept)
    }),
  )
})

test('a full last page has a token, and the page after it is empty', () => {
  const { items, nextPageToken } = page(5)
  assert.deepEqual(items, letters)
  assert.deepEqual(page(5, nextPageToken), { items: [], nextPageToken: '' })
})

test('the next page begins after the last item, also when that is gone', () => {
  const { nextPageToken } = page(2)
  const rest = letters.filter((item) => item !== 'b')
  const after = pageOf(rest, same, all, { pageSize: 9, pageToken: nextPageToken }, 'failed')
  assert.deepEqual(after.items, ['c', 'd', 'e'])
})

test('a token that no page came with is refused', () => {
  assert.throws(
    () => page(1, 'garbage'),
    refusedWith('internal', /^failed: could not parse token 'garbage'$/),
  )
})
