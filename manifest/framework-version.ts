/** The framework's version, kept in step with package.json by a test: reading a file at every start would cost more. */
export const FRAMEWORK_VERSION = '0.1.0'
