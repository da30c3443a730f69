/** How our own programs are marked: with the value of the run that they are there for, and an ending. */
const ENDING = '.owner'

/** What the owner and the guard of a run carry in the place of the run's marker. */
export const ownerMark = (value: string): string => `${value}${ENDING}`

/** Whether a value of a marker is that of an owner or a guard, of whatever run. */
export const isOwnerMark = (value: string): boolean => value.endsWith(ENDING)
