/** On a terminal the program has it: one Ctrl-C for one, suspended and resumed by the shell, asked for passwords. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pidIn } from '../background/programs.js'
import { type Keys, onTerminal } from '../contract/harness/terminal.js'
import { Sandbox } from '../harness/sandbox.js'
import { seen } from '../harness/seen.js'
import { until } from '../harness/until.js'

const BASH = 'exec bash --norc --noprofile -i'

/** Types lines into an interactive shell, which has job control. */
async function inShell(sandbox: Sandbox, type: (keys: Keys) => Promise<void>): Promise<string> {
  const { screen } = await onTerminal(sandbox, BASH, { env: { PS1: 'PROMPT$ ' } }, async keys => {
    await keys.press('', 'PROMPT$ ')
    await type(keys)
    await keys.press('exit\n', 'PROMPT$ ')
  })
  return screen
}

const text = (sandbox: Sandbox, file: string): string => {
  const path = join(sandbox.path, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

test('one Ctrl-C reaches the program once; it may live on, also past --kill-after', async () => {
  const sandbox = Sandbox.create()
  sandbox.file(
    'program.sh',
    `trap 'echo got >> got' INT\necho rea''dy\nwhile [ ! -e go ]; do sleep 0.05; done\necho through\nexit 6\n`,
  )
  const screen = await inShell(sandbox, async keys => {
    await keys.press('chaperone run --kill-after 300ms -- sh program.sh; echo "code=$?"\n', 'PROMPT$ ')
    await keys.press('\x03', 'ready')
    await until('the Ctrl-C', () => text(sandbox, 'got') !== '')
    // Longer than --kill-after: nobody but the program decides what Ctrl-C means.
    await until('some time', async () => {
      await new Promise(resolve => setTimeout(resolve, 600))
      return true
    })
    sandbox.file('go', '')
    await keys.press('', 'code=6')
  })
  expect(text(sandbox, 'got')).toBe('got\n')
  expect(screen).toContain('through')
  await sandbox.nothingLeft()
})

test('Ctrl-C ends a program that does not handle it, and all that it started', async () => {
  const sandbox = Sandbox.create()
  sandbox.file(
    'program.sh',
    `setsid sleep 300 >/dev/null 2>&1 </dev/null &\necho $! >child.pid\necho rea''dy\nsleep 301\n`,
  )
  const screen = await inShell(sandbox, async keys => {
    await keys.press('chaperone run -- sh program.sh; echo "code=$?"\n', 'PROMPT$ ')
    await seen(sandbox.path, [await pidIn(sandbox, 'child')])
    await keys.press('\x03', 'ready')
    await keys.press('', 'ended by SIGINT')
  })
  expect(screen).not.toContain('background processes')
  await sandbox.nothingLeft()
})

test('Ctrl-Z suspends the program and us, fg resumes both', async () => {
  const sandbox = Sandbox.create()
  sandbox.file('program.sh', `echo rea''dy\nwhile [ ! -e go ]; do sleep 0.05; done\necho through\nexit 7\n`)
  await inShell(sandbox, async keys => {
    await keys.press('chaperone run -- sh program.sh; echo "code=$?"\n', 'PROMPT$ ')
    await keys.press('\x1a', 'ready')
    await keys.press('jobs -l; echo list""ed\n', 'Stopped')
    await keys.press('', 'listed')
    await until('both to be suspended', () => {
      const states = sandbox
        .survivors()
        .filter(({ command }) => command.includes('program.sh') && !command.includes('script'))
        .map(({ pid }) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0] ?? '')
      // A shell whose child was stopped before its execve(2) waits for that in the kernel (vfork(2)).
      return states.length >= 2 && states.every(state => ['T', 'D'].includes(state))
    })
    sandbox.file('go', '')
    await keys.press('fg; echo "resumed=$?"\n', 'listed')
    await keys.press('', 'resumed=7')
  })
  await sandbox.nothingLeft()
})

test('a program that suspends itself alone suspends us too, and goes on with fg', async () => {
  const sandbox = Sandbox.create()
  sandbox.file('program.sh', `echo before\nkill -STOP $$\necho after\nexit 8\n`)
  await inShell(sandbox, async keys => {
    await keys.press('chaperone run -- sh program.sh\n', 'PROMPT$ ')
    await keys.press('fg; echo "resumed=$?"\n', 'Stopped')
    await keys.press('', 'resumed=8')
  })
  await sandbox.nothingLeft()
})

test('a shell of its own, with job control, gets the terminal and gives it back', async () => {
  const sandbox = Sandbox.create()
  const screen = await inShell(sandbox, async keys => {
    await keys.press('PS1="INN""ER> " chaperone run -- bash --norc --noprofile -i\n', 'PROMPT$ ')
    await keys.press('sleep 300\n', 'INNER> ')
    await until('the sleep', () => sandbox.survivors().some(({ command }) => command === 'sleep 300'))
    await keys.press('\x03', 'sleep 300')
    await until('its end', () => sandbox.survivors().every(({ command }) => command !== 'sleep 300'))
    await keys.press('exit 9\n', '^C')
    await keys.press('echo "code=$?"\n', 'exit code 9')
    await keys.press('', 'code=9')
  })
  expect(screen).not.toContain('no job control')
  await sandbox.nothingLeft()
})

test('a password is asked for on /dev/tty, unseen, whatever is redirected', async () => {
  const sandbox = Sandbox.create()
  sandbox.file(
    'ask.sh',
    `exec 3<>/dev/tty\nstty -echo <&3\nprintf 'Pass''word: ' >&3\nread -r word <&3\nstty echo <&3\necho "$word" > word\ncat\n`,
  )
  sandbox.file('input', 'piped')
  const { screen } = await onTerminal(
    sandbox,
    'chaperone run -- sh ask.sh < input > output 2> errors; echo "code=$?"',
    {},
    keys => keys.press('geheim\n', 'Password: '),
  )
  expect(screen).toContain('code=0')
  expect(screen).not.toContain('geheim')
  expect([text(sandbox, 'word'), text(sandbox, 'output')]).toEqual(['geheim\n', 'piped'])
})

test('a program sees terminals where there are some, and leaves their settings as it likes', async () => {
  const sandbox = Sandbox.create()
  const { screen } = await onTerminal(
    sandbox,
    'chaperone run -- sh -c "test -t 0 && test -t 1 && test -t 2 && echo all three; stty -echo"; stty -a; stty echo',
  )
  expect(screen).toContain('all three')
  expect(screen).toMatch(/ -echo /)
})

test('a descendant that lost its parent on a terminal is the run’s: ended on request, its neighbours are not', async () => {
  const sandbox = Sandbox.create()
  const line =
    "sleep 302 & chaperone run --grace 100ms --on-leftover terminate -- sh -c '(sleep 303 &) ; sleep 0.3; exit 0'; kill $!; wait"
  const { screen } = await onTerminal(sandbox, line)
  expect(screen).toMatch(/background processes:\n {2}pid=\d+ cmd="sleep 303" status=terminated\n/)
  expect(screen).not.toContain('No such process')
  await sandbox.nothingLeft()
})

test('SIGKILL of run on a terminal leaves nothing of its tree', async () => {
  const sandbox = Sandbox.create()
  sandbox.file(
    'program.sh',
    `(sleep 304 &)\nsetsid sleep 305 &\necho $PPID > ppid\necho rea''dy\nsleep 306\n`,
  )
  await inShell(sandbox, async keys => {
    await keys.press('chaperone run -- sh program.sh\n', 'PROMPT$ ')
    await until('its parent', () => text(sandbox, 'ppid').endsWith('\n'))
    process.kill(Number(text(sandbox, 'ppid')), 'SIGKILL')
    await keys.press('', 'Killed')
    await until('the end of all', () =>
      sandbox.survivors().every(({ command }) => !command.startsWith('sleep 30')),
    )
  })
  await sandbox.nothingLeft()
})

test('run ends with its program, whichever of stdin, stdout and stderr is redirected away from the terminal', async () => {
  const sandbox = Sandbox.create()
  const redirections = ['<in', '>out', '2>err']
  sandbox.file('in', '')
  await inShell(sandbox, async keys => {
    for (let chosen = 0; chosen < 2 ** redirections.length; chosen += 1) {
      const away = redirections.filter((_, bit) => chosen & (1 << bit)).join(' ')
      await keys.press(
        `chaperone run -- sh -c 'echo hi; exit 5' ${away}; echo "case ${chosen}=$?"\n`,
        'PROMPT$ ',
      )
      await keys.press('', `case ${chosen}=5`)
      if (away.includes('>out')) expect(text(sandbox, 'out')).toBe('hi\n')
      // The report is the last line, with nothing behind it.
      if (away.includes('2>err'))
        expect(JSON.parse(text(sandbox, 'err').trimEnd().split('\n').at(-1) ?? '').data.exit_code).toBe(5)
    }
    await keys.press(`chaperone run -- yes | head -n 1; echo "piped=$?"\n`, 'PROMPT$ ')
    await keys.press('', 'piped=0')
  })
  await sandbox.nothingLeft()
})
