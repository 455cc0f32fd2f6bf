"""Files for banks, Alipay and WeChat Pay, and result files that come back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from banyan.growth.payouts.acts import Said
from banyan.growth.payouts.methods import Account, BadPayee, checked, shown
from banyan.growth.payouts.models import Batch, Line
from banyan.growth.payouts.read import (
    BatchRow,
    OpenedLine,
    digits_of,
    line_of_reference,
    line_row,
)
from banyan.growth.payouts.rules import NoPayer, RuleRow, is_due, named_payer, set_payer
from banyan.growth.payouts.sheets import BadResults, Payer, results, sheet
from tests.installation import Installation

AT = datetime(2026, 5, 20, 9, tzinfo=UTC)
PAYER = Payer("pay@example.com", "榕荐公司")


def batch(method: str, unit: str = "cash CNY") -> BatchRow:
    """An approved one."""
    return BatchRow(
        number=3, unit=unit, method=method, state="approved",  # type: ignore[arg-type]
        prepared_at=AT, prepared_by="user:1", approved_at=AT, approved_by="user:2", position=9,
        handed_at=None, handed_by="", ended_at=None, reason="", count=2, total=15050,
        counts={}, sums={},
    )  # fmt: skip


def lines(account: Account, unit: str = "cash CNY") -> list[OpenedLine]:
    """Two to the same account."""
    return [
        OpenedLine(
            line_row(
                Line(
                    batch=Batch(pk=3),
                    number=number,
                    user_id="u",
                    customer="u",
                    unit=unit,
                    amount=amount,
                    state="sent",
                )
            ),
            account,
        )
        for number, amount in ((1, 15000), (2, 50))
    ]


def test_alipay_names_the_batch_first() -> None:
    made = sheet(
        batch("alipay"),
        lines(Account("张三", "13812345678")),
        payer=PAYER,
        purpose="推荐奖励",
    )
    assert made.name == "alipay-3.csv"
    assert made.content.decode("utf-8-sig").splitlines() == [
        "批次号,付款日期,付款人email,账户名称,总金额（元）,总笔数",
        "20260520000003,20260520,pay@example.com,榕荐公司,150.50,2",
        "商户流水号,收款人email,收款人姓名,付款金额（元）,付款理由",
        "0000000300000001,13812345678,张三,150.00,推荐奖励",
        "0000000300000002,13812345678,张三,0.50,推荐奖励",
    ]


def test_wechat_counts_in_fen() -> None:
    openid = "o-MYE42l80oelYMDE34nYD456Xoy"
    made = sheet(batch("wechat"), lines(Account("张三", openid)), payer=PAYER, purpose="推荐奖励")
    assert made.content.decode("utf-8-sig").splitlines() == [
        "out_detail_no,transfer_amount,transfer_remark,openid,user_name",
        f"0000000300000001,15000,推荐奖励,{openid},张三",
        f"0000000300000002,50,推荐奖励,{openid},张三",
    ]


def test_banks_of_china_and_of_elsewhere() -> None:
    account = Account("张三", "6222000011112222", "招商银行", "上海分行", "上海")
    made = sheet(batch("bank"), lines(account)[:1], payer=PAYER, purpose="推荐奖励")
    assert made.content.decode("utf-8-sig").splitlines() == [
        "序号,开户行,开户市/县,开户行支行全称,收款人银行账号,户名,金额(单位:元),企业流水账号,备注,手机号",
        "1,招商银行,上海,上海分行,6222000011112222,张三,150.00,0000000300000001,推荐奖励,",
    ]
    yen = Account("Ken", "1234567", "Example")
    made = sheet(
        batch("bank", "cash JPY"),
        lines(yen, "cash JPY")[:1],
        payer=PAYER,
        purpose="Referral reward",
    )
    assert made.content.decode("utf-8-sig").splitlines()[1] == (
        "payout/3/1,1234567,Ken,Example,,,15000,JPY,Referral reward"
    )


def test_references_are_known_in_both_forms() -> None:
    assert digits_of(3, 7) == "0000000300000007"
    assert line_of_reference("0000000300000007") == (3, 7)
    assert line_of_reference(" payout/3/7 ") == (3, 7)
    for other in ("", "payout/x/7", "payout/3", "123", "INV-3/7", "payout/3/7/8"):
        assert line_of_reference(other) is None


def test_result_files_are_read_by_their_columns(installation: Installation) -> None:
    alipay = (
        "批次号,总笔数\n20260520000003,2\n"
        "商户流水号,收款人email,付款金额（元）,成功标识,失败原因\n"
        "0000000300000001,a@b.cn,150.00,S,\n0000000300000002,a@b.cn,0.50,F,账户名不符\n"
    )
    assert results("r.csv", alipay.encode("gb18030")) == [
        Said("0000000300000001", "paid", amount=15000),
        Said("0000000300000002", "failed", amount=50, reason="账户名不符"),
    ]
    wechat = (
        "out_detail_no,detail_status,transfer_amount,fail_reason\n"
        "0000000300000001,FAIL,15000,ACCOUNT_FROZEN\n"
    )
    assert results("r.csv", wechat.encode()) == [
        Said("0000000300000001", "failed", amount=15000, reason="ACCOUNT_FROZEN")
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "no line names our number"),
        ("reference,status\n", "there is no result in it"),
        ("reference,status\npayout/3/1,waiting\n", "line 2: 'waiting' is neither paid nor failed"),
        ("reference,status,amount\npayout/3/1,paid,lots\n", "line 2: 'lots' is no amount"),
        ("reference,status,amount\npayout/3/1,paid,Infinity\n", "'Infinity' is no amount"),
        ("reference,status,amount\npayout/3/1,paid,1e30\n", "'1e30' is no amount"),
        ("reference,status,transfer_amount\npayout/3/1,paid,1.5\n", "'1.5' is no amount"),
    ],
)
def test_files_that_cannot_be_read_say_where(
    installation: Installation, text: str, says: str
) -> None:
    with pytest.raises(BadResults, match=says):
        results("r.csv", text.encode())


def test_lines_may_end_as_spreadsheets_on_a_mac_end_them(installation: Installation) -> None:
    content = "reference,status,amount\rpayout/3/1,paid,20.00\r"
    assert results("r.csv", content.encode()) == [Said("payout/3/1", "paid", amount=2000)]


def test_accounts_are_checked_and_shown_masked() -> None:
    bank = {"holder": " Ann  Example ", "account": "de89 3704 0044 0532 0130 00", "bank": "B"}
    account = checked("bank", bank)
    assert account == Account("Ann Example", "DE89370400440532013000", "B")
    assert shown(account) == "A*** E*** ····3000"
    # Of a bank it is no telephone's number.
    numbered = checked("bank", bank | {"account": "12345678901"})
    assert shown(numbered) == "A*** E*** ····8901"
    assert shown(checked("alipay", {"holder": "张三", "account": "13812345678"})) == (
        "张* 138****5678"
    )
    for method, given in (
        ("cheque", bank),
        ("bank", bank | {"account": "no number"}),
        ("bank", bank | {"account": "DE00370400440532013000"}),
        ("bank", bank | {"account": "DE89370400440532013001"}),
        ("bank", bank | {"bank": ""}),
        ("alipay", {"holder": "=cmd()", "account": "13812345678"}),
        ("wechat", {"holder": "张三", "account": "zhangsan"}),
        ("stripe", {"holder": "Ann", "account": "ba_123"}),
        ("bank", bank | {"holder": "A" * 121}),
    ):
        with pytest.raises(BadPayee):
            checked(method, given)


def test_batches_are_due_by_week_or_month() -> None:
    wednesday = date(2026, 5, 20)
    assert is_due(RuleRow("cash CNY", 1, "week", 3), wednesday)
    assert not is_due(RuleRow("cash CNY", 1, "week", 4), wednesday)
    assert is_due(RuleRow("cash CNY", 1, "month", 20), wednesday)
    assert not is_due(RuleRow("cash CNY", 1, "", 20), wednesday)


def test_alipay_is_not_asked_to_pay_from_nowhere(installation: Installation) -> None:
    assert named_payer("bank") == ("", "")
    for account, name in (("", ""), ("pay@example.com", ""), ("", "榕荐公司")):
        set_payer("alipay", account=account, name=name)
        with pytest.raises(NoPayer, match="fill in our account and name under “Rules” first"):
            named_payer("alipay")
    set_payer("alipay", account=PAYER.account, name=PAYER.name)
    assert named_payer("alipay") == (PAYER.account, PAYER.name)
