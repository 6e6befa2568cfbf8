"""What keeps a rebuild from going on; the text says what a person can do."""


class RebuildError(RuntimeError):
    """A rebuild cannot go on as things are."""


class NothingToSwitchError(RebuildError):
    """No projection is being built; `customer-360 rebuild build` begins one."""


class OtherVersionError(RebuildError):
    """The rebuild was begun by code with other migrations; abort it and begin anew."""


class AlreadyRunningError(RebuildError):
    """Another process is rebuilding this database."""


class DifferencesError(RebuildError):
    """The rebuilt projection differs from the live one; see the table above."""


class SwitchBlockedError(RebuildError):
    """Long transactions held the projection's tables each time; nothing was switched."""


class ShareFailedError(RebuildError):
    """A process of the rebuild ended with an error; run it again, it goes on where it was."""
