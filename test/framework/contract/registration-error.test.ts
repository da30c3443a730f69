import { expect, test } from 'vitest'
import { RegistrationError } from '../../../framework/contract/registration-error.js'
import { sound, violations, watcher } from './contracts.js'

/** One of the tool itself. */
const violation = {
  code: 'TOOL_NAME_MALFORMED',
  command: '',
  place: 'name',
  message: 'No name.',
  fix: 'Give one.',
}

test('a registration error names every violation with its fix', async () => {
  const found = await violations(
    sound({ exit_codes: {} }),
    watcher({ cleanup_command: 'nobody', max_lifetime_seconds: 0 }),
  )
  const error = new RegistrationError(found)
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe('RegistrationError')
  expect(error.violations).toEqual(found)
  expect(error.message.split('\n')[0]).toBe('3 violations in 2 commands:')
  for (const { code, command, place, fix } of found) {
    expect(error.message).toContain(`${code} ${command}: ${place}: `)
    expect(error.message).toContain(fix)
  }
})

test('one violation is one violation', () => {
  expect(new RegistrationError([violation]).message).toBe(
    '1 violation in the tool:\n  TOOL_NAME_MALFORMED the tool: name: No name. Give one.',
  )
})

test('the tool is no command, where both are refused', async () => {
  const found = await violations(sound({ exit_codes: {} }))
  const [line] = new RegistrationError([violation, ...found]).message.split('\n')
  expect(line).toBe(`${found.length + 1} violations in the tool and 1 command:`)
})
