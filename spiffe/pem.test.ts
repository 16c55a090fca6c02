import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maxPemLength, readPem, writePem } from './pem.ts'
import { SpiffeError } from './spiffe-error.ts'

test('blocks that were written are read again in order', () => {
  const blocks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 })
  fc.assert(
    fc.property(blocks, (ders) => {
      const text = ders.map((der) => writePem('CERTIFICATE', der)).join('\n')
      assert.deepEqual(
        readPem(text, 'CERTIFICATE').map((der) => [...der]),
        ders.map((der) => [...der]),
      )
    }),
  )
})

test('lines may end as Windows ends them', () => {
  const text = writePem('CERTIFICATE', Buffer.alloc(100)).replaceAll('\n', '\r\n')
  assert.equal(readPem(text)[0]?.length, 100)
})

test('what is not a plain block is refused', () => {
  const block = writePem('CERTIFICATE', Buffer.alloc(100))
  const refused: Readonly<Record<string, string>> = {
    'text before': `hello\n${block}`,
    'text after': `${block}hello`,
    'no end': block.slice(0, -20),
    'another end': block.replace('END CERT', 'END X'),
    'a header': block.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n'),
    'a blank in the base64': block.replace('AAAA', 'AA AA'),
    'padding in the middle': block.replace('AAAA', 'AA=='),
    'bits that count for nothing': '-----BEGIN CERTIFICATE-----\nAB==\n-----END CERTIFICATE-----\n',
    'nothing inside': '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
    'another label': writePem('PRIVATE KEY', Buffer.alloc(3)),
    'too long': '\n'.repeat(maxPemLength + 1),
  }
  for (const [what, text] of Object.entries(refused)) {
    assert.throws(() => readPem(text, 'CERTIFICATE'), { code: 'ERR_PEM' }, what)
  }
})

test('any text gives blocks or a SpiffeError', () => {
  const lines = fc.constantFrom(
    '-----BEGIN A-----',
    '-----END A-----',
    'AAAA',
    'AA==',
    '',
    '-',
    '\r',
  )
  fc.assert(
    fc.property(fc.array(lines), (parts) => {
      assert.ok(isReadOrRefused(parts.join('\n')))
    }),
  )
})

function isReadOrRefused(text: string): boolean {
  try {
    readPem(text)
    return true
  } catch (error) {
    return error instanceof SpiffeError
  }
}
