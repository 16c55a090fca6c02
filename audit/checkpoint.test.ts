import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { parseSpiffeId } from '../spiffe/spiffe-id.ts'
import { checkpointBytes, checkpointSigner, isCheckpointSignature } from './checkpoint.ts'
import { makeChainId } from './decision-id.ts'

const head = {
  writer: parseSpiffeId('spiffe://example.org/proxy'),
  chain: makeChainId(Buffer.from('00443214c74254b635cf', 'hex')),
  seq: 258,
  head: 'ab'.repeat(32),
  time: '2026-01-31T12:00:00.000Z',
}

test('the signed bytes are the domain, then each part in one way only', () => {
  const expected = [
    Buffer.from('countersign/audit/v1\0').toString('hex'),
    '001a',
    Buffer.from(head.writer).toString('hex'),
    '0010',
    Buffer.from(head.chain).toString('hex'),
    '0000000000000102',
    'ab'.repeat(32),
    '0018',
    Buffer.from(head.time).toString('hex'),
  ]
  assert.equal(Buffer.from(checkpointBytes(head)).toString('hex'), expected.join(''))
})

test('each kind of SVID key signs, and only its own signature over these bytes holds', () => {
  const bytes = checkpointBytes(head)
  const keys = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ]
  for (const key of keys) {
    const signature = checkpointSigner(key)(bytes)
    assert.ok(isCheckpointSignature(createPublicKey(key), bytes, signature))
    const other = checkpointBytes({ ...head, seq: head.seq + 1 })
    assert.ok(!isCheckpointSignature(createPublicKey(key), other, signature))
    assert.ok(!isCheckpointSignature(createPublicKey(key), bytes, signature.subarray(1)))
    for (const stranger of keys.filter((each) => each !== key))
      assert.ok(!isCheckpointSignature(createPublicKey(stranger), bytes, signature))
  }
})

test('a key of another kind signs nothing and verifies nothing', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  assert.throws(() => checkpointSigner(privateKey), TypeError)
  assert.ok(!isCheckpointSignature(publicKey, checkpointBytes(head), Buffer.alloc(64)))
})
