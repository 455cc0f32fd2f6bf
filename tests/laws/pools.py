"""The few names and values that generated programs and logs share, so that things meet."""

from hashlib import sha256

SLUGS = ("maple", "birch")
SEED = "open sesame"
SEEDS = dict.fromkeys(SLUGS, SEED)
SEED_SHA256 = sha256(SEED.encode()).hexdigest()

PROPERTIES = {"plan": "text", "seats": "number", "gift": "boolean"}
PLANS = ("pro", "basic", "gold")
EVENTS = ("Order Completed", "Plan Started", "Signed Up")

USERS = ("ann", "bob", "cid", "dan", "张三", "a|b/c", "eve", "fay")
ANONYMOUS = ("web-1", "web-2", "web-3")
DEVICES = ("phone-1", "web-1")  # a device may be named like an anonymous id and is none
ADDRESSES = ("10.0.0.1", "10.0.0.2")
EMAILS = ("ann@x.org", " Bob@X.org", "bob@x.org", "cid@0-mail.com")  # the last is disposable
PHONES = ("+49 (171) 5", "0049171-5", "0171 5")
CODES = ("A1", "b2", "码三")
ORDERS = ("o1", "o2", "o3")
REFERENCES = ("r1", "r2")
