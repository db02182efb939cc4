import type { Container } from './model.ts';

/** `--link`, a container's own name for another one. */
export interface Link {
  readonly target: string;
  readonly alias: string;
}

/** `db`, `db:alias`, and Docker's stored form `/db:/web/alias`. */
export function parseLink(text: string): Link {
  const [target = '', alias = target] = text.split(':');
  return { target: target.replace(/^\//, ''), alias: alias.split('/').at(-1) ?? '' };
}

export const linksOf = ({ definition }: Container): Link[] =>
  (definition.hostConfig.Links ?? []).map(parseLink);

/** The form in which Docker shows a link of the container `owner`. */
export const shownLink = ({ target, alias }: Link, owner: string): string => `/${target}:/${owner}/${alias}`;
