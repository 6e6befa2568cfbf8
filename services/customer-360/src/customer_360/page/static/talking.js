// Talking to the service, with the token that stays in this tab.

const TOKEN = "rapport.token";

export class Refused extends Error {
  constructor(status, code, title) {
    super(title);
    this.status = status;
    this.code = code;
  }
}
export const token = () => sessionStorage.getItem(TOKEN);
export const keep = (text) => sessionStorage.setItem(TOKEN, text);
export const drop = () => sessionStorage.removeItem(TOKEN);

let whenUnknown = () => {};
export const onUnknown = (handler) => { whenUnknown = handler; };

export async function call(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { Authorization: `Bearer ${token()}`, ...options.headers } });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401) whenUnknown();
  throw new Refused(response.status, (problem.type ?? "").split(":").at(-1), problem.title ?? response.statusText);
}
export const read = async (path, options) => (await call(path, options)).json();
