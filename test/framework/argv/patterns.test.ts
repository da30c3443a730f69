/** The built-in shapes of identifiers. */
import { expect, test } from 'vitest'
import { checkPatternType } from '../../../framework/argv/patterns.js'

test.each([
  ['alphanumeric_id', 'prod-east_1'],
  ['uuid', '123E4567-e89b-12d3-a456-426614174000'],
  ['semver', '1.0.0-rc.1+build.5'],
  ['filepath', '/home/user/file name.txt'],
  ['filepath', '../up'],
  ['filepath', 'what?#&'],
  ['filepath', '100%'],
  ['url', 'https://example.com/a?b#c'],
] as const)('%s accepts %s', (type, value) => {
  expect(checkPatternType(value, type)).toBeNull()
})

test.each([
  ['alphanumeric_id', ''],
  ['alphanumeric_id', '-leading'],
  ['alphanumeric_id', 'a.b'],
  ['alphanumeric_id', 'a/b'],
  ['alphanumeric_id', 'a b'],
  ['uuid', '123e4567'],
  ['semver', '1.0'],
  ['semver', '01.0.0'],
  ['url', 'example.com'],
  ['url', 'mailto:a@b'],
  ['url', 'http://'],
  ['filepath', ''],
] as const)('%s refuses %j as misshapen', (type, value) => {
  const fault = checkPatternType(value, type)
  expect(fault?.problem).toMatch(/^must /)
  expect(fault).not.toHaveProperty('rejected_pattern')
})

test.each([
  ['alphanumeric_id', '../etc/passwd', 'path_traversal'],
  ['alphanumeric_id', 'a..\\b', 'path_traversal'],
  ['uuid', '..%2F', 'encoded_path_traversal'],
  ['semver', '%2e.', 'encoded_path_traversal'],
  ['filepath', '/a/%2e%2e/b', 'encoded_path_traversal'],
  ['alphanumeric_id', 'me%40home', 'percent_encoding'],
  ['alphanumeric_id', 'id&x', 'query_parameters'],
  ['alphanumeric_id', 'id#x', 'fragment'],
] as const)('%s refuses %j as invented (%s)', (type, value, name) => {
  expect(checkPatternType(value, type)?.rejected_pattern).toBe(name)
})
