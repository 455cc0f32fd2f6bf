"""The root of every sentence Banyan says to a person who can do something about it."""


class Problem(Exception):
    """A sentence for a user: what is wrong and, where it can be said, what would mend it.

    Rooms derive their own errors from it; one handler at each door renders them. Anything else
    that is raised is a fault of ours and keeps its traceback.
    """

    @property
    def sentence(self) -> str:
        """The sentence alone, without a place."""
        return str(self.args[0]) if self.args else ""
