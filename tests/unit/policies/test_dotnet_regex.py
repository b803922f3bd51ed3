"""Patterns as .NET reads them: what each finds, what each refuses."""

from __future__ import annotations

import re
from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.dotnet_regex import LONGEST, PatternError, compile_dotnet


@pytest.fixture(autouse=True)
def _nothing_is_compiled_yet() -> None:
    """What other tests compiled would hide how this one's patterns are read."""
    compile_dotnet.cache_clear()


def found(pattern: str, text: str) -> str | None:
    """What a pattern finds in a text."""
    match = compile_dotnet(pattern).search(text, timeout=1)
    return None if match is None else match[0]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "abc", ""),
        ("B", "abc", "b"),
        (r"^https?://(?<host>[^/]+)/(?<path>.*)$", "http://a/b", "http://a/b"),
        (r"(?'host'[a-z]+)\.org", "www.example.org", "example.org"),
        (r"(?<1>a)(?<x>b)\1\k<x>", "abab", "abab"),
        (r"(?<x>b)\k'x'", "abb", "bb"),
        (r"(a)\k<1>", "aa", "aa"),
        (r"(a)(?<x>b)(c)\2", "abcc", "abcc"),
        (r"(a)(?<x>b)(c)\3", "abcb", "abcb"),
        (r"(?<x>a)(b)\1\2", "abba", "abba"),
        (r"(?<x>a)(?'y'b)\2\1", "abba", "abba"),
        (r"(?<x>a)(?<x>b)(c)\1\2", "abccb", "abccb"),
        (r"(?<2>a)(?<x>b)(c)\1\2\3", "abccab", "abccab"),
        (r"(?<1>a)(b)\1", "abb", "abb"),
        (r"(?n)(a)(?<x>b)\1", "abb", "abb"),
        (r"(?n)((a)(?<x>b))\1", "abb", "abb"),
        (r"(?n:(a)(?<x>b))(c)\1\2", "abccb", "abccb"),
        (r"((?n)(a))(b)\2", "abb", "abb"),
        (r"(?n)(?-n:(a))(b)\1", "aba", "aba"),
        (r"(?n-n)(a)\1", "aa", "aa"),
        (r"\1?(a)", "a", "a"),
        (r"(a)\10", "a\b", "a\b"),
        ("(.)" * 10 + r"\10", "abcdefghijj", "abcdefghijj"),
        (r"\101\12\1018", "A\nA8", "A\nA8"),
        (r"\777", "\xff", "\xff"),
        (r"(a)?(?(1)b|c)", "ab", "ab"),
        (r"(?<x>a)?(d)?(?(2)b|c)", "ab", "ab"),
        (r"(?<x>a)?(d)?(?(1)b|c)", "ac", "ac"),
        (r"(?(x)y|z)", "xz", "z"),
        (r"(?(x)xy|z)", "xy", "xy"),
        (r"(?(a+)ab|cd)", "aabcd", "ab"),
        (r"(?(a+)ab|cd)", "cd", "cd"),
        (r"(?((a)b)\w+|c)", "abc", "abc"),
        (r"(?n)(?(a)a|b)(c)", "ac", "ac"),
        (r"(?x)(?( a | b ) . c | d)", "bc", "bc"),
        (r"[a-c-\d]+", "b-1", "b-1"),
        (r"[-\d]+", "-1", "-1"),
        (r"[\d-\w]+", "a-1", "a-1"),
        (r"[!--\d]+", "!-1", "!-1"),
        (r"a(?#c)+?(?#c)b", "aab", "aab"),
        (r"(?x)a + ? b", "aab", "aab"),
        (r"a??b{2}?", "abb", "abb"),
        (r"(?<=https://.*\.)org", "https://example.org/", "org"),
        (r"(?<!https://.*)org", "https://example.org/", None),
        (r"a(?=b)(?!c)(?:b)(?>b*)", "abbb", "abbb"),
        (r"a\Z", "a\n", "a"),
        (r"a\z", "a\n", None),
        (r"a\z", "a", "a"),
        (r"x\Z|b", "b\n\n", "b"),
        (r"a\Z", "a\n\n", None),
        (r"\c@", "\0", "\0"),
        (r"\p{IsGreek}", "\u03e2", "\u03e2"),
        (r"\p{Greek}", "\u03e2", None),
        (r"[a+--]+", "a+,-", "a+,-"),
        (r"(?)a(?n)b", "ab", "ab"),
        (r"\Aa$", "a\n", "a"),
        (r"[a-z-[aeiou]]+", "aexyze", "xyz"),
        (r"[^a-z-[A]]", "abc1", "1"),
        (r"[a-z-[m-z-[x]]]+", "mxabn", "xab"),
        (r"[]a]+", "]a", "]a"),
        (r"[^]a]", "]ab", "b"),
        (r"[[:alpha:]]", "q:]", ":]"),
        (r"[a&&b]+", "&&", "&&"),
        (r"[a||b~~c]+", "||~~", "||~~"),
        (r"[a^]+", "^", "^"),
        (r"[+--]+", "+,-", "+,-"),
        (r"[\--/]+", "-./", "-./"),
        (r"[a-]+", "a-", "a-"),
        (r"[\]\\\d-]+", r"]\1-", r"]\1-"),
        (r"[\p{Lu}\P{L}\e\ca]+", "A1\x1b\x01", "A1\x1b\x01"),
        (r"\p{IsGreek}+", "abλδ", "λδ"),
        (r"\P{IsBasicLatin}", "aé", "é"),
        (r"foo{e}", "fo{e}foo{e}", "foo{e}"),
        (r"foo{e}", "bar", None),
        (r"(?:foo){i<=2}", "foo", None),
        (r"a{2}b{1,}c{1,2}", "aabcc", "aabcc"),
        (r"a{,2}", "aaa{,2}", "a{,2}"),
        (r"a{2", "a{2", "a{2"),
        (r"x{}", "x{}", "x{}"),
        (r"\cA\cz", "\x01\x1a", "\x01\x1a"),
        (r"\e\x41\u0042\.", "\x1bAB.", "\x1bAB."),
        (r"(?i)a(?-i)B", "AB", "AB"),
        (r"(?-i)B", "b", None),
        (r"(?-i:B)c", "BC", "BC"),
        (r"(?n)(a)(?n-n:b)(?n:c)", "abc", "abc"),
        (r"(?n-i)B", "bB", "B"),
        (r"(?s)a.b", "a\nb", "a\nb"),
        (r"(?s-m:a.b)", "a\nb", "a\nb"),
        (r"a.b", "a\nb", None),
        (r"(?m)^b", "a\nb", "b"),
        (r"(?x) a  b # c", "ab", "ab"),
        ("(?x)a#(\nb\\ [ ]{2}", "ab   ", "ab   "),
        (r"(?x: a b) c", "ab c", "ab c"),
        (r"((?x) a (?-x) b)", "a b", "a b"),
        (r"((?x) a (b c) ) d", "abc d", "abc d"),
        (r"(?x)( a (?-x: b ) c )", "a b c", "a b c"),
        (r"(?x)( a (?-x: b ) c )", "ab c", None),
        (r"a b#c", "a b#c", "a b#c"),
        (r"a+?b*?c??d{1}?", "aabd", "aabd"),
        (r"a(?# nothing )b", "ab", "ab"),
        (r"(?<x>a)?(?(x)b|c)", "ab", "ab"),
        (r"(?(?=a)a|b)", "b", "b"),
        ("strasse", "straße", None),
        (r"\bname\B", "name1", "name"),
        (r"[\b]", "\b", "\b"),
    ],
)
def test_patterns_mean_what_they_mean_to_dotnet(pattern: str, text: str, expected: str | None) -> None:
    assert found(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "missing )"),
        ("a)", "a parenthesis too many"),
        ("[a", "a class without its ]"),
        ("[]", "a class without its ]"),
        ("[^]", "a class without its ]"),
        ("[a-[b]c]", "a subtraction must end its class"),
        ("[a-[b]", "a subtraction must end its class"),
        ("[b-a]", "range"),
        ("*a", "repeat"),
        ("(*PRUNE)", "nothing before *"),
        ("a\\", "a backslash at the end"),
        ("[\\", "a backslash at the end"),
        (r"\h", r"\h means nothing to .NET"),
        (r"\_", r"\_ means nothing to .NET"),
        (r"\R", r"\R means nothing to .NET"),
        (r"\X", r"\X means nothing to .NET"),
        (r"\K", r"\K means nothing to .NET"),
        (r"\L<x>", r"\L means nothing to .NET"),
        (r"\N{DIGIT ONE}", r"\N means nothing to .NET"),
        (r"\pL", r"\p means nothing to .NET"),
        (r"\PL", r"\P means nothing to .NET"),
        (r"\k", r"\k means nothing to .NET"),
        (r"(?(9)y|z)", "unknown group 9"),
        (r"\1", "unknown group 1"),
        (r"(a)\9", "unknown group 9"),
        (r"(a)\k<2>", "unknown group 2"),
        (r"(a)\k<12>", "unknown group 12"),
        (r"(a)\80", "unknown group 80"),
        (r"(?(12)y|z)", "unknown group 12"),
        (r"(?n)(a)\1", "unknown group 1"),
        (r"[a-\d]", r"\d ends no range"),
        (r"[ax-\p{Lu}z]", r"\p{Lu} ends no range"),
        (r"[\w.-\s]", r"\s ends no range"),
        ("a++", "nested quantifier +"),
        ("a*+b", "nested quantifier +"),
        ("a{2}{3}", "nested quantifier {3}"),
        ("a{2}+", "nested quantifier +"),
        ("a???", "nested quantifier ?"),
        ("a+?*", "nested quantifier *"),
        ("(ab)?(?#c)*", "nested quantifier *"),
        ("[a--b]", "range"),
        (r"\k<", r"\k means nothing to .NET"),
        (r"[\z]", r"\z inside a class"),
        (r"[\k]", r"\k inside a class"),
        (r"\c", r"\c without"),
        (r"\c1", r"\c without"),
        (r"\p{IsNowhere}", "unknown property"),
        ("(?P<x>a)", "(?P<x> opens no group"),
        ("(?P=x)", "(?P=x) opens no group"),
        ("(?<a-b>x)", "opens no group"),
        ("(?|a)", "opens no group"),
        ("(?R)", "opens no group"),
        ("(?&x)", "opens no group"),
        ("(?e)a", "opens no group"),
        ("(?", "opens no group"),
        (r"\k<x>", "unknown group x"),
        (r"(?<²>a)\k<²>", "bad character in group name"),
        ("a{99999999999}", "repeat count too big"),
        ("(" * 500 + ")" * 500, "nested too deep"),
        ("a" * (LONGEST + 1), "longer than 1000 characters"),
    ],
)
def test_what_dotnet_refuses_or_python_cannot_do_is_refused_with_a_reason(pattern: str, why: str) -> None:
    with pytest.raises(PatternError) as raised:
        compile_dotnet(pattern)
    assert re.search(rf"(?<!\w){re.escape(why)}(?!\w)", str(raised.value)), str(raised.value)


