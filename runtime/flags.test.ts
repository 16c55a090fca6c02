import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flagUsage, parseFlags } from './flags.ts'

const specs = {
  config: { kind: 'string', help: 'Path to the configuration', default: 'conf/server.yaml' },
  spiffeID: { kind: 'string', help: 'The SPIFFE ID' },
  x509SVIDTTL: { kind: 'int', help: 'Seconds' },
  selector: { kind: 'list', help: 'A selector' },
  admin: { kind: 'bool', help: 'Is an administrator' },
  timeout: { kind: 'duration', help: 'How long to wait', default: '1s' },
  output: {
    kind: 'choice',
    help: 'Form of the output',
    default: 'pretty',
    choices: ['pretty', 'json'],
    badChoice: 'expected pretty or json, got',
  },
} as const

function valuesOf(...argv: readonly string[]) {
  const parsed = parseFlags(argv, specs)
  if (!('values' in parsed)) assert.fail(JSON.stringify(parsed))
  return parsed.values
}

function problemOf(...argv: readonly string[]): string {
  const parsed = parseFlags(argv, specs)
  return 'problem' in parsed ? parsed.problem : 'accepted'
}

test('absent flags have their defaults, and only those given are listed', () => {
  const parsed = parseFlags(['-admin'], specs)
  assert.ok('values' in parsed)
  assert.deepEqual(parsed.values, {
    config: 'conf/server.yaml',
    spiffeID: '',
    x509SVIDTTL: 0,
    selector: [],
    admin: true,
    timeout: 1000,
    output: 'pretty',
  })
  assert.deepEqual([...parsed.given], ['admin'])
})

test('one hyphen, two hyphens, with and without an equals sign say the same', () => {
  for (const argv of [['-spiffeID', 'x'], ['--spiffeID', 'x'], ['-spiffeID=x'], ['--spiffeID=x']])
    assert.equal(valuesOf(...argv).spiffeID, 'x', argv.join(' '))
  assert.equal(valuesOf('-spiffeID=a=b').spiffeID, 'a=b')
  assert.equal(valuesOf('-spiffeID', '-admin').spiffeID, '-admin')
  assert.equal(valuesOf('-spiffeID=').spiffeID, '')
})

test('our own spelling has hyphens between words, behind two hyphens only', () => {
  assert.equal(valuesOf('--spiffe-id', 'x').spiffeID, 'x')
  assert.equal(valuesOf('--x509-svid-ttl', '60').x509SVIDTTL, 60)
  assert.equal(problemOf('-spiffe-id', 'x'), 'flag provided but not defined: -spiffe-id')
  assert.equal(problemOf('--Spiffe-Id', 'x'), 'flag provided but not defined: -Spiffe-Id')
})

test('a list grows, another flag takes its last value', () => {
  assert.deepEqual(valuesOf('-selector', 'a', '-selector=b').selector, ['a', 'b'])
  assert.equal(valuesOf('-spiffeID', 'a', '-spiffeID', 'b').spiffeID, 'b')
})

test('a boolean takes no separate word', () => {
  const parsed = parseFlags(['-admin', 'false', '-config', 'x'], specs)
  assert.ok('values' in parsed)
  assert.equal(parsed.values.admin, true)
  assert.deepEqual(parsed.rest, ['false', '-config', 'x'])
  for (const text of ['0', 'f', 'F', 'false', 'FALSE', 'False'])
    assert.equal(valuesOf(`-admin=${text}`).admin, false)
})

test('the first word that is no flag ends them, and so do two hyphens', () => {
  const rest = (...argv: readonly string[]) => {
    const parsed = parseFlags(argv, specs)
    return 'rest' in parsed ? parsed.rest : undefined
  }
  assert.deepEqual(rest('-admin', 'a', '-b'), ['a', '-b'])
  assert.deepEqual(rest('-admin', '--', '-b'), ['-b'])
  assert.deepEqual(rest('-', '-admin'), ['-', '-admin'])
})

test('where flags may follow words, only two hyphens end them', () => {
  const parsed = parseFlags(['a', '-admin', 'b', '-', '-spiffeID', 'x', '--', '-c'], specs, {
    flagsAfterWords: true,
  })
  assert.ok('values' in parsed)
  assert.deepEqual(parsed.rest, ['a', 'b', '-', '-c'])
  assert.equal(parsed.values.spiffeID, 'x')
})

test('each wrong flag is named with what is wrong, in the words of Go [BAD-1]', () => {
  const expected: readonly (readonly [readonly string[], string])[] = [
    [['-nope'], 'flag provided but not defined: -nope'],
    [['-constructor', 'x'], 'flag provided but not defined: -constructor'],
    [['---admin'], 'bad flag syntax: ---admin'],
    [['-=x'], 'bad flag syntax: -=x'],
    [['-config'], 'flag needs an argument: -config'],
    [['-x509SVIDTTL', 'ten'], 'invalid value "ten" for flag -x509SVIDTTL: parse error'],
    [['-x509SVIDTTL', '1.5'], 'invalid value "1.5" for flag -x509SVIDTTL: parse error'],
    [['-timeout', 'x'], 'invalid value "x" for flag -timeout: time: invalid duration "x"'],
    [['-admin=maybe'], 'invalid boolean value "maybe" for -admin: parse error'],
    [
      ['-output', 'xml'],
      'invalid value "xml" for flag -output: expected pretty or json, got "xml"',
    ],
  ]
  for (const [argv, problem] of expected) assert.equal(problemOf(...argv), problem)
})

test('help is asked for by -h and -help, unless a flag has that name', () => {
  for (const word of ['-h', '-help', '--help'])
    assert.deepEqual(parseFlags([word], specs), { helpWanted: true })
  const own = { h: { kind: 'bool', help: 'Its own' } } as const
  assert.ok('values' in parseFlags(['-h'], own))
})

test('the usage lists every flag in order, with kind, help and default', () => {
  const usage = flagUsage('server run', specs)
  assert.ok(usage.startsWith('Usage of server run:\n  -admin\n    \tIs an administrator\n'))
  for (const name of Object.keys(specs)) assert.match(usage, new RegExp(`^  -${name}\\b`, 'm'))
  assert.match(
    usage,
    /-config string\n {4}\tPath to the configuration \(default "conf\/server\.yaml"\)/,
  )
})
