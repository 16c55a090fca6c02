import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson } from '../../spiffe/json/read.ts'
import { writeJson } from '../../spiffe/json/write.ts'
import { filterToolList } from './tool-list.ts'

function filtered(text: string): string | undefined {
  const result = filterToolList(readJson(Buffer.from(text)), (tool) => tool.startsWith('get'))
  return result === undefined ? undefined : Buffer.from(writeJson(result)).toString()
}

test('only tools that could be called are shown, in their order and as they were [ACC-5]', () => {
  assert.equal(
    filtered(
      '{"tools":[{"name":"get_b","x":1.0},{"name":"del"},{"name":"get_a"}],"nextCursor":"c"}',
    ),
    '{"tools":[{"name":"get_b","x":1.0},{"name":"get_a"}],"nextCursor":"c"}',
  )
})

test('a filtered list is private and cached shortly [MCP-38]', () => {
  assert.equal(
    filtered('{"tools":[],"ttlMs":3600000,"cacheScope":"public"}'),
    '{"tools":[],"ttlMs":30000,"cacheScope":"private"}',
  )
  assert.equal(filtered('{"tools":[],"ttlMs":5}'), '{"tools":[],"ttlMs":5,"cacheScope":"private"}')
  assert.match(filtered('{"tools":[],"ttlMs":-1}') ?? '', /"ttlMs":0/)
  assert.match(filtered('{"tools":[],"ttlMs":"x"}') ?? '', /"ttlMs":0/)
})

test('a list that cannot be read is no list', () => {
  for (const text of [
    '[]',
    '{}',
    '{"tools":{}}',
    '{"tools":["get"]}',
    '{"tools":[{"Name":"get"}]}',
  ])
    assert.equal(filtered(text), undefined, text)
})
