/** The code blocks of a page, and what the page says about each. */

export interface Block {
  readonly language: string
  readonly content: string
  /** Of the opening fence, counted from 1. */
  readonly line: number
  /** The comment on the line before the fence: `printed`, `quick-start:run`; empty for none. */
  readonly mark: string
  /** The file that the first line names; null where it names none. */
  readonly file: string | null
}

/** Every fenced block of a page, in order. A fence in a list may be indented. */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const [, indent, language] = /^( *)```(\S*)$/.exec(lines[at] ?? '') ?? []
    if (indent === undefined || language === undefined) continue
    const end = lines.indexOf(`${indent}\`\`\``, at + 1)
    if (end < 0) throw new Error(`the block of line ${at + 1} has no end`)
    const content = lines.slice(at + 1, end).map(line => line.slice(indent.length))
    const [, mark = ''] = /^<!-- (\S+) -->$/.exec((lines[at - 1] ?? '').trim()) ?? []
    const [, file = null] = /^(?:\/\/|#) (\S+\.[a-z]+)$/.exec(content[0] ?? '') ?? []
    blocks.push({ language, content: `${content.join('\n')}\n`, line: at + 1, mark, file })
    at = end
  }
  return blocks
}

/** The first words of the rows of every table whose first column has this heading, without backquotes. */
export function tableColumn(markdown: string, heading: string): string[] {
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim())
  const found: string[] = []
  let inside = false
  for (const line of markdown.split('\n')) {
    const [first] = cells(line)
    if (first === undefined) inside = false
    else if (first === heading) inside = true
    else if (inside && !/^-+$/.test(first)) found.push(first.replaceAll('`', ''))
  }
  return found
}
