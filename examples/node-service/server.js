const { createServer } = require('node:http');
const { greet } = require('./greet');

const server = createServer((request, response) => {
  const name = new URL(request.url, 'http://x').searchParams.get('name') ?? 'world';
  response.end(`${greet(name)} (${process.env.SERVICE_VERSION})\n`);
});

server.listen(3000);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
