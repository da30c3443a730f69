// What the tool is, apart from the process that it runs as: its tests call it without one.
export const definition = {
  name: 'site',
  version: '1.0.0',
  description: 'Serve and pack a static site.',
  commands: {
    pack: () => import('./commands/pack.js'),
    serve: () => import('./commands/serve.js'),
  },
}
