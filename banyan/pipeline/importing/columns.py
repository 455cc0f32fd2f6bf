"""columns: which column of a file says what of an event."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from banyan.kernel.errors import Problem
from banyan.kernel.times import BadTime, zone
from banyan.pipeline.importing.cells import Habits, Kind

What = Literal["events", "orders", "customers", "refunds", "referrals"]
WHATS: tuple[What, ...] = get_args(What)

_TOP = ("type", "event", "messageId", "userId", "anonymousId", "previousId", "groupId", "timestamp")
_OBJECTS = ("properties", "traits", "context")
_KINDS: Mapping[str, Kind] = {
    "timestamp": "time",
    "properties": "object",
    "traits": "object",
    "context": "object",
    "traits.tags": "tags",
}
_MONEY = ("total", "subtotal", "tax", "shipping", "discount", "amount")

# Names that files use, without blanks, marks and case.
_USER = """userid user customerid customer clientid memberid buyerid accountid
    用户 用户id 用户编号 客户 客户id 客户编号 会员号 会员id 会员编号 买家id"""
_EMAIL = "email emailaddress mail customeremail 邮箱 电子邮件 电子邮箱 邮件"
_PHONE = "phone phonenumber mobile telephone tel 手机 手机号 手机号码 电话 联系电话 联系方式"
_ORDER = """orderid order ordernumber orderno ordername invoice invoiceno invoiceid transactionid
    订单 订单号 订单编号 订单id"""
_CURRENCY = "currency currencycode 货币 币种"
_WHEN = "timestamp time date datetime 时间 日期"

_NAMES: Mapping[What, Mapping[str, str]] = {
    "events": {},
    "orders": {
        "userId": _USER,
        "anonymousId": "anonymousid visitorid 访客id",
        "messageId": "messageid eventid",
        "timestamp": f"""{_WHEN} createdat created orderdate ordertime orderedat paidat paidtime
            invoicedate purchasedate 下单时间 下单日期 订单时间 订单日期
            支付时间 付款时间 创建时间""",
        "properties.order_id": _ORDER,
        "properties.total": """total amount ordertotal totalprice totalamount grandtotal orderamount
            金额 订单金额 实付金额 支付金额 总价 实收金额 总额 订单总额""",
        "properties.currency": _CURRENCY,
        "properties.coupon": "coupon couponcode discountcode promocode 优惠券 优惠码 优惠券码",
        "properties.referral_code": "referralcode referral 推荐码 邀请码",
        "traits.email": _EMAIL,
        "traits.phone": _PHONE,
    },
    "refunds": {
        "userId": _USER,
        "messageId": "messageid eventid refundid 退款单号 退款编号",
        "timestamp": f"{_WHEN} refundedat refunddate createdat 退款时间 退款日期",
        "properties.order_id": _ORDER,
        "properties.total": """total amount refund refundamount refundtotal refunded
            金额 退款金额 退款""",
        "properties.currency": _CURRENCY,
    },
    "customers": {
        "userId": f"{_USER} id",
        "anonymousId": "anonymousid visitorid 访客id",
        "messageId": "messageid eventid",
        "timestamp": f"""{_WHEN} createdat created registeredat signedupat updatedat
            注册时间 注册日期 创建时间 更新时间""",
        "traits.email": _EMAIL,
        "traits.phone": _PHONE,
        "traits.name": "name fullname customername 姓名 名字 客户姓名 客户名称",
        "traits.firstName": "firstname givenname 名",
        "traits.lastName": "lastname surname familyname 姓",
        "traits.tier": "tier level 等级 会员等级 级别",
        "traits.tags": "tags tag labels 标签 客户标签",
    },
    "referrals": {
        "userId": f"{_USER} friend friendid referee newcustomer 好友 被推荐人 新客户",
        "properties.advocate": """advocate advocateid referrer referrerid referredby
            推荐人 推荐人id 介绍人""",
        "messageId": "messageid eventid",
        "timestamp": f"{_WHEN} referredat referraldate createdat 推荐时间 推荐日期",
        "properties.channel": "channel source way 渠道 来源 方式",
        "properties.department": "department team 部门 团队",
        "properties.handler": "handler handledby owner salesperson 经办人 负责人 销售 跟进人",
        "properties.outcome": "outcome result status 结果 状态",
        "traits.email": _EMAIL,
        "traits.phone": _PHONE,
    },
}

NEEDED: Mapping[What, Sequence[str]] = {
    "events": ("type",),
    "orders": ("properties.total", "timestamp"),
    "refunds": ("properties.order_id", "timestamp"),
    "customers": (),
    "referrals": ("properties.advocate", "timestamp"),
}
"""Fields without which no row of the kind makes an event."""


class BadMapping(Problem):
    """A mapping that does not fit the file or names no field of an event."""


@dataclass(frozen=True)
class Order:
    """What the person who imports says about the file."""

    what: What = "events"
    columns: Mapping[str, str] = field(default_factory=dict)
    """Fields by column; an empty field leaves the column out."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Values of fields that no column has."""
    message_id: str = ""
    """How `messageId` is written, with `{column}` for a cell; empty: the column, or the content."""
    habits: Habits = field(default_factory=Habits)


@dataclass(frozen=True)
class Field:
    """One field of the event and where it comes from."""

    path: str
    kind: Kind
    column: str | None
    constant: str | None = None


