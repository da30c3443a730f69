/** The framework's own version, put in by the build: reading package.json at each start would cost a file. */
declare const CHAPERONE_VERSION: string | undefined

/** `0.0.0` where the sources run without a build. */
export const FRAMEWORK_VERSION: string = typeof CHAPERONE_VERSION === 'string' ? CHAPERONE_VERSION : '0.0.0'
