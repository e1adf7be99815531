//! What the scan refuses, one reason each.

use super::*;

/// One client (id 1, clock 0) with one struct, and nothing deleted.
fn one_struct(bytes: &[u8]) -> Vec<u8> {
    [&[1, 1, 1, 0], bytes, &[0]].concat()
}

/// An item in the root type "t".
fn item(kind: u8, content: &[u8]) -> Vec<u8> {
    one_struct(&[&[kind, 1, 1, b't'], content].concat())
}

fn refusal(bytes: &[u8]) -> DecodeError {
    update_v1(bytes).expect_err("to be refused")
}

#[test]
fn the_empty_update_is_empty() {
    assert!(update_v1(&[0, 0]).expect("an update").is_empty());
    assert_eq!(refusal(&[]), DecodeError::Truncated);
    assert_eq!(refusal(&[0]), DecodeError::Truncated);
}

#[test]
fn ranges_are_joined_and_gaps_stay_open() {
    let bytes = [1, 4, 9, 5, 0, 2, 0, 1, 10, 4, 0, 1, 1, 9, 1, 5, 3];
    let scan = update_v1(&bytes).expect("an update");
    let range = |clock, len| ClockRange {
        client_id: 9,
        clock,
        len,
    };
    assert_eq!(scan.inserts, [range(5, 3), range(12, 1)]);
    assert_eq!(scan.deletes, [range(5, 3)]);
    assert_eq!(scan.structs, 4);
}

#[test]
fn declared_counts_are_checked_before_they_are_believed() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    assert_eq!(refusal(&huge), DecodeError::Truncated);
    assert_eq!(refusal(&[&[1][..], &huge].concat()), DecodeError::Truncated);
    assert_eq!(refusal(&item(8, &huge)), DecodeError::Truncated);
    assert_eq!(
        refusal(&item(8, &[&[1, 117][..], &huge].concat())),
        DecodeError::Truncated
    );
    assert_eq!(
        refusal(&item(8, &[&[1, 118][..], &huge].concat())),
        DecodeError::Truncated
    );
    assert_eq!(refusal(&item(4, &huge)), DecodeError::Truncated);
    assert_eq!(refusal(&[&[0][..], &huge].concat()), DecodeError::Truncated);
    assert_eq!(state_vector_v1(&huge), Err(DecodeError::Truncated));
}

#[test]
fn ranges_without_clocks_are_refused() {
    let empty = DecodeError::Invalid("a range without clocks");
    for bytes in [
        one_struct(&[0, 0]),
        one_struct(&[10, 0]),
        item(1, &[0]),
        item(4, &[0]),
    ] {
        assert_eq!(refusal(&bytes), empty);
    }
    assert_eq!(refusal(&[0, 1, 1, 1, 0, 0]), empty);
}

#[test]
fn clocks_stay_below_the_limit_of_yrs() {
    let max = [0xff, 0xff, 0xff, 0xff, 0x07];
    assert!(update_v1(&one_struct(&[&[0][..], &max].concat())).is_ok());
    let beyond = [0x80, 0x80, 0x80, 0x80, 0x08];
    let over = DecodeError::OverLimit {
        what: "clock",
        max: i32::MAX as u64,
    };
    assert_eq!(refusal(&one_struct(&[&[0][..], &beyond].concat())), over);
    assert_eq!(refusal(&[&[1, 1, 1][..], &max, &[0, 1, 0]].concat()), over);
    assert_eq!(state_vector_v1(&[&[1, 1][..], &beyond].concat()), Err(over));
}

#[test]
fn client_ids_have_53_bits() {
    let too_large = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
    assert_eq!(
        refusal(&[&[1, 1][..], &too_large, &[0, 0, 1, 0]].concat()),
        DecodeError::IntegerRange
    );
}

#[test]
fn a_client_may_appear_only_once() {
    assert_eq!(refusal(&[2, 1, 7, 0, 0, 1, 1, 7, 1, 0, 1, 0]), REPEATED);
    assert_eq!(refusal(&[0, 2, 7, 1, 0, 1, 7, 1, 5, 1]), REPEATED);
    assert_eq!(state_vector_v1(&[2, 7, 1, 7, 2]), Err(REPEATED));
}

#[test]
fn values_may_nest_only_so_deep() {
    let nested = |depth: usize| item(8, &[&[1][..], &[117, 1].repeat(depth), &[126]].concat());
    assert!(update_v1(&nested(NESTING_MAX)).is_ok());
    assert!(matches!(
        refusal(&nested(NESTING_MAX + 1)),
        DecodeError::OverLimit { .. }
    ));

    let json = |depth: usize| {
        let text = format!("{}\"]\\\"[\"{}", "[".repeat(depth), "]".repeat(depth));
        let mut writer = Writer::default();
        writer.var_string(&text);
        item(5, &writer.finish())
    };
    assert!(update_v1(&json(NESTING_MAX)).is_ok());
    assert!(matches!(
        refusal(&json(NESTING_MAX + 1)),
        DecodeError::OverLimit { .. }
    ));
}

#[test]
fn unknown_contents_and_types_are_refused() {
    for kind in [11, 12, 15, 16, 20, 31] {
        assert!(matches!(
            refusal(&item(kind, &[1, 1, 1])),
            DecodeError::Unknown { .. }
        ));
    }
    for shared_type in [7, 8, 9, 15, 200] {
        assert!(matches!(
            refusal(&item(7, &[shared_type])),
            DecodeError::Unknown { .. }
        ));
    }
    assert!(matches!(
        refusal(&item(8, &[1, 30])),
        DecodeError::Unknown { .. }
    ));
}

#[test]
fn structs_refer_to_earlier_ones() {
    assert!(update_v1(&[1, 1, 1, 5, 0x84, 1, 4, 1, b'x', 0]).is_ok());
    assert!(update_v1(&[1, 1, 1, 5, 0x84, 2, 9, 1, b'x', 0]).is_ok());
    let later = DecodeError::Invalid("a struct refers to a later one of the same client");
    assert_eq!(refusal(&[1, 1, 1, 5, 0x84, 1, 5, 1, b'x', 0]), later);
}

#[test]
fn subdocuments_are_counted() {
    let document = [9, 1, 1, b't', 0, 127];
    let many = |count: usize| {
        let mut writer = Writer::default();
        writer.var_uint(1);
        writer.var_uint(count as u64);
        writer.bytes(&[1, 0]);
        writer.bytes(&document.repeat(count));
        writer.bytes(&[0]);
        writer.finish()
    };
    assert!(update_v1(&many(SUBDOCUMENTS_MAX)).is_ok());
    assert!(matches!(
        refusal(&many(SUBDOCUMENTS_MAX + 1)),
        DecodeError::OverLimit { .. }
    ));
}

#[test]
fn structs_inside_other_structs_are_counted() {
    // An array in the root, an array in that, and text beside the second.
    let inside = [
        1, 3, 1, 0, 7, 1, 1, b't', 0, 7, 0, 1, 0, 0, 0x84, 1, 1, 1, b'x', 0,
    ];
    assert_eq!(update_v1(&inside).expect("an update").nested, 1);
}
