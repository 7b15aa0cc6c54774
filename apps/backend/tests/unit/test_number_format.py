"""Expected texts are Excel's own; tests/display_text compares 20,000 more with other formatters."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.number_format.compiled import compile_format
from app.domain.number_format.locales import Region
from app.domain.number_format.native_digits import script_of
from app.domain.refusal import Refused
from app.domain.values import from_datetime, to_datetime

NOON = 46053.520833333  # 2026-01-31 12:30


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("General", 0.1 + 0.2, "0.3"),
        ("General", 1234567890123, "1.23457E+12"),
        ("General", 12345678901.5, "12345678902"),
        ("General", 0.00001234, "0.00001234"),
        ("General", 0.0000123456789, "1.23457E-05"),
        ("General", 0.00012345, "0.00012345"),
        ("General", 1e-5, "0.00001"),
        ("General", -5, "-5"),
        ("General", 0, "0"),
        ("0.00", 2.675, "2.68"),
        ("0.00", 1.005, "1.01"),
        ("0", -0.5, "-1"),
        ("0", 0.4, "0"),
        ("0", -0.4, "0"),
        ("0", 1e20, "100000000000000000000"),
        ("#,##0.00", 1234567.891, "1,234,567.89"),
        ("#,##0.00 €", -1234.5, "-1,234.50 €"),
        ("[$€-407] #,##0.00", 5, "€ 5.00"),
        ("[$¥-804]#,##0;[Red]-[$¥-804]#,##0", -1200, "-¥1,200"),
        ("0%", 0.256, "26%"),
        ("0.0 %", 0.256, "25.6 %"),
        ("0.00E+00", 12345, "1.23E+04"),
        ("##0.0E+0", 0.00012345, "123.5E-6"),
        ("##0.0E+0", 999.995, "1.0E+3"),
        ("0E-0", 0, "0E0"),
        ("# ?/?", 1.5, "1 1/2"),
        ("# ??/??", 0.3333, "  1/3 "),
        ("# ?/8", 0.25, " 2/8"),
        ("?/?", 2.5, "5/2"),
        ("# ?/?", 2, "2    "),
        ("# ?/?", 0.999, "1    "),
        ("0,", 1234567, "1235"),
        ('0.0,,"M"', 1234567, "1.2M"),
        ("000-00-0000", 123456789, "123-45-6789"),
        ("(000) 000-0000", 5551234567, "(555) 123-4567"),
        ("#.##", 5, "5."),
        ("0.0##", 1.25, "1.25"),
        ("???.??", 1.5, "  1.5 "),
        ("#", 0, ""),
        ('0;-0;"zero"', 0, "zero"),
        ("0;(0)", -5, "(5)"),
        ("+0;-0", 5, "+5"),
        ("_(* #,##0.00_);_(* (#,##0.00)", -5, " (5.00)"),
        ('0" units"', 3, "3 units"),
        (r"0\x", 3, "3x"),
        ('[>=1000]0.0,"k";0', 1500, "1.5k"),
        ('[>=1000]0.0,"k";0', 15, "15"),
        ('[<0]"neg";[=0]"nil";0', -1, "neg"),
        ('[<0]"neg";[=0]"nil";0', 0, "nil"),
        ('[<0]"neg";[=0]"nil";0', 7, "7"),
        ("[<0]0", 5, "5"),
        ("[>100]0;[<-100]0", 5, "########"),
        ("[<=x]0", 5, "5"),
        ("[Red]0", 5, "5"),
        ("@", 5, "5"),
        ('General" km"', 5, "5 km"),
        ("", 5, ""),
        ("yyyy-mm-dd", NOON, "2026-01-31"),
        ("d/m/yy h:mm", NOON, "31/1/26 12:30"),
        ("dddd, d mmmm yyyy", NOON, "Saturday, 31 January 2026"),
        ("ddd mmm", NOON, "Sat Jan"),
        ("mmmmm", NOON, "J"),
        ("h:mm AM/PM", NOON, "12:30 PM"),
        ("h A/P", 0.1, "2 A"),
        ("mm:ss.0", 0.5 + 1.26 / 86400, "00:01.3"),
        ("ss.000", 0.0000123456, "01.067"),
        ("[h]:mm:ss", 1.5, "36:00:00"),
        ("[mm]:ss", 0.05, "72:00"),
        ("[ss].00", 0.001, "86.40"),
        ("[h]:mm", -1, "########"),
        ("yyyy-mm-dd", -1, "########"),
        ("yyyy-mm-dd", 3e6, "########"),
        ("yyyy-mm-dd", 0, "1900-01-00"),
        ("yyyy-mm-dd", 1, "1900-01-01"),
        ("yyyy-mm-dd", 61, "1900-03-01"),
        ('yyyy"年"m"月"d"日"', NOON, "2026年1月31日"),
        ('[$-804]yyyy"年"m"月"d"日" dddd', NOON, "2026年1月31日 星期六"),
        ("[$-804]ddd mmm mmmm", NOON, "周六 1月 一月"),
        ('[DBNum1][$-804]yyyy"年"m"月"d"日"', NOON, "二○二六年一月三十一日"),
        ("aaaa aaa", NOON, "星期六 六"),
        ("上午/下午h", NOON, "下午12"),
        ("bbbb e", NOON, "2569 2026"),
        ("yyyy@", NOON, "2026"),
        ("g", NOON, ""),
        ("h:mm, 0", 0.5, "12:00, 0"),
        (".00", 12.5, "12.50"),
        (".00", 0.5, ".50"),
        (".0%", 0.123, "12.3%"),
        (".0,", 12345, "12.3"),
        ("[Red][<-1000]#,##0;[Blue][>1000]#,##0;0", -5000, "-5,000"),
        ("[Red][<-1000]#,##0;[Blue][>1000]#,##0;0", 5000, "5,000"),
        ("[>=1000]0;0", -5, "-5"),
        ("[>=0]0;(0)", -5, "(5)"),
        (r"[<=9999999]###\-####;\(###\)\ ###\-####", -1, "--1"),
        ("General;-General", -5, "-5"),
        ("[Red]", -5, "-5"),
        ("# ?/?", 0.64, " 2/3"),
        ("# ?/?", 1.07, "1    "),
        (r"#\ ??/?????????", 0.000462963333326857, " 4051/8750153  "),
        ("# #/#", 0.5, "1/2"),
        ("0 ?/8", 2.999, "3    "),
        ("h:mm am/pm", NOON, "12:30 PM"),
        ("h:mm a/p", NOON, "12:30 p"),
        ('[h]" h="h', 1.5, "36 h=12"),
        ('[s]" ss="ss', 0.001, "86 ss=26"),
        ("[h]", -1.5, "-36"),
        ("#E+#", 0, "0E+0"),
        ("##0.0E+0", 0, "000.0E+0"),
        ("0.00", 1.0049999999999988, "1.01"),
        ("0%", 0.285, "29%"),
        ("[DBNum1]General", 12345, "一万二千三百四十五"),
        ("[DBNum2]General", 12345, "壹万贰仟叁佰肆拾伍"),
        ("[DBNum2]", 10001, "壹万零壹"),
        ("[DBNum3]General", 12345, "１万２千３百４十５"),
        ("[DBNum1]0", 12345, "一二三四五"),
        ("[DBNum2][$-804]0.00", 120.5, "壹贰零.伍零"),
        ("[DBNum2]General", 100001000, "壹亿零壹仟"),
        ("[DBNum1]General", 1e20, "一E+二○"),
        ("[DBNum1][$-404]General", 12345, "一萬二千三百四十五"),
        ('[DBNum2]General"元"', -12.5, "-壹拾贰.伍元"),
        ("[$-411]ge.m.d", 43585, "H31.4.30"),
        ("[$-411]ge.m.d", 43586, "R1.5.1"),
        ("[$-411]ggge", 9000, "大正13"),
        ('[$-ja-JP-x-gannen,80]ggge"年"', 43586, "令和元年"),
        ('[$-404]ggge"年"', 43586, "中華民國108年"),
        ('[$-404]ggge"年"', 123, "中華民國前12年"),
        ("[$-804]h:mm AM/PM", NOON, "12:30 下午"),
        ("[$-zh-CN]dddd", NOON, "星期六"),
        ("[$-zh-TW]ddd aaaa", NOON, "週六 星期六"),
        ("[$-411]aaa aaaa", NOON, "土 土曜日"),
        ("[$-407]d. mmmm yyyy", NOON, "31. Januar 2026"),
        ("[$-1070000]d/m/yyyy", NOON, "31/1/2569"),
        (r"[$-F800]dddd\,\ mmmm\ dd", NOON, "Saturday, January 31, 2026"),
        ("[$-x-systime]h:mm", NOON, "12:30:00 PM"),
        ("yyyy-mm-dd", 60, "1900-02-29"),
        ("h:mm", 46053.999999, "0:00"),
    ],
)
def test_a_value_is_shown_as_excel_shows_it(code: str, value: float, shown: str):
    assert compile_format(code).number(value) == shown


def test_durations_may_be_negative_in_the_1904_system():
    assert compile_format("[h]:mm:ss", date1904=True).number(-1.5) == "-36:00:00"
    assert compile_format("yyyy-mm-dd", date1904=True).number(0) == "1904-01-01"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("@", "x"),
        ("0", "x"),
        ('0;0;0;"<"@">"', "<x>"),
        ('0;"t: "@', "t: x"),
        ("General", "x"),
        ("[<-25]General;[>25]General;General;General", "x"),
        ("General;General;General", "x"),
        (";;;", ""),
    ],
)
def test_text_goes_through_the_text_section(code: str, shown: str):
    assert compile_format(code).text("x") == shown


def test_a_format_without_end_is_refused():
    with pytest.raises(Refused, match="FORMAT_TOO_LONG: the number format '000"):
        compile_format("0" * 600)


@given(
    st.text(alphabet='0#?.,%E+-/;@[]"\\_*ymdhsAPM$<>=General ', max_size=30), st.floats(-1e15, 1e15)
)
def test_any_code_shows_something(code: str, value: float):
    assert isinstance(compile_format(code).number(value), str)


@given(st.floats(61, 2_900_000), st.booleans())
def test_a_serial_survives_as_a_date_to_the_millisecond(serial: float, date1904: bool):
    serial = serial - 1462 if date1904 else serial
    moment = to_datetime(serial, date1904=date1904)
    if moment is not None:
        assert abs(from_datetime(moment, date1904=date1904) - serial) < 1e-8


def test_dates_before_march_1900_are_those_that_excel_names():
    assert to_datetime(59, date1904=False) == datetime(1900, 2, 28)
    assert to_datetime(61, date1904=False) == datetime(1900, 3, 1)
    assert from_datetime(datetime(1900, 2, 28), date1904=False) == 59
    assert to_datetime(-1, date1904=False) is None
    assert compile_format("[h]").is_elapsed
    assert timedelta(days=1.5) == timedelta(hours=36)


@given(st.floats(0, 1e10), st.sampled_from(["0.00", "#,##0.000", "0%", "0.0%"]))
def test_the_quick_way_rounds_as_the_exact_one(value: float, code: str):
    exact = compile_format(code + '""')  # a literal, if an empty one, takes the other way
    assert compile_format(code).number(value) == exact.number(value)


@given(st.integers(0, 10**16 - 1))
def test_a_number_in_words_holds_all_its_digits(number: int):
    words = script_of(1, Region()).counted(number)
    digits = "○一二三四五六七八九"
    assert [c for c in words if c in digits[1:]] == [
        digits[int(c)] for c in str(number) if c != "0"
    ]
    assert "○○" not in words
