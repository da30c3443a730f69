/** A manifest that uses every field there is, and ways to change one part of it. */
import type { CommandEntry, ManifestResponse } from '../../schemas/generated/types.js'

export const success = {
  name: 'SUCCESS',
  description: 'Done',
  retryable: false,
  side_effects: 'complete',
} as const

export const bare = {
  description: 'Say something',
  danger_level: 'safe',
  required_scopes: [],
  flags: {},
  exit_codes: {},
} as const satisfies CommandEntry

export const whole: ManifestResponse = {
  schema_version: '3.21',
  framework_version: '2.3.1',
  etag: 'sha256:00',
  flags: {
    format: {
      type: 'enum',
      required: false,
      description: 'How to answer',
      enum_values: ['json', 'html'],
      env_vars: [{ name: 'MY_TOOL_FORMAT' }],
      media_types: { html: 'text/html' },
    },
  },
  exit_codes: { '0': success, '130': { ...success, name: 'SIGINT', side_effects: 'partial' } },
  dependencies: [
    {
      name: 'tmux',
      check_command: 'tmux -V',
      min_version: '3.2',
      version_regex: '(.*)',
      fix_command: 'apt install tmux',
    },
  ],
  env_vars: [{ name: 'MY_TOOL_STATE_DIR', description: 'Where runs are recorded' }],
  secret_env_vars: ['MY_TOOL_TOKEN'],
  commands: {
    'start-watcher': {
      ...bare,
      builtin: false,
      aliases: ['watch'],
      examples: [{ description: 'Here', command: 'my-tool start-watcher --dir .' }],
      output_schema: { type: 'object' },
      output_formats: ['html'],
      output_media_types: { html: 'text/html' },
      output_file: 'formatted',
      output_file_base: 'cwd',
      stdin: { mode: 'records', max_line_bytes: 1024, record_schema: { type: 'object' } },
      idempotent: true,
      option_placement: 'strict',
      arguments: 'declared',
      mcp: false,
      stderr: 'child_log',
      interactive: true,
      requires_person: true,
      has_network_io: false,
      steps: ['scan', 'watch'],
      spawns_background_process: true,
      cleanup_command: 'my-tool stop-watcher',
      max_lifetime_seconds: 3600,
      filesystem_side_effects: [
        { path: '~/.cache/my-tool', type: 'cache', ttl_seconds: 60, clearable_with: 'my-tool cleanup' },
        { path: 'report.html', type: 'output' },
      ],
      secret_env_vars: [],
      platform: ['linux'],
      required_tools: { git: '*' },
      subprocess: { binary: 'git', user_controlled_args: ['dir'], hardcoded_args: ['status'] },
      headless_supported: false,
      token_env_vars: ['MY_TOOL_TOKEN'],
      requires_editor: true,
      non_interactive_alternatives: ['message'],
      gui_operations: ['browser_open'],
      headless_behavior: 'emit_in_output',
      config_write_scope: 'session',
      requires: [
        { if_flag: 'mode', if_value: false, then_required: ['dir'] },
        { if_flag: 'dir', prohibited: ['all'] },
        { if_flag: 'dir', target_flag: 'depth', default: 1 },
        { any_of: ['dir', 'all'] },
        { one_of: ['dir', 'all'] },
      ],
      flags: {
        dir: {
          type: 'string',
          required: true,
          description: 'What to watch',
          pattern_type: 'filepath',
          short: 'd',
        },
        depth: { type: 'integer', required: false, description: 'How deep', enum_values: [1, 2], default: 1 },
        tags: { type: 'array', required: false, description: 'Marks', schema: { type: 'string' } },
      },
      positionals: [
        { name: 'kind', type: 'enum', required: true, description: 'Of what', enum_values: ['file', 'dir'] },
        { name: 'rest', type: 'string', required: false, description: 'More', variadic: true },
      ],
      exit_codes: { '79': { ...success, name: 'TOO_MANY', side_effects: 'none', retryable: true } },
    },
    watch: { ...bare, subcommands: ['watch.stop'], async: true, job_descriptor_schema: { type: 'object' } },
    'watch.stop': { ...bare, danger_level: 'mutating', confirm_flag: 'yes', safe_default: false },
    serve: { ...bare, stdout: 'protocol', protocol: 'mcp-stdio', interactive: false },
    git: { ...bare, arguments: 'passthrough', option_placement: 'strict', help_argv: ['help'] },
    analyze: {
      ...bare,
      interruption: { detach: true, resume: false, idle_timeout_ms: 300_000, max_lifetime_ms: 3_600_000 },
      exit_codes: {
        '14': { name: 'INCOMPLETE', description: 'Not done yet', retryable: true, side_effects: 'none' },
      },
    },
  },
}

export const withCommand = (entry: object) => ({ ...whole, commands: { it: { ...bare, ...entry } } })
export const withFlag = (flag: object) =>
  withCommand({ flags: { it: { type: 'string', required: false, description: 'x', ...flag } } })
