// What a rule covers: MCP methods and tools, HTTP methods and paths. Names are exact; `"*"` alone
// stands for all of them, and a path may end with `/*`. Nothing is ever compiled to a pattern.

import { TOOL_CALL } from '../call.ts'
import { POLICY_LIMITS } from '../limits.ts'
import type { HttpScope, McpScope, Names, PathPattern } from '../rule.ts'
import { isStar, type Place, quoted, readList, readMapping, readText, report } from './place.ts'

/** The `mcp` part of a rule: `"*"`, or a mapping with `methods`, `tools` or both. */
export function readMcpScope(place: Place): McpScope | undefined {
  if (isStar(place)) return { methods: 'any', tools: 'any' }
  const members = readMapping(place, { required: [], optional: ['methods', 'tools'] })
  if (!members) return undefined
  const methodsPlace = members.get('methods')
  const toolsPlace = members.get('tools')
  if (!methodsPlace && !toolsPlace) {
    report(place, 'expected methods or tools', 'add one of them, or write "*" for all of MCP')
  }
  const methods = methodsPlace ? readNames(methodsPlace, 'MCP methods') : []
  const tools = toolsPlace ? readNames(toolsPlace, 'tools') : []
  if (!methods || !tools) return undefined
  if (methodsPlace && !toolsPlace && includesToolCall(methods)) {
    const message = `expected tools beside a method list that includes ${TOOL_CALL}`
    report(methodsPlace, message, 'add tools: [...], or tools: "*" for every tool')
  }
  return { methods, tools }
}

function includesToolCall(methods: Names): boolean {
  return methods === 'any' || methods.includes(TOOL_CALL)
}

/** The `http` part of a rule: `"*"`, or a mapping with `methods` and `paths`. */
export function readHttpScope(place: Place): HttpScope | undefined {
  if (isStar(place)) return { methods: 'any', paths: [{ kind: 'under', prefix: '/' }] }
  const members = readMapping(place, { required: ['methods', 'paths'] })
  const methodsPlace = members?.get('methods')
  const pathsPlace = members?.get('paths')
  const methods = methodsPlace && readNames(methodsPlace, 'HTTP methods', checkHttpMethod)
  const paths = pathsPlace && readPaths(pathsPlace)
  return methods && paths && { methods, paths }
}

/** The `tcp` part of a rule, which has no finer form. */
export function readTcpScope(place: Place): boolean {
  if (!isStar(place)) report(place, 'expected "*"', 'write tcp: "*"')
  return true
}

function readNames(
  place: Place,
  what: string,
  check: (item: Place, name: string) => void = () => undefined,
): Names | undefined {
  if (isStar(place)) return 'any'
  const items = readList(place, what, { min: 1, max: POLICY_LIMITS.maxListItems })
  if (items?.some(isStar)) return 'any'
  return items?.flatMap((item) => {
    const name = readText(item, 'a name')
    if (name === undefined) return []
    if (!isExactName(name)) {
      const message = `expected an exact name, found ${quoted(name)}`
      report(item, message, 'list the names, or write "*" alone for all of them')
    }
    check(item, name)
    return [name]
  })
}

/** Whether a policy can name this MCP method or tool; a star is never part of a name. */
export function isExactName(name: string): boolean {
  return !name.includes('*')
}

/** Whether a policy can name this HTTP method. */
export function isHttpMethod(name: string): boolean {
  return /^[A-Z][A-Z-]*$/.test(name)
}

/** Whether a policy can name this path. */
export function isExactPath(path: string): boolean {
  return pathProblem(path) === undefined
}

function checkHttpMethod(place: Place, name: string): void {
  if (isHttpMethod(name)) return
  const upper = name.toUpperCase()
  const fix = isHttpMethod(upper) ? `write ${upper}` : 'write a method such as GET'
  report(place, `expected an HTTP method in upper case, found ${quoted(name)}`, fix)
}

function readPaths(place: Place): PathPattern[] | undefined {
  if (isStar(place)) {
    report(place, 'expected a list of paths, found "*"', 'write ["/*"] for every path')
    return undefined
  }
  const items = readList(place, 'paths', { min: 1, max: POLICY_LIMITS.maxListItems })
  return items?.flatMap((item) => readPath(item) ?? [])
}

function readPath(place: Place): PathPattern | undefined {
  const text = readText(place, 'a path')
  if (text === undefined) return undefined
  const isUnder = text.endsWith('/*')
  const path = isUnder ? text.slice(0, -1) : text
  const problem = pathProblem(path)
  if (problem) {
    report(place, `expected ${problem[0]}, found ${quoted(text)}`, problem[1])
    return undefined
  }
  return isUnder ? { kind: 'under', prefix: path } : { kind: 'exact', path }
}

// A path that the proxy would never send cannot match; saying so beats a rule that does nothing.
function pathProblem(path: string): [expected: string, fix: string] | undefined {
  if (!path.startsWith('/')) return ['a path that begins with a slash', 'write /... or "/*"']
  if (path.includes('*')) return ['"*" only as the last segment', 'end the path with /*']
  const segments = path.slice(1).split('/')
  if (segments.includes('.') || segments.includes('..')) {
    return ['a path without dot segments', 'write the path that they lead to']
  }
  if (segments.slice(0, -1).includes('')) {
    return ['a path without empty segments', 'write one slash']
  }
  if (!/^[A-Za-z0-9._~!$&'()+,=:@/-]+$/.test(path)) {
    return [
      "letters, digits and ._~!$&'()+,=:@- in a path",
      'leave out the query; other characters and escapes never reach a decision',
    ]
  }
  return undefined
}
