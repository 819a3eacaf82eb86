// The decimal sign that the person types: the portal's, until they choose the other.

const KEPT = "portal-grid-decimals";

export function chosenSign(usual) {
  try {
    const kept = window.localStorage.getItem(KEPT);
    return kept === "." || kept === "," ? kept : usual;
  } catch {
    return usual; // without storage it is the portal's
  }
}

export function keepSign(sign) {
  try {
    window.localStorage.setItem(KEPT, sign);
  } catch {
    // It holds for this page, then.
  }
}
