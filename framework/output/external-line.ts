/** A line that a program wrote, made fit for an answer: it can forge no second line and hide nothing. */
import { escapeControls } from '../argv/quoted.js'

// ECMA-48: SGR sequences, which colour what stands between them and say nothing themselves.
const COLOURS = /(?:\x1b\[|\x9b)[\d;:]*m/g

// What nearly every line is.
const PLAIN = /^[\t\x20-\x7e]*$/

/** Colours go, a tab stays, everything else that a terminal would obey becomes visible. */
export function externalLine(text: string): string {
  if (PLAIN.test(text)) return text
  return text.replace(COLOURS, '').split('\t').map(escapeControls).join('\t')
}
