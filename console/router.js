// Which view: the address after the "#", as in #/job/3f0e…

/** The address as it stands: {path: "job", rest: ["3f0e…"]}. */
export function whereWeAre() {
  const [path = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return { path, rest };
}

export const addressOf = (...steps) => `#/${steps.map(encodeURIComponent).join("/")}`;

export const go = (...steps) => {
  location.hash = addressOf(...steps);
};
