"""templatetags: filters of the console's templates."""
