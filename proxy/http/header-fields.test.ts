import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forwardedFields, isClaim, returnedFields } from './forwarded-fields.ts'
import {
  flatFields,
  isHeaderProblem,
  only,
  readAnswerFields,
  readRequestFields,
} from './header-fields.ts'

const read = (...raw: string[]) => {
  const fields = readRequestFields(raw, 10)
  assert.ok(!isHeaderProblem(fields))
  return fields
}

test('fields keep their values and order, under lower-case names', () => {
  const fields = read('Accept', 'a', 'X-B', '1', 'ACCEPT', 'b')
  assert.deepEqual(
    [...fields],
    [
      ['accept', ['a', 'b']],
      ['x-b', ['1']],
    ],
  )
  assert.equal(only(fields, 'x-b'), '1')
  assert.deepEqual(flatFields(fields), ['accept', 'a', 'accept', 'b', 'x-b', '1'])
})

test('what two readers could take differently is refused', () => {
  const refused = [
    ['Host', 'a', 'host', 'b'],
    ['Content-Type', 'a', 'Content-type', 'a'],
    ['Mcp-Param-City', 'a', 'mcp-param-city', 'b'],
    ['X_Forwarded_For', 'a'],
    ['X-A ', 'a'],
    ['', 'a'],
    ['X-A', 'caf\u00e9'],
    ['X-A', 'a\u0000b'],
    ['X-A', 'a\r\nX-B: b'],
  ]
  for (const raw of refused) assert.ok(isHeaderProblem(readRequestFields(raw, 10)), raw.join())
})

test('more fields than the limit are refused, not dropped', () => {
  const raw = Array.from({ length: 22 }, (_, at) => (at % 2 === 0 ? `x-${at}` : 'v'))
  const problem = readRequestFields(raw, 10)
  assert.ok(isHeaderProblem(problem) && problem.problem === 'too-many')
})

test('fields of one hop, and claims about the caller, end here [MCP-42]', () => {
  const fields = read(
    'Connection',
    'x-gone, Mcp-Name',
    'Keep-Alive',
    'timeout=1',
    'X-Gone',
    '1',
    'Mcp-Name',
    'tool',
    'X-Forwarded-For',
    '1.2.3.4',
    'X-Spiffe-Id',
    'x',
    'Transfer-Encoding',
    'chunked',
    'Accept',
    'a',
  )
  assert.deepEqual([...forwardedFields(fields).keys()], ['mcp-name', 'accept'])
})

test('known spellings of claims are all claims', () => {
  for (const name of [
    'x-forwarded-client-cert',
    'x-forwarded-user',
    'forwarded',
    'x-original-url',
    'x-http-method-override',
    'workload-identity-token',
    'dapr-caller-app-id',
    'ssl-client-cert',
    'x-envoy-original-path',
    'x-countersign-decision-id',
  ])
    assert.ok(isClaim(name), name)
  for (const name of ['authorization', 'accept', 'cookie', 'traceparent']) assert.ok(!isClaim(name))
})

test('an answer keeps what it may say, each cookie of its own, but for our own fields', () => {
  const fields = readAnswerFields([
    'Set-Cookie',
    'a=1',
    'set-cookie',
    'b=2',
    'X-Countersign-Decision-Id',
    'forged',
    'Connection',
    'close, x-hop',
    'X-Hop',
    '1',
    'Content-Length',
    '5',
    'X-Bad',
    'caf\u00e9',
  ])
  assert.deepEqual(
    [...returnedFields(fields)],
    [
      ['set-cookie', ['a=1', 'b=2']],
      ['content-length', ['5']],
    ],
  )
})
