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

export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
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
  return day === dayAndTime(Date.now()).day ? `at ${clock}` : `on ${day} at ${clock}`;
}
