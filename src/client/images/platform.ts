/** `linux/arm64/v8` as the JSON form of a platform in parts of the API. */
export function platformJson(text: string): string {
  const [os = '', architecture, variant] = text.split('/');
  return JSON.stringify({ os, ...(architecture ? { architecture } : {}), ...(variant ? { variant } : {}) });
}
