import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { requirements } from './requirements.ts'
import { projectFolder } from './support/vectors.ts'

const idPattern = /^[A-Z][A-Z\d]*-\d+$/

/** The call that names a test, its quotation mark, and the title in it. */
const titlePattern = /\b(?:test|it|describe)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs

/** Where each id is cited. Sources are read, so that tests count which another run of files has. */
function citations(): Map<string, string[]> {
  const cited = new Map<string, string[]>()
  for (const file of testFiles()) {
    const source = readFileSync(path.join(projectFolder(), file), 'utf8')
    for (const [, , title = ''] of source.matchAll(titlePattern))
      for (const id of citedIn(title, source)) cited.set(id, [...(cited.get(id) ?? []), file])
  }
  return cited
}

/**
 * The words in brackets at the end of a title, if one of them looks like an id. Where the test is
 * in a loop over a table and the title ends with `[${row}]`, every `row: '...'` of the file.
 */
function citedIn(title: string, source: string): string[] {
  const cited = /\[([^\][]*)\]$/.exec(title)?.[1] ?? ''
  const member = /^\$\{(\w+)\}$/.exec(cited)?.[1]
  const texts =
    member === undefined
      ? [cited]
      : [...source.matchAll(new RegExp(`\\b${member}: '([^']*)'`, 'g'))].map(
          ([, text = '']) => text,
        )
  const words = texts.flatMap((text) => text.split(' '))
  return words.some((word) => /[A-Z]-?\d/.test(word)) ? words : []
}

/** Relative to the project: every test of ours, and the suites that several tests run. */
function testFiles(): string[] {
  const folders = readdirSync(projectFolder(), { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !/^(?:\.|node_modules$|dist$)/.test(entry.name),
  )
  return folders.flatMap(({ name }) =>
    readdirSync(path.join(projectFolder(), name), { recursive: true, encoding: 'utf8' })
      .map((file) => path.join(name, file))
      .filter((file) => file.endsWith('.test.ts') || /^test\/contracts\/[^/]+\.ts$/.test(file)),
  )
}

const ids = requirements.flatMap(({ texts }) => Object.keys(texts))

test('each requirement has one id', () => {
  assert.deepEqual(
    ids.filter((id, at) => ids.indexOf(id) !== at),
    [],
    'twice in the table',
  )
  assert.deepEqual(
    ids.filter((id) => !idPattern.test(id)),
    [],
    'not an id',
  )
})

test('each requirement is cited by a test', () => {
  const cited = citations()
  assert.deepEqual(
    ids.filter((id) => !cited.has(id)),
    [],
    'cited by no test',
  )
})

test('a test cites what is required', () => {
  const known = new Set<string>(ids)
  const unknown = [...citations()].filter(([id]) => !known.has(id))
  assert.deepEqual(unknown, [], 'cited, and not in the table')
})
