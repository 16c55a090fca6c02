import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  commonName,
  generalName,
  type Issued,
  issue,
  issueTime,
  nameConstraints,
  read,
} from '../../test/support/issue.ts'
import { der, oid, sequence, setOf } from '../der/writer.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { verifyPath } from './verify-path.ts'

const { dns, email, uri, ip, directory, registeredId } = generalName
type Lists = Parameters<typeof nameConstraints>[0]

function verdict(lists: Lists, leaf: Partial<Parameters<typeof issue>[0]>): string {
  const root = issue({ subject: 'root', isCa: true, extensions: [nameConstraints(lists)] })
  return verdictUnder([root], { subject: 'leaf', ...leaf })
}

/** Root first. */
function verdictUnder(cas: readonly Issued[], leaf: Parameters<typeof issue>[0]): string {
  const [root] = cas
  const issuer = cas.at(-1)
  if (root === undefined || issuer === undefined) throw new TypeError('a root is needed')
  try {
    verifyPath(read(issue({ ...leaf, issuer })), cas.map(read), [read(root)], issueTime)
    return 'accepted'
  } catch (error) {
    if (error instanceof SpiffeError) return error.message
    throw error
  }
}

/** A constraint, names that are within it, names that are not. */
const table: readonly (readonly [what: string, Uint8Array, Uint8Array[], Uint8Array[]])[] = [
  [
    'host and all below it',
    dns('example.org'),
    [dns('example.org'), dns('a.b.Example.ORG'), dns('*.example.org')],
    [dns('notexample.org'), dns('example.com'), dns('org')],
  ],
  ['any host', dns(''), [dns('example.org')], []],
  [
    'URI of one host',
    uri('example.org'),
    [uri('spiffe://example.org/a'), uri('https://u@EXAMPLE.org:8443?q')],
    [uri('spiffe://a.example.org/a'), uri('spiffe://notexample.org/a')],
  ],
  [
    'URI of a host below',
    uri('.example.org'),
    [uri('spiffe://a.example.org/a'), uri('spiffe://a.b.example.org')],
    [uri('spiffe://example.org/a'), uri('spiffe://aexample.org')],
  ],
  [
    'mailbox',
    email('a@example.org'),
    [email('a@example.org'), email('a@EXAMPLE.org')],
    [email('A@example.org'), email('b@example.org'), email('a@x.example.org')],
  ],
  [
    'mailboxes of a host',
    email('example.org'),
    [email('b@example.org')],
    [email('b@a.example.org')],
  ],
  ['mailboxes below', email('.example.org'), [email('b@a.example.org')], [email('b@example.org')]],
  [
    'IPv4 network',
    ip(10, 1, 0, 0, 255, 255, 0, 0),
    [ip(10, 1, 2, 3)],
    [ip(10, 2, 0, 0), ip(...Array.from({ length: 16 }, () => 0))],
  ],
  [
    'directory subtree',
    directory(commonName('Example  Corp')),
    [directory(commonName('example corp'))],
    [directory(commonName('other'))],
  ],
]

for (const [what, base, within, outside] of table) {
  test(`constraint on ${what}: names within are permitted or excluded, others not`, () => {
    const subject = base[0] === 0xa4 ? commonName('EXAMPLE CORP') : 'leaf'
    for (const name of within) {
      assert.equal(verdict({ permitted: [base] }, { subject, names: [name] }), 'accepted')
      assert.match(verdict({ excluded: [base] }, { subject: 'leaf', names: [name] }), /is excluded/)
    }
    for (const name of outside) {
      assert.match(verdict({ permitted: [base] }, { subject, names: [name] }), /not permitted/)
      assert.equal(verdict({ excluded: [base] }, { subject: 'leaf', names: [name] }), 'accepted')
    }
  })
}

test('a name of another form is not constrained', () => {
  assert.equal(
    verdict({ permitted: [dns('a.test')] }, { names: [uri('spiffe://b.test/x')] }),
    'accepted',
  )
})

test('every name counts, and exclusion wins', () => {
  const names = [dns('a.test'), dns('b.test')]
  assert.match(verdict({ permitted: [dns('a.test')] }, { names }), /not permitted/)
  assert.equal(verdict({ permitted: [dns('a.test'), dns('b.test')] }, { names }), 'accepted')
  const both = { permitted: [dns('test')], excluded: [dns('b.test')] }
  assert.match(verdict(both, { names }), /is excluded/)
})

