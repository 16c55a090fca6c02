import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  commonName,
  extension,
  generalName,
  type Issued,
  issue,
  nameConstraints,
  read,
} from '../../test/support/issue.ts'
import { der, integer, octetString, oid, sequence } from '../der/writer.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { maxCertificateBytes, parseCertificate, readCertificates } from './certificate.ts'
import { readName } from './name.ts'

const root = issue({ subject: 'root', isCa: true })

/** A leaf with every extension that is read. */
const rich = issue({
  subject: 'leaf',
  issuer: root,
  isCa: true,
  pathLength: 3,
  names: [
    generalName.uri('spiffe://example.org/workload'),
    generalName.dns('a.example.org'),
    generalName.email('a@example.org'),
    generalName.ip(10, 0, 0, 1),
    generalName.directory(commonName('x')),
    generalName.registeredId(Uint8Array.of(0x2a, 0x03)),
  ],
  extensions: [
    nameConstraints({ permitted: [generalName.dns('example.org')] }),
    extension('2.5.29.14', octetString(Buffer.from('0102', 'hex'))),
    extension('2.5.29.35', sequence(der(0x80, Buffer.from('0304', 'hex')))),
    extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.32', sequence(sequence(oid('1.2.3')))),
  ],
})

function refusal({ der: bytes }: Issued): string {
  try {
    parseCertificate(bytes)
  } catch (error) {
    if (error instanceof SpiffeError) return error.message
    throw error
  }
  return 'accepted'
}

function withExtension(...extensions: readonly Uint8Array[]): string {
  return refusal(issue({ subject: 'leaf', issuer: root, extensions }))
}

test('what a certificate says is read', () => {
  const certificate = read(rich)
  assert.equal(certificate.version, 3)
  assert.equal(certificate.serial, '01')
  assert.equal(certificate.isCa, true)
  assert.deepEqual(certificate.subject, Buffer.from(commonName('leaf')))
  assert.deepEqual(certificate.issuer, Buffer.from(commonName('root')))
  assert.equal(certificate.notBefore.toISOString(), '2029-01-01T00:00:00.000Z')
  assert.equal(certificate.subjectKeyId, '0102')
  assert.equal(certificate.authorityKeyId, '0304')
  assert.deepEqual(certificate.extensions.basicConstraints, { isCa: true, pathLength: 3 })
  assert.deepEqual([...(certificate.extensions.keyUsage ?? [])], [5, 6])
  assert.equal(certificate.extensions.subjectAltNames?.length, 6)
})

test('certificates follow one another without separator', () => {
  const list = readCertificates(Buffer.concat([rich.der, root.der]))
  assert.deepEqual(
    list.map((one) => Buffer.from(one.der)),
    [rich.der, root.der],
  )
  assert.deepEqual(readCertificates(new Uint8Array()), [])
  assert.throws(() => readCertificates(Buffer.concat([rich.der, Buffer.of(0)])), SpiffeError)
})

test('a changed byte is refused with a SpiffeError or read, never anything else', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: rich.der.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      fc.nat({ max: 3 }),
      (at, flip, cut) => {
        const changed = Buffer.from(rich.der.subarray(0, rich.der.length - cut))
        changed[Math.min(at, changed.length - 1)] = (changed[at] ?? 0) ^ flip
        refusal({ ...rich, der: changed })
      },
    ),
    { numRuns: 2000 },
  )
})

test('serial numbers are positive and have at most 20 bytes', () => {
  const serial = (...bytes: readonly number[]): string =>
    refusal(issue({ subject: 'leaf', issuer: root, serial: Uint8Array.from(bytes) }))
  assert.equal(serial(...Array.from({ length: 20 }, () => 0x7f)), 'accepted')
  assert.match(serial(...Array.from({ length: 20 }, () => 0xff)), /longer than 20 bytes/)
  assert.match(serial(0), /zero/)
})

test('an extension occurs once, and key ids are not critical', () => {
  const unknown = extension('1.2.3.4', nullContents)
  assert.equal(withExtension(unknown), 'accepted')
  assert.match(withExtension(unknown, unknown), /occurs twice/)
  assert.match(
    withExtension(extension('2.5.29.14', octetString(nullContents), 'critical')),
    /critical/,
  )
})

test('extensions that break their own form are refused', () => {
  const malformed: readonly (readonly [what: string, der: Uint8Array])[] = [
    ['no names', extension('2.5.29.17', sequence())],
    ['no purposes', extension('2.5.29.37', sequence())],
    ['no policies', extension('2.5.29.32', sequence())],
    ['no access descriptions', extension('1.3.6.1.5.5.7.1.1', sequence())],
    ['empty name constraints', extension('2.5.29.30', sequence())],
    ['name constraint with a minimum', nameConstraints({ permitted: [minimumOne] })],
    ['issuer without serial number', extension('2.5.29.35', sequence(der(0xa1)))],
    ['address of five bytes', extension('2.5.29.17', sequence(generalName.ip(1, 2, 3, 4, 5)))],
    ['name of another type', extension('2.5.29.17', sequence(der(0x0c, Buffer.from('x'))))],
    ['name that is not ASCII', extension('2.5.29.17', sequence(generalName.dns('é')))],
    [
      'trailing bytes',
      extension('2.5.29.17', Buffer.concat([sequence(generalName.dns('a')), nullContents])),
    ],
  ]
  for (const [what, bytes] of malformed) assert.notEqual(withExtension(bytes), 'accepted', what)
})

test('a path length stands only in a CA', () => {
  assert.notEqual(refusal(issue({ subject: 'x', issuer: root, pathLength: 0 })), 'accepted')
})

test('a certificate has a size limit', () => {
  const padding = extension('1.2.3.4', octetString(Buffer.alloc(maxCertificateBytes)))
  assert.match(withExtension(padding), /larger than/)
})

test('names are equal whatever their case, blanks and type of string', () => {
  const attribute = (tag: number, text: string): Uint8Array =>
    sequence(der(0x31, sequence(oid('2.5.4.3'), der(tag, Buffer.from(text, 'utf8')))))
  const key = (tag: number, text: string): string => readName(attribute(tag, text)).key
  assert.equal(key(0x0c, ' Root  CA '), key(0x13, 'root ca'))
  assert.notEqual(key(0x0c, 'rootca'), key(0x13, 'root ca'))
  assert.notEqual(key(0x04, 'root'), key(0x04, 'Root'))
  assert.throws(() => key(0x0c, '\ud800'.normalize()) && key(0x13, 'é'), SpiffeError)
})

const nullContents = Buffer.of(0x05, 0x00)
const minimumOne = Buffer.concat([generalName.dns('a'), der(0x80, integer(1).subarray(2))])
