"""The programs that the door's tests publish."""

SPRING = """
program: spring
version: 1
currency: USD
attribution: {window: 30d, prefer: [code, click]}
milestones:
  bought: {on: Order Completed, within: 60d}
rewards:
  thanks:
    to: advocate
    on: bought
    give: cash
    amount: 20.00
    hold: 14d
    caps: [{per: advocate, count: 2}]
  welcome: {to: friend, on: joined, give: points, amount: 100}
limits:
  - {give: cash, per: program, amount: 1000.00}
"""

PROMPT = SPRING.replace("    hold: 14d\n", "")
"""Pays at once."""

CAREFUL = (
    SPRING.replace("program: spring", "program: careful")
    + "risk:\n  - {id: many, when: 'friends_total > 0', then: hold, for: advocate}\n"
)
"""Holds everything."""

assert len({SPRING, PROMPT, CAREFUL}) == 3
