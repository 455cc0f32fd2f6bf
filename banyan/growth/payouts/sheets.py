"""sheets: files for banks, Alipay and WeChat Pay, and the result files that come back.

- Bank, CNY: the columns in which payment houses of China take batches to bank accounts (as Fuiou's
  batch file has them). Other currencies: the same facts under English names.
- Alipay: the file of 批量付款到账户 in Alipay's business pages: a line about the batch, then its
  payments; amounts in yuan, at most 3,000 lines, a serial number of at most 22 signs.
- WeChat Pay: the fields of `transfer_detail_list` of its batch transfer (API v3,
  `/v3/transfer/batches`); amounts in fen.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from banyan.growth.payouts.acts import Said, Status
from banyan.growth.payouts.read import BatchRow, OpenedLine, digits_of, line, line_of_reference
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits

LARGEST_BYTES = 5_000_000
LARGEST_AMOUNT = 10**13
"""Minor units of one payout; beyond it the file was misread."""

BANK_CNY = (
    "序号", "开户行", "开户市/县", "开户行支行全称", "收款人银行账号", "户名", "金额(单位:元)",
    "企业流水账号", "备注", "手机号",
)  # fmt: skip
BANK = ("reference", "account_number", "account_holder", "bank", "branch", "city", "amount",
        "currency", "purpose")  # fmt: skip
ALIPAY_BATCH = ("批次号", "付款日期", "付款人email", "账户名称", "总金额（元）", "总笔数")
ALIPAY = ("商户流水号", "收款人email", "收款人姓名", "付款金额（元）", "付款理由")
WECHAT = ("out_detail_no", "transfer_amount", "transfer_remark", "openid", "user_name")

_REFERENCES = ("商户流水号", "企业流水账号", "商家明细单号", "out_detail_no", "reference")
_STATUSES = (
    "状态", "处理状态", "付款状态", "交易状态", "成功标识", "处理结果", "detail_status", "status",
)  # fmt: skip
_REASONS = ("失败原因", "原因", "反馈原因", "fail_reason", "reason")
_MAJOR = ("付款金额（元）", "付款金额", "金额(单位:元)", "金额（元）", "金额", "amount")
_MINOR = ("transfer_amount",)
_PROVIDER_IDS = ("支付宝流水号", "微信明细单号", "detail_id", "provider_id")
_PAID = ("成功", "s", "success", "paid", "已付款", "转账成功")
_FAILED = ("失败", "f", "fail", "failed", "returned", "退票", "转账失败")


class BadResults(Problem):
    """A result file that cannot be read."""

    status = 422
    code = "payout_results_refused"


@dataclass(frozen=True)
class Payer:
    """Who pays, as Alipay wants it in the file; empty where it is not known."""

    account: str
    name: str


@dataclass(frozen=True)
class Sheet:
    """A file to hand over. UTF-8 with a mark, so that spreadsheets read Chinese rightly."""

    name: str
    content: bytes


def sheet(batch: BatchRow, lines: Sequence[OpenedLine], *, payer: Payer, purpose: str) -> Sheet:
    """The file of a batch; `purpose` is what the receiver reads."""
    rows = {"bank": _bank, "alipay": _alipay, "wechat": _wechat}[batch.method](
        batch, lines, payer, purpose
    )
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    name = f"{batch.method}-{batch.number}.csv"
    return Sheet(name, text.getvalue().encode("utf-8-sig"))


def results(name: str, content: bytes) -> list[Said]:
    """What a result file says: its columns are found by their names, in whatever order.

    Raises BadResults.
    """
    if len(content) > LARGEST_BYTES:
        raise BadResults(_("This file is too large; the limit is 5 MB."))
    rows = _rows(name, _text(content))
    head = next((i for i, row in enumerate(rows) if _column(row, _REFERENCES) is not None), None)
    if head is None or _column(rows[head], _STATUSES) is None:
        raise BadResults(
            _("{file}: no line names our number ({numbers}) and the result ({states}).").format(
                file=name, numbers=", ".join(_REFERENCES), states=", ".join(_STATUSES)
            )
        )
    columns = rows[head]
    found = [
        _said(name, number, dict(zip(columns, row, strict=False)))
        for number, row in enumerate(rows[head + 1 :], start=head + 2)
        if any(cell.strip() for cell in row)
    ]
    if not found:
        raise BadResults(_("{file}: there is no result in it.").format(file=name))
    return found


def _bank(
    batch: BatchRow, lines: Sequence[OpenedLine], payer: Payer, purpose: str
) -> Iterator[Sequence[object]]:
    if batch.currency != "CNY":
        yield BANK
        for one in lines:
            to, row = one.account, one.line
            yield (row.reference, to.account, to.holder, to.bank, to.branch, to.city,
                   major(row.amount, batch.currency), batch.currency, purpose)  # fmt: skip
        return
    yield BANK_CNY
    for one in lines:
        to, row = one.account, one.line
        yield (row.number, to.bank, to.city, to.branch, to.account, to.holder,
               major(row.amount, "CNY"), digits_of(row.batch, row.number), purpose, "")  # fmt: skip


def _alipay(
    batch: BatchRow, lines: Sequence[OpenedLine], payer: Payer, purpose: str
) -> Iterator[Sequence[object]]:
    total = sum(one.line.amount for one in lines)
    assert batch.approved_at is not None
    day = batch.approved_at.strftime("%Y%m%d")
    yield ALIPAY_BATCH
    yield (f"{day}{batch.number:06}", day, payer.account, payer.name,
           major(total, batch.currency), len(lines))  # fmt: skip
    yield ALIPAY
    for one in lines:
        to, row = one.account, one.line
        yield (digits_of(row.batch, row.number), to.account, to.holder,
               major(row.amount, batch.currency), purpose[:100])  # fmt: skip


def _wechat(
    batch: BatchRow, lines: Sequence[OpenedLine], payer: Payer, purpose: str
) -> Iterator[Sequence[object]]:
    yield WECHAT
    for one in lines:
        to, row = one.account, one.line
        yield (digits_of(row.batch, row.number), row.amount, purpose[:32], to.account, to.holder)


def major(amount: int, currency: str) -> str:
    """`20.00` of 2000 minor units."""
    return str(Decimal(amount).scaleb(-minor_digits(currency)))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        raise BadResults(_("This file is no CSV in UTF-8 or GB 18030.")) from None


def _rows(file: str, text: str) -> list[list[str]]:
    # Spreadsheets on a Mac end lines with a carriage return alone, which `csv` refuses.
    reader = csv.reader(io.StringIO(text, newline=None))
    try:
        return list(reader)
    except csv.Error:
        raise BadResults(
            _("{file}, line {line}: this is no CSV; save the sheet as CSV once more.").format(
                file=file, line=reader.line_num
            )
        ) from None


def _column(row: Sequence[str], names: Sequence[str]) -> str | None:
    cells = {cell.strip(): cell for cell in row}
    return next((cells[name] for name in names if name in cells), None)


def _said(file: str, number: int, row: Mapping[str, str]) -> Said:
    columns = list(row)

    def cell(names: Sequence[str]) -> str:
        column = _column(columns, names)
        return row[column].strip().strip("\t") if column is not None else ""

    reference = cell(_REFERENCES)
    return Said(
        reference=reference,
        status=_status(file, number, cell(_STATUSES)),
        amount=_amount(file, number, reference, major_=cell(_MAJOR), minor=cell(_MINOR)),
        provider_id=cell(_PROVIDER_IDS)[:200],
        reason=cell(_REASONS)[:500],
    )


def _status(file: str, number: int, text: str) -> Status:
    plain = text.lower()
    if plain in _PAID:
        return "paid"
    if plain in _FAILED:
        return "failed"
    raise BadResults(
        _("{file}, line {line}: {text} is neither paid nor failed; leave out what is open.").format(
            file=file, line=number, text=repr(text[:40])
        )
    )


def _amount(file: str, number: int, reference: str, *, major_: str, minor: str) -> int | None:
    place = line_of_reference(reference)
    row = line(*place) if place else None
    digits = minor_digits(row.unit.partition(" ")[2]) if row else 2
    try:
        if not (minor or major_):
            return None
        value = Decimal(minor) if minor else Decimal(major_.replace(",", "")).scaleb(digits)
        if not 0 <= value < LARGEST_AMOUNT or value != value.to_integral_value():
            raise InvalidOperation
        return int(value)
    except InvalidOperation:
        raise BadResults(
            _("{file}, line {line}: {text} is no amount.").format(
                file=file, line=number, text=repr((minor or major_)[:40])
            )
        ) from None
