#!/usr/bin/env node
import manifest from '../../package.json' with { type: 'json' };
import { main } from '../registry/command/main.ts';

process.exitCode = await main(process.argv.slice(2), manifest.version, process);
