// Texts of spreadsheets: blocks of cells as the clipboard has them, and numbers as people write them.

// A block as tab-separated text: cells with tabs, quotes or line ends inside are quoted, as Excel
// and LibreOffice do; lines end with LF, CR LF or CR, the last one too or not.
export function parseBlock(text) {
  const rows = [[]];
  let cell = "";
  let isQuoted = false;
  let place = 0;
  const endCell = () => {
    rows.at(-1).push(cell);
    cell = "";
  };
  while (place < text.length) {
    const sign = text[place];
    if (isQuoted) {
      if (sign === '"' && text[place + 1] === '"') {
        cell += '"';
        place += 1;
      } else if (sign === '"') {
        isQuoted = false;
      } else {
        cell += sign;
      }
    } else if (sign === '"' && cell === "") {
      isQuoted = true;
    } else if (sign === "\t") {
      endCell();
    } else if (sign === "\n" || sign === "\r") {
      if (sign === "\r" && text[place + 1] === "\n") {
        place += 1;
      }
      endCell();
      rows.push([]);
    } else {
      cell += sign;
    }
    place += 1;
  }
  if (cell !== "" || rows.at(-1).length > 0) {
    endCell();
  } else if (rows.length > 1) {
    rows.pop();
  }
  return rows;
}

function quoted(text) {
  return /["\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function writeBlock(rows) {
  return rows.map((row) => row.map(quoted).join("\t")).join("\n");
}

const SPACES = /[\s\u00a0\u2007\u2009\u202f'\u2019]/g;

// A number as it comes from a spreadsheet's screen, as the server reads it: without grouping, unit
// or currency. What could be read in two ways ("1,250" with a decimal point) stays as it is, and
// the server says that it is no number.
export function plainNumber(text, sign, unit) {
  let plain = text.trim().replace(/\u2212/g, "-");
  if (unit && plain.toLowerCase().endsWith(unit.toLowerCase())) {
    plain = plain.slice(0, plain.length - unit.length);
  }
  plain = plain.replace(/^([-+(]?)[$\u00a3\u20ac]/, "$1").replace(/[$\u00a3\u20ac]$/, "");
  plain = plain.replace(SPACES, "");
  const inBrackets = /^\((.+)\)$/.exec(plain);
  if (inBrackets) {
    plain = `-${inBrackets[1]}`;
  }
  const group = sign === "." ? "," : ".";
  const escaped = group === "." ? "\\." : ",";
  const whole = `[-+]?\\d{1,3}(?:${escaped}\\d{3})`;
  const decimals = sign === "." ? "\\.\\d+" : ",\\d+";
  const isGrouped = new RegExp(`^(?:${whole}{2,}(?:${decimals})?|${whole}+${decimals})$`);
  if (isGrouped.test(plain)) {
    plain = plain.replaceAll(group, "");
  }
  return plain === "" ? text.trim() : plain;
}

// A stored number ("1234.5") with the person's decimal sign.
export function localNumber(text, sign) {
  return sign === "." ? text : text.replace(".", sign);
}