test('a wildcard is excluded by any name that it stands for', () => {
  assert.match(
    verdict({ excluded: [dns('a.b.test')] }, { names: [dns('*.b.test')] }),
    /is excluded/,
  )
  assert.equal(verdict({ excluded: [dns('a.b.test')] }, { names: [dns('*.c.test')] }), 'accepted')
})

test('the subject is a directory name, and may hold mailboxes and what looks like a host', () => {
  const mail = sequence(
    setOf(sequence(oid('1.2.840.113549.1.9.1'), der(0x16, Buffer.from('a@b.test')))),
  )
  assert.match(verdict({ permitted: [directory(commonName('x'))] }, {}), /not permitted/)
  assert.match(verdict({ permitted: [email('c.test')] }, { subject: mail }), /not permitted/)
  assert.match(verdict({ permitted: [dns('c.test')] }, { subject: 'b.test' }), /not permitted/)
  assert.equal(verdict({ permitted: [dns('c.test')] }, { subject: 'Joe Bloggs' }), 'accepted')
  const named = { subject: 'b.test', names: [dns('c.test')] }
  assert.equal(verdict({ permitted: [dns('c.test')] }, named), 'accepted')
})

test('names that cannot be held against a constraint of their form are refused', () => {
  const uncomparable: readonly (readonly [Uint8Array, Uint8Array])[] = [
    [uri('example.org'), uri('urn:example.org')],
    [uri('example.org'), uri('spiffe://10.0.0.1/x')],
    [uri('example.org'), uri('https://[::1]/x')],
    [dns('example.org'), dns('.example.org')],
    [dns('example.org'), dns('a..example.org')],
    [dns('example.org'), dns('example.org.')],
    [email('example.org'), email('a@b@example.org')],
    [email('example.org'), email('example.org')],
    [registeredId(Uint8Array.of(0x2a)), registeredId(Uint8Array.of(0x2a))],
  ]
  for (const [base, name] of uncomparable) {
    const permitted = verdict({ permitted: [base] }, { names: [name] })
    assert.match(permitted, /cannot be held against/)
    assert.match(verdict({ excluded: [base] }, { names: [name] }), /cannot be held against/)
  }
})

test('constraints that make no sense refuse the CA, whatever the leaf is called', () => {
  const malformed = [
    dns('.example.org'),
    dns('*.example.org'),
    dns('example..org'),
    uri('spiffe://example.org'),
    email('@example.org'),
    ip(10, 0, 0, 0, 255, 0, 255, 0),
  ]
  for (const base of malformed) {
    assert.match(verdict({ permitted: [base] }, {}), /malformed/)
    assert.match(verdict({ excluded: [base] }, {}), /malformed/)
  }
})

test('constraints of all CAs above apply, and self-issued CAs are exempt', () => {
  const narrow = nameConstraints({ permitted: [dns('a.test')] })
  const wide = nameConstraints({ permitted: [dns('test')] })
  const root = issue({ subject: 'root', isCa: true, extensions: [narrow] })
  const lower = issue({ subject: 'lower', issuer: root, isCa: true, extensions: [wide] })
  const stray = issue({ subject: 'stray', issuer: root, isCa: true, names: [dns('b.test')] })
  const rollover = issue({ subject: 'root', issuer: root, isCa: true, names: [dns('b.test')] })
  const inside = { subject: 'leaf', names: [dns('x.a.test')] }
  assert.equal(verdictUnder([root, lower], inside), 'accepted')
  assert.match(
    verdictUnder([root, lower], { subject: 'leaf', names: [dns('b.test')] }),
    /permitted/,
  )
  assert.match(verdictUnder([root, stray], inside), /not permitted/)
  assert.equal(verdictUnder([root, rollover], inside), 'accepted')
})

test('too many names times constraints end with a refusal', () => {
  const many = Array.from({ length: 600 }, (_, at) => dns(`h${at}.test`))
  assert.match(verdict({ permitted: many }, { names: many }), /too many names/)
  assert.equal(verdict({ permitted: many }, { names: many.slice(0, 100) }), 'accepted')
})
