import type { Link } from './network-spec.ts';

/** `db`, `db:alias`, and Docker's stored form `/db:/web/alias`. */
export function parseLink(text: string): Link {
  const [target = '', alias = target] = text.split(':');
  return { target: target.replace(/^\//, ''), alias: alias.split('/').at(-1) ?? '' };
}

/** The form in which Docker shows a link of the container `owner`. */
export const shownLink = ({ target, alias }: Link, owner: string): string => `/${target}:/${owner}/${alias}`;
