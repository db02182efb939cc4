/** `linux/arm64/v8` as the JSON that parts of the API take a platform in. */
export function platformJson(text: string): string {
  const [os = '', architecture, variant] = text.split('/');
  return JSON.stringify({ os, ...(architecture ? { architecture } : {}), ...(variant ? { variant } : {}) });
}
