"""The words of the grid's scripts in the reader's language; grid/words.js fills them in."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.presentation.numbers import grouped

NUMBERS = 200
"""Languages tell numbers apart up to 200; beyond, all of them go on by the last two digits."""


def grid_texts() -> dict[str, object]:
    """Texts by name; of those with a number, the language's forms and which number has which."""
    return {"plain": _plain(), "counted": {name: _forms(of) for name, of in COUNTED.items()}}


def missing_text(number: int) -> str:
    """What stands under a column: `3 missing`, `all there`."""
    if not number:
        return _("all there")
    return COUNTED["missing"](number).format(count=grouped(number))


def _forms(of: Callable[[int], str]) -> dict[str, object]:
    texts = [of(number) for number in range(NUMBERS)]
    forms = list(dict.fromkeys(texts))
    return {"forms": forms, "of": "".join(str(forms.index(text)) for text in texts)}


COUNTED: dict[str, Callable[[int], str]] = {
    "copied": lambda n: ngettext("{count} cell copied.", "{count} cells copied.", n),
    "savingValues": lambda n: ngettext("Saving {count} value.", "Saving {count} values.", n),
    "stayed": lambda n: ngettext(
        "{count} cell can't be changed and stayed ({why})",
        "{count} cells can't be changed and stayed ({why})",
        n,
    ),
    "blankLeft": lambda n: ngettext(
        "{count} blank cell left what was there", "{count} blank cells left what was there", n
    ),
    "beyond": lambda n: ngettext(
        "{count} value reached beyond the grid", "{count} values reached beyond the grid", n
    ),
    "deleteValues": lambda n: ngettext("Delete {count} value?", "Delete {count} values?", n),
    "values": lambda n: ngettext("{count} value", "{count} values", n),
    "notes": lambda n: ngettext("{count} note", "{count} notes", n),
    "keptHere": lambda n: ngettext(
        "{what} typed here until {time} was not saved.",
        "{what} typed here until {time} were not saved.",
        n,
    ),
    "missing": lambda n: ngettext("{count} missing", "{count} missing", n),
    "newsOfMore": lambda n: ngettext(
        "{who} changed {cell} and {count} other cell {when}.",
        "{who} changed {cell} and {count} other cells {when}.",
        n,
    ),
    "wereSaved": lambda n: ngettext("{count} saved", "{count} saved", n),
    "wereDeleted": lambda n: ngettext("{count} deleted", "{count} deleted", n),
    "areWaiting": lambda n: ngettext(
        "{count} waiting for approval", "{count} waiting for approval", n
    ),
    "wereUnchanged": lambda n: ngettext("{count} unchanged", "{count} unchanged", n),
    "wereQuestioned": lambda n: ngettext("{count} questioned", "{count} questioned", n),
    "wereOvertaken": lambda n: ngettext(
        "{count} changed by somebody else meanwhile",
        "{count} changed by somebody else meanwhile",
        n,
    ),
    "wereRefused": lambda n: ngettext("{count} refused", "{count} refused", n),
    "storeAll": lambda n: ngettext("Store it as it is", "Store all {count} as they are", n),
    "showNext": lambda n: ngettext("Show the next of {count}", "Show the next of {count}", n),
}


def _plain() -> dict[str, str]:
    return {
        "allThere": _("all there"),
        "nothingToPaste": _("There is nothing to paste."),
        "nothingPasted": _("Nothing was pasted."),
        "typedIsGone": _("What was typed and not saved is gone."),
        "nothingToDelete": _("There is nothing to delete."),
        "deleteOne": _("Delete {value}?"),
        "deletingMeans": _(
            "The period counts as missing then. What was there stays in the history, and can be"
            " restored from it."
        ),
        "valuesAndNotes": _("{values} and {notes}"),
        "unsavedElsewhere": _("Unsaved on other grids: {what}."),
        "wasPutBack": _("{what} put back. Look at them, then save."),
        "unsavedIsGone": _("What was not saved is gone."),
        "lockedClosed": _("closed"),
        "lockedComputed": _("computed"),
        "lockedExempt": _("not asked"),
        "lockedSpan": _("not measured"),
        "isSaving": _("saving…"),
        "isRight": _("right?"),
        "changedMeanwhile": _("changed meanwhile"),
        "isRefused": _("refused"),
        "notSaved": _("not saved"),
        "noteNotSaved": _("note not saved"),
        "byWhom": _("by {who}"),
        "waiting": _("waiting for approval"),
        "noValue": _("no value"),
        "due": _("due"),
        "overdue": _("overdue"),
        "saved": _("saved"),
        "deleted": _("delete"),
        "newsOfOne": _("{who} changed {cell} {when}."),
        "besideDeleted": _("{who} deleted it {when}"),
        "besideChanged": _("{who} made it {value} {when}"),
        "atTime": _("at {time}"),
        "onDay": _("on {day} at {time}"),
        "storeAsIs": COUNTED["storeAll"](1),
        "correctIt": _("Correct it"),
        "leaveEmpty": _("Leave it without a value"),
        "keepValue": _("Keep {value}"),
        "deleteAnyway": _("Delete it all the same"),
        "putMine": _("Put mine, {value}"),
        "tryAgain": _("Try again"),
        "dropIt": _("Drop it"),
        "saveIt": _("Save it"),
        "keptValue": _("Kept {value}."),
        "keptEmpty": _("Kept it without a value."),
        "noteIsNotSaved": _("Its note is not saved."),
        "toBeDeleted": _("To be deleted."),
        "beingSaved": _("being saved."),
        "isNotSaved": _("not saved."),
        "scores": _("{value} scores {score}, {band}."),
        "waitsGivenBy": _("Waiting for approval, given by {who}."),
        "noValueThisPeriod": _("No value this period: {why}"),
        "isOverdue": _("Missing, and overdue."),
        "isMissing": _("Missing."),
        "isEmpty": _("No value."),
        "before": _("Before it, in {period}: {value}."),
        "beforeScored": _("Before it, in {period}: {value}, score {score}."),
        "readOnly": _("Read-only: {why}"),
        "note": _("Note: {note}"),
        "newsOfThis": _("Changed by {who} {when} from {from} to {to}."),
        "noteNeedsValue": _(
            "A note belongs to a value; type the value, and the note is saved with it."
        ),
        "noServer": _("The server can't be reached."),
        "signedOut": _(
            "You may not do this, or your session has ended: sign in in another tab, then save"
            " again."
        ),
        "noAnswer": _("The server could not answer ({status})."),
        "commaHint": _("If your decimals have a comma, choose that above."),
        "pointHint": _("If your decimals have a point, choose that above."),
        "saveOne": _("Save {what}"),
        "waitUntilSaved": _("Wait until everything is saved."),
        "nothingToRedo": _("Nothing to redo."),
        "nothingToUndo": _("Nothing to undo."),
    }