def test_the_longest_pattern_that_is_taken_is_taken() -> None:
    assert found("a" * LONGEST, "a" * LONGEST) == "a" * LONGEST


pieces = st.sampled_from([*r"ab\[](){}?<>'=!*+|^$-,:.#&~kZzpPcxe1Is", "(?<n>", "(?<=", "-[", r"\p{", "(?#"])


@given(st.lists(pieces, max_size=25).map("".join) | st.text(st.characters()))
def test_any_text_is_a_pattern_or_a_pattern_error(text: str) -> None:
    with suppress(PatternError, TimeoutError):
        compile_dotnet(text).search("https://example.org/abab", timeout=0.25)


@pytest.mark.parametrize("suffix", ["{2}", "{3}", "{9}", "{2}?", "{1,}", "{2,3}", "+", "+?"])
@pytest.mark.parametrize("opening", ["(?:", "(", "(?<n>", "(?>", "(?=", "(?i:", "(?x: "])
def test_repetitions_in_repetitions_are_refused_before_they_fill_the_memory(opening: str, suffix: str) -> None:
    for between in ("", "(?#nothing)"):
        pattern = opening * 40 + "ab" + f"){between}{suffix}" * 40
        with pytest.raises(PatternError, match="too large"):
            compile_dotnet(pattern)


