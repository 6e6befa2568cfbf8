// Words and numbers: how codes, times and amounts are put for a person to read.

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const dateOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export const plural = (n, one, many = `${one}s`) => `${Number(n).toLocaleString()} ${n === 1 ? one : many}`;
export const words = (code) => (code ?? "").replaceAll("-", " ");
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const at = (time) => (time ? dateTime.format(new Date(time)) : "–");
export const on = (time) => (time ? dateOnly.format(new Date(time)) : "–");
export const dayOf = (day) => (day ? dateOnly.format(new Date(`${day}T12:00:00`)) : "–");
export const short = (id) => `${id.slice(0, 8)}…`;
export const percent = (share) => `${Math.round(Number(share) * 1000) / 10} %`;
export const who = (actor) => (actor ?? "").replace(/^policy:/, "the policy ").replace(/^import:.*/, "an import").replace(/^(user|service):/, "");
export const dotted = (...parts) => parts.filter(Boolean).join(" · ");

export function money(amount, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
  } catch {
    return `${amount} ${currency}`;
  }
}
export const amounts = (byCurrency) =>
  Object.entries(byCurrency).map(([currency, amount]) => money(amount, currency)).join(" + ") || "–";

export function span(ms) {
  const minutes = Math.floor(Math.abs(ms) / 60000), seconds = Math.floor(Math.abs(ms) / 1000) % 60;
  const two = (n) => String(n).padStart(2, "0");
  if (minutes >= 2880) return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return `${minutes}:${two(seconds)} min`;
}
