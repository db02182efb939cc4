import { randomInt } from 'node:crypto';

const ADJECTIVES =
  'able brave calm clever daring eager fair gentle happy honest jolly keen kind lively lucid merry nimble noble patient plucky proud quick quiet ready sharp steady sturdy sunny swift tidy trusty vivid warm wise witty zesty'.split(
    ' ',
  );
const VESSELS =
  'barque brig canoe caravel carrack catboat clipper cog coracle corvette cutter dhow dinghy dory felucca ferry frigate galleon galley gig gondola hoy junk kayak ketch lighter longship lugger pinnace pram punt schooner scow shallop skiff sloop smack tender trawler tug wherry xebec yawl'.split(
    ' ',
  );

/** A name for a container that got none: an adjective and a vessel. @param taken tells names in use. */
export function inventName(taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const pick = (words: readonly string[]) => words[randomInt(words.length)];
    const name = `${pick(ADJECTIVES)}_${pick(VESSELS)}${attempt > 2 ? randomInt(10 ** Math.min(attempt, 9)) : ''}`;
    if (!taken(name)) return name;
  }
}