@pytest.mark.parametrize(
    "hostile",
    [
        "(?:ab){9999}",
        "(?:a{9999}b){9999}",
        "(?:ab){999}" * 90,
        "[a-z-[x]]{9999}",
        "(?:){99999}",
        "(?x)((ab) {200}) # comment\n {200}",
        "(?x)(ab) (?i) {20000}",
    ],
)
def test_large_repetitions_of_groups_are_refused(hostile: str) -> None:
    with pytest.raises(PatternError, match="too large"):
        compile_dotnet(hostile)


def test_repetitions_of_one_character_are_not_counted() -> None:
    assert found("(?:[a-z]{99}x{20}){3}", ("a" * 99 + "x" * 20) * 3) is not None
    assert found("a{500}" * 3, "a" * 1500) is not None
    assert found("(?:ab){90}", "ab" * 90) is not None


@pytest.mark.parametrize(
    "hostile",
    [
        "(?:" * 60 + "a" + "{0,999})" * 60,
        "(?:" * 60 + "a" + ")*" * 60,
        "(?:a|b|c)" * 110,
        r"[\p{L}-[\p{Lu}]]" * 60,
        "(?=" * 60 + ")" * 60,
        "a{999}" * 160,
        "(?:ab){90}" * 70,
        "a" * LONGEST,
    ],
)
def test_patterns_compile_in_bounded_time_whatever_they_are(hostile: str) -> None:
    began = perf_counter()
    compile_dotnet(hostile)
    assert perf_counter() - began < 2
