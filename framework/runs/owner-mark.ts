/** How our own programs are marked: with the value of the run that they are there for, and an ending. */
const ENDING = '.owner'

/** What the owner and the guard of a run carry in the place of the run's marker. */
export const ownerMark = (value: string): string => `${value}${ENDING}`

/** The value of the run that a program so marked is there for; null for any other value. */
export const ownedBy = (value: string): string | null =>
  value.endsWith(ENDING) ? value.slice(0, -ENDING.length) : null
