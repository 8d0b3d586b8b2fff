//! Types of scalars without kubectl at hand; `tests/kubectl.rs` holds the long table.

use super::*;

fn check(text: &str, expected: &Resolved<'_>) {
    assert_eq!(&plain(text), expected, "{text:?}");
}

fn tagged(tag: &str, text: &str) -> Result<Resolved<'static>, &'static str> {
    let scalar =
        Scalar { text: text.into(), style: Style::DoubleQuoted, tag: Some(format!("{CORE}{tag}").into()) };
    resolve(&scalar).map(|resolved| match resolved {
        Resolved::Text(text) => Resolved::Text(text.into_owned().into()),
        Resolved::Null => Resolved::Null,
        Resolved::Bool(value) => Resolved::Bool(value),
        Resolved::Int(value) => Resolved::Int(value),
        Resolved::Uint(value) => Resolved::Uint(value),
        Resolved::Float(value) => Resolved::Float(value),
    })
}

#[test]
fn plain_scalars_have_the_types_of_go_yaml() {
    for text in ["y", "Yes", "ON", "true"] {
        check(text, &Resolved::Bool(true));
    }
    for text in ["n", "No", "OFF", "False"] {
        check(text, &Resolved::Bool(false));
    }
    for text in ["", "~", "null", "Null", "NULL"] {
        check(text, &Resolved::Null);
    }
    for text in [
        "yEs",
        "nULL",
        "0o8",
        "0x",
        "12:30",
        "2001-12-14",
        "1e400",
        "0x1FFFFFFFFFFFFFFFFF",
        ".5_",
        "-",
        "+",
        "_1",
    ] {
        check(text, &Resolved::Text(text.into()));
    }
    let integers = [
        ("0644", 420),
        ("0o644", 420),
        ("-0x1F", -31),
        ("0b101", 5),
        ("0b-1", -1),
        ("1_000", 1000),
        ("+1_", 1),
        ("-9223372036854775808", i64::MIN),
    ];
    for (text, value) in integers {
        check(text, &Resolved::Int(value));
    }
    check("9223372036854775808", &Resolved::Uint(1 << 63));
    let fractions = [
        ("08", 8.0),
        ("5.", 5.0),
        (".5", 0.5),
        (".5_0", 0.5),
        ("1e3", 1000.0),
        ("1e-400", 0.0),
        ("18446744073709551616", 18_446_744_073_709_551_616.0),
        ("-.inf", f64::NEG_INFINITY),
    ];
    for (text, value) in fractions {
        check(text, &Resolved::Float(value));
    }
}

#[test]
fn a_tag_decides_or_refuses() {
    assert_eq!(tagged("str", "5"), Ok(Resolved::Text("5".into())));
    assert_eq!(tagged("int", "0x10"), Ok(Resolved::Int(16)));
    assert_eq!(tagged("float", "1"), Ok(Resolved::Float(1.0)));
    assert_eq!(tagged("bool", "on"), Ok(Resolved::Bool(true)));
    assert_eq!(tagged("null", ""), Ok(Resolved::Null));
    assert_eq!(
        tagged("timestamp", "2001-12-14T00:00:00Z"),
        Ok(Resolved::Text("2001-12-14T00:00:00Z".into()))
    );
    assert_eq!(tagged("of-nobody", "5"), Ok(Resolved::Text("5".into())));
    for (tag, text, refusal) in [
        ("int", "1.5", "!!int"),
        ("float", "18446744073709551615", "!!float"),
        ("bool", "1", "!!bool"),
        ("null", "none", "!!null"),
        ("timestamp", "soon", "!!timestamp"),
        ("binary", "a", "!!binary"),
    ] {
        assert_eq!(tagged(tag, text), Err(refusal));
    }
}

#[test]
fn base64_is_read_as_go_reads_it() {
    let decode = |text| base64::decode(text).map(Cow::into_owned);
    for (text, expected) in [
        ("", ""),
        ("aGk=", "hi"),
        ("aGk\r\n=\n", "hi"),
        ("aA==", "h"),
        ("aGV5", "hey"),
        ("+/+/", "\u{fffd}\u{fffd}\u{fffd}"),
        ("4pjig2E=", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}a"),
        ("4pji", "\u{fffd}\u{fffd}\u{fffd}"),
    ] {
        assert_eq!(decode(text).as_deref(), Some(expected), "{text}");
    }
    for text in ["a", "aG", "aGk", "a===", "====", "aA==aA==", "aG k=", "aGk-", "=aGk"] {
        assert_eq!(decode(text), None, "{text}");
    }
}

#[test]
fn fractions_become_the_numbers_that_go_writes() {
    for (value, expected) in [
        (1000.0, "1000"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (1e18, "1000000000000000000"),
        (1_152_921_504_606_846_976.0, "1152921504606847000"),
        (1e19, "10000000000000000000"),
        (1e20, "1e+20"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
    ] {
        assert_eq!(json_number(value).unwrap().to_string(), expected);
    }
    assert!(json_number(f64::INFINITY).is_none());
}

#[test]
fn fractions_become_the_keys_that_sigs_yaml_writes() {
    for (value, expected) in [
        (1.5, "1.5"),
        (100_000.0, "100000"),
        (1e6, "1e+06"),
        (123_456_789.5, "1.2345679e+08"),
        (0.0001, "0.0001"),
        (0.000_01, "1e-05"),
        (1e21, "1e+21"),
        (1e39, ".inf"),
        (f64::NEG_INFINITY, "-.inf"),
        (f64::NAN, ".nan"),
        (-0.0, "-0"),
    ] {
        assert_eq!(key_of_float(value), expected);
    }
}
