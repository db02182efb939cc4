import fastify, { type FastifyInstance } from 'fastify';

interface Note {
  readonly id: number;
  readonly text: string;
}

/** A service that keeps notes in memory. */
export function makeApp(): FastifyInstance {
  const app = fastify();
  const notes: Note[] = [];
  app.get('/notes', async () => notes);
  app.post<{ Body: { text?: string } }>('/notes', async (request, reply) => {
    const text = request.body?.text ?? '';
    if (text === '') return reply.code(400).send({ message: 'a note needs a text' });
    const note = { id: notes.length + 1, text };
    notes.push(note);
    return reply.code(201).send(note);
  });
  return app;
}
