// A static file server that says on stdout where it listens. It knows nothing of the tool that starts it.
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const [, , directory] = process.argv
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost')
  createReadStream(join(directory, pathname))
    .on('error', () => response.writeHead(404).end())
    .pipe(response)
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`))
