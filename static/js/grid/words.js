// Small things that every part of the grid says or makes.

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) {
    made.className = className;
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  return made;
}

// The reader's words come with the page: dashboards/views/grid_texts.py.
let texts = { plain: {}, counted: {} };

export function useTexts(given) {
  texts = given;
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function told(name, values = {}) {
  return filled(texts.plain[name], values);
}

// A text with a number, in the form that the language has for that number.
export function counted(name, number, values = {}) {
  const { forms, of } = texts.counted[name];
  const place = number < of.length ? number : 100 + (number % 100);
  return filled(forms[Number(of[place])], { count: number, ...values });
}

// "2 values", "1 note", "2 values and 1 note".
export function valuesAndNotes(values, notes) {
  const [ofValues, ofNotes] = [counted("values", values), counted("notes", notes)];
  if (values > 0 && notes > 0) {
    return told("valuesAndNotes", { values: ofValues, notes: ofNotes });
  }
  return values > 0 ? ofValues : ofNotes;
}

function dayAndTime(time) {
  const at = new Date(time);
  const two = (number) => String(number).padStart(2, "0");
  return {
    day: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    time: `${two(at.getHours())}:${two(at.getMinutes())}`,
  };
}

// As the portal writes it, in the person's own time: 2026-11-22 05:06.
export function moment(time) {
  const { day, time: clock } = dayAndTime(time);
  return `${day} ${clock}`;
}

// The same, without the day if it is today's: "at 05:06", "on 2026-11-21 at 05:06".
export function since(time) {
  const { day, time: clock } = dayAndTime(time);
  const isToday = day === dayAndTime(Date.now()).day;
  return isToday ? told("atTime", { time: clock }) : told("onDay", { day, time: clock });
}