def read_mapping(path: Path) -> Order:
    """What a mapping file says: YAML or JSON with any of the keys `kind`, `columns`, `constants`,
    `message_id`, `time_zone`, `days`, `decimal`, `minor_units`. Raises BadMapping.
    """
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadMapping(f"{path} cannot be read as a mapping: {error}") from None
    known = {"kind", "columns", "constants", "message_id", *Habits.__dataclass_fields__}
    if not isinstance(told, dict) or (unknown := sorted(map(str, set(told) - known))):
        named = f"; it does not know {unknown[0]!r}" if isinstance(told, dict) else ""
        raise BadMapping(f"{path}: a mapping has the keys {', '.join(sorted(known))}{named}.")
    what = told.get("kind", "events")
    if what not in WHATS:
        raise BadMapping(f"{path}: kind: expected one of {', '.join(WHATS)}, found {what!r}.")
    return Order(
        what=what,
        columns=_texts(path, told, "columns"),
        constants=_texts(path, told, "constants"),
        message_id=str(told.get("message_id") or ""),
        habits=checked(Habits(), told),
    )


def over(
    order: Order,
    *,
    what: What | None,
    columns: Mapping[str, str],
    constants: Mapping[str, str],
    message_id: str | None,
    habits: Habits,
) -> Order:
    """The order with what is given put over it."""
    return Order(
        what or order.what,
        {**order.columns, **columns},
        {**order.constants, **constants},
        order.message_id if message_id is None else message_id,
        habits,
    )


def checked(habits: Habits, changes: Mapping[str, Any]) -> Habits:
    """The habits with those of the changes that are habits. Raises BadMapping."""
    names = [name for name in Habits.__dataclass_fields__ if name in changes]
    changed = replace(habits, **{name: changes[name] for name in names})
    try:
        zone(changed.time_zone)
    except BadTime as bad:
        raise BadMapping(f"time_zone: {bad.sentence}") from None
    for name, known in (("days", ("ymd", "dmy", "mdy")), ("decimal", (".", ","))):
        if getattr(changed, name) not in known:
            raise BadMapping(f"{name}: expected one of {' '.join(known)}")
    if not isinstance(changed.minor_units, bool):
        raise BadMapping("minor_units: expected true or false")
    return changed


def _texts(path: Path, told: Mapping[str, Any], name: str) -> dict[str, str]:
    given = told.get(name) or {}
    if not isinstance(given, dict):
        raise BadMapping(f"{path}: {name}: expected pairs such as `Order date: timestamp`.")
    return {str(key): "" if value is None else str(value) for key, value in given.items()}


def fields_of(
    order: Order, columns: Sequence[str], *, is_open: bool = False
) -> tuple[list[Field], tuple[str, ...]]:
    """The fields that a file with these columns fills, and the columns that stay unused.

    `is_open`: each row names columns of its own, so one that is not there yet may come.

    A column that the order does not name is recognised by its name: as a field of the public format
    (`properties.total`), or as what files usually call it. Raises BadMapping.
    """
    for column in order.columns:
        if column not in columns and not is_open:
            raise BadMapping(f"There is no column {column!r}; the file has {', '.join(columns)}.")
    chosen: dict[str, str] = {}
    unused = []
    for column in columns:
        path = order.columns.get(column)
        if path is None:
            path = _guess(order.what, column)
        if not path:
            unused.append(column)
            continue
        _check_path(path)
        if path in chosen:
            taken = [c for c in (chosen[path], column) if c in order.columns]
            if len(taken) != 1:
                raise BadMapping(
                    f"Both {chosen[path]!r} and {column!r} look like {path}; say which: "
                    f"--map '{column}={path}', or --map '{column}=' to leave one out."
                )
            unused.append(column if taken[0] == chosen[path] else chosen[path])
            column = taken[0]
        chosen[path] = column
    fields = [Field(path, _kind(order.what, path), column) for path, column in chosen.items()]
    for path, constant in order.constants.items():
        _check_path(path)
        if path not in chosen:
            fields.append(Field(path, _kind(order.what, path), None, constant))
    if not is_open:
        _check_needed(order, {f.path for f in fields}, columns)
    return fields, tuple(unused)


def _guess(what: What, column: str) -> str | None:
    if column in _TOP or column in _OBJECTS or column.split(".")[0] in _OBJECTS:
        return column
    plain = re.sub(r"[\s_\-./:()（）#]", "", column).casefold()
    return next((path for path, names in _NAMES[what].items() if plain in names.split()), None)


def _check_path(path: str) -> None:
    head, _, rest = path.partition(".")
    if not (path in _TOP or (head in _OBJECTS and (rest or "." not in path))):
        raise BadMapping(
            f"{path!r} is no field of an event; name one of {', '.join(_TOP)}, or properties.NAME, "
            "traits.NAME, context.NAME."
        )


def _kind(what: What, path: str) -> Kind:
    head, _, name = path.partition(".")
    if what in ("orders", "refunds") and head == "properties" and name in _MONEY:
        return "money"
    return _KINDS.get(path, "text")


def _check_needed(order: Order, paths: set[str], columns: Sequence[str]) -> None:
    missing = [path for path in NEEDED[order.what] if path not in paths]
    if not missing:
        return
    cure = (
        "is it a file of orders, customers or refunds? Say --kind orders"
        if order.what == "events"
        else f"say --map 'COLUMN={missing[0]}'"
    )
    raise BadMapping(
        f"No column says {missing[0]}; {cure}. The file has {', '.join(columns) or 'no columns'}."
    )
